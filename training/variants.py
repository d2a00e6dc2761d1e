"""Variants of the student: the same weights, examined under other circumstances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ioa.training.chat_format import Shot
from ioa.training.exams.examining import Progress
from ioa.training.generation import Sampling
from ioa.training.student import Student


@dataclass(frozen=True)
class StudentVariant:
    """An `Examinee`: the student with the LoRA it has on, sampled from, or with worked examples before the question."""

    student: Student
    sampling: Sampling | None = None
    shots: Mapping[str, Sequence[Shot]] = field(default_factory=dict)
    """Worked examples by question."""

    def answer(self, questions: Sequence[str], on_progress: Progress | None = None) -> list[str]:
        """The replies, in the order of the questions."""
        shots = [self.shots.get(question, ()) for question in questions] if self.shots else ()
        return self.student.generate(questions, on_progress, sampling=self.sampling, shots=shots)
