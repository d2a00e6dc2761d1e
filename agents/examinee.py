"""The teacher as an examinee: P_T is measured on items of the module, never assumed."""

from collections.abc import Callable, Sequence

from ioa.agents.exchange import SolveBrief, SolveReply
from ioa.agents.lost_calls import require_answers
from ioa.agents.teacher import Call, Outcome, Teacher
from ioa.memory.transcript import CallContext


class TeacherExaminee:
    """Answers questions one call each, so that no item helps with another."""

    def __init__(self, teacher: Teacher, node: str) -> None:
        self._teacher = teacher
        self._node = node

    def answer(self, questions: Sequence[str], on_progress: Callable[[int, int], None] | None = None) -> list[str]:
        """The teacher's replies, worked steps first, in the order of the questions.

        A reply that could not be read is empty, and so is unread and counts as wrong: the teacher had two attempts.

        Raises:
            TeacherError: items could not be put to the teacher; or as `Teacher.ask`.
        """
        outcomes = self.outcomes(questions, on_progress)
        require_answers(self._teacher.spec, outcomes, "items of an examination")
        return [solution_text(outcome) for outcome in outcomes]

    def outcomes(
        self, questions: Sequence[str], on_progress: Callable[[int, int], None] | None = None
    ) -> list[Outcome]:
        """What came of each question, in their order, lost calls included.

        Raises:
            TeacherError: as `Teacher.ask`.
        """
        context = CallContext(node=self._node, agent="examinee", task=SolveBrief.task)
        done = 0

        def count(_: Outcome) -> None:
            nonlocal done
            done += 1
            if on_progress is not None:
                on_progress(done, len(questions))

        return self._teacher.ask([Call(SolveBrief(problem=q), context) for q in questions], count)


def solution_text(outcome: Outcome) -> str:
    """The worked steps and the answer; empty where there was no reply that could be used."""
    if not isinstance(outcome.reply, SolveReply):
        return ""
    return "\n".join((*outcome.reply.steps, f"Answer: {outcome.reply.answer}"))
