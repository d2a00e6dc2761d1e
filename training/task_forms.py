"""In which tasks a lesson is taught, and in which the student is then asked: the whole solution, or two tasks.

The loss of a lesson is the weighted sum of its tasks' mean cross-entropies. A form that teaches two tasks asks by what
its paper asks by.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ioa.memory.records import Example
from ioa.training.exams.answer_markers import first_marker_start

Ask = Callable[[Sequence[str]], list[str]]
"""The student's replies to prompts."""


class Task(NamedTuple):
    """A prompt with the reply that is taught."""

    prompt: str
    reply: str
    weight: float
    """Of its mean loss in that of the lesson."""


class TaskForm(ABC):
    """How lessons become tasks, and questions replies."""

    @abstractmethod
    def tasks(self, example: Example, share: float) -> tuple[Task, ...]:
        """The tasks of a lesson; `share`: the weight of the rationale, in [0, 1]."""

    @abstractmethod
    def replies(self, questions: Sequence[str], ask: Ask) -> list[str]:
        """What the student replies to questions, in one or two steps."""


class Solution(TaskForm):
    """The solution with its steps and its answer, in one."""

    def tasks(self, example: Example, share: float) -> tuple[Task, ...]:
        """See `TaskForm`; the share counts for nothing."""
        del share
        return (Task(example.problem, example.solution, 1.0),)

    def replies(self, questions: Sequence[str], ask: Ask) -> list[str]:
        """See `TaskForm`."""
        return ask(questions)


class StepByStep(TaskForm):
    """Answer and rationale as two tasks, told apart by a prefix; asked for the answer alone (Hsieh et al. 2023).

    Their loss is L_label + lambda L_rationale; here the two weights sum to 1, which changes the rate alone.
    """

    ANSWER, RATIONALE = "[label] ", "[rationale] "

    def tasks(self, example: Example, share: float) -> tuple[Task, ...]:
        """See `TaskForm`."""
        return (
            Task(self.ANSWER + example.problem, _answer(example), 1 - share),
            Task(self.RATIONALE + example.problem, _rationale(example), share),
        )

    def replies(self, questions: Sequence[str], ask: Ask) -> list[str]:
        """See `TaskForm`."""
        return ask([self.ANSWER + question for question in questions])


class Cascade(TaskForm):
    """First question to rationale, then question and rationale to answer, in training as when asked (Dai et al. 2024).

    Their loss is (1 - alpha) L(rationale | question) + alpha L(answer | question, rationale): alpha is 1 - share.
    """

    BETWEEN = "\n"

    def tasks(self, example: Example, share: float) -> tuple[Task, ...]:
        """See `TaskForm`."""
        rationale = _rationale(example)
        return (
            Task(example.problem, rationale, share),
            Task(example.problem + self.BETWEEN + rationale, _answer(example), 1 - share),
        )

    def replies(self, questions: Sequence[str], ask: Ask) -> list[str]:
        """See `TaskForm`."""
        rationales = [reply[: first_marker_start(reply)].strip() for reply in ask(questions)]
        prompts = [question + self.BETWEEN + text for question, text in zip(questions, rationales, strict=True)]
        return [f"{text}\n{answer}".strip() for text, answer in zip(rationales, ask(prompts), strict=True)]


FORMS: dict[str, TaskForm] = {"solution": Solution(), "step-by-step": StepByStep(), "cascade": Cascade()}
"""By the values of `training.tasks`."""


def _rationale(example: Example) -> str:
    return "\n".join(example.steps)


def _answer(example: Example) -> str:
    return example.solution[len(_rationale(example)) :].strip()
