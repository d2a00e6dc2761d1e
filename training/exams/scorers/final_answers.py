"""Scorers that look for a final answer in the reply: reasoning-gym's own, and comparison with the reference."""

from collections.abc import Callable, Sequence

from ioa.memory.errors import UserError
from ioa.memory.options import read_options
from ioa.memory.records import Attempt, Grade, Record
from ioa.training.exams.answer_extraction import judge_by_family, judge_by_reference
from ioa.training.exams.scorers.scorer import Progress, Scorer, ScorerContext
from ioa.training.exams.scorers.stated import own_answer

MATCH = "match"
"""Name of the scorer that compares with the reference: that of items which name none."""
REASONING_GYM = "reasoning-gym"
"""Name of the scorer that asks the item's family: that of generated items which name none."""
Judge = Callable[[Attempt], tuple[str, bool]]
"""The answer found in a reply, and whether it is right."""


class AnswerScorer:
    """Grades replies one by one, right or wrong."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def grade(self, attempts: Sequence[Attempt], on_progress: Progress | None = None) -> list[Grade]:
        """See `Scorer`."""
        grades = []
        for done, attempt in enumerate(attempts, start=1):
            extracted, correct = self._judge(attempt.model_copy(update={"reply": own_answer(attempt.reply)}))
            grades.append(Grade(score=float(correct), correct=correct, extracted=extracted))
            if on_progress is not None:
                on_progress(done, len(attempts))
        return grades

    def close(self) -> None:
        """Nothing is open."""


class NoOptions(Record):
    """There is nothing to set."""


def open_match(context: ScorerContext) -> Scorer:
    """The final answer is compared with the reference: see `ioa.training.exams.answer_extraction.agrees`."""
    read_options(f"scorers.{MATCH}", context.options, NoOptions)
    return AnswerScorer(judge_by_reference)


def open_reasoning_gym(context: ScorerContext) -> Scorer:
    """The verifier of the item's family gives it the full score."""
    read_options(f"scorers.{REASONING_GYM}", context.options, NoOptions)
    return AnswerScorer(_by_family)


def _by_family(attempt: Attempt) -> tuple[str, bool]:
    if not attempt.family:
        raise UserError(
            f"Scorer {REASONING_GYM}: the item {attempt.question[:60]!r} is of no family. "
            "Expected an item of a generator; choose another scorer for this item set."
        )
    return judge_by_family(attempt)
