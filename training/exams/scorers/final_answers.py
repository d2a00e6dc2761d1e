"""Scorers that look for a final answer in the reply: reasoning-gym's own, and comparison with the reference."""

from collections.abc import Callable, Sequence

from ioa.memory.errors import UserError
from ioa.memory.options import read_options
from ioa.memory.records import Attempt, Grade, Record
from ioa.training.exams.answer_extraction import Judgement, judge_by_family, judge_by_reference
from ioa.training.exams.answer_markers import is_withdrawn, said_later
from ioa.training.exams.scorers.scorer import Progress, Scorer, ScorerContext
from ioa.training.exams.scorers.scorer_naming import MATCH, REASONING_GYM
from ioa.training.exams.scorers.stated import own_answer

EMPTY = "the reply is empty"
WITHDRAWN = "the reply goes on to doubt the answer that it marks"
CONTRADICTED = "the reply states another answer behind the one that it marks"
Judge = Callable[[Attempt], Judgement]
"""The answer found in a reply, and whether it is right."""


def grade_of(judgement: Judgement) -> Grade:
    """Right or wrong; and unread where no answer could be read with certainty, which is wrong too."""
    extracted, correct, doubt = judgement
    correct = correct and not doubt
    return Grade(score=float(correct), correct=correct, extracted=extracted, detail=doubt, unread=bool(doubt))


def judge_whole(judge: Judge, attempt: Attempt) -> Judgement:
    """Judge a reply by the answer that it marks, and by what it says of that answer further on.

    A reply that takes its answer back, or states another one, is in doubt; so is an empty one. Where the marked answer
    cannot be read, what the reply says further on is its answer.
    """
    reply = own_answer(attempt.reply)
    found = judge(attempt.model_copy(update={"reply": reply}))
    if not reply.strip():
        return Judgement("", False, EMPTY)
    if is_withdrawn(reply):
        return Judgement(found.extracted, False, WITHDRAWN)
    for said in said_later(reply):
        later = judge(attempt.model_copy(update={"reply": f"Answer: {said}"}))
        if found.doubt:
            found = found if later.doubt else later
        elif not later.doubt and later.correct != found.correct:
            return Judgement(found.extracted, False, CONTRADICTED)
    return found


class AnswerScorer:
    """Grades replies one by one, right or wrong."""

    answer_line = True

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def grade(self, attempts: Sequence[Attempt], on_progress: Progress | None = None) -> list[Grade]:
        """See `Scorer`."""
        grades = []
        for done, attempt in enumerate(attempts, start=1):
            grades.append(grade_of(judge_whole(self._judge, attempt)))
            if on_progress is not None:
                on_progress(done, len(attempts))
        return grades

    def close(self) -> None:
        """Nothing is open."""


class NoOptions(Record):
    """There is nothing to set."""


def open_match(context: ScorerContext) -> Scorer:
    """The final answer is compared with the reference: see `judge_by_reference`."""
    read_options(f"scorers.{MATCH}", context.options, NoOptions)
    return AnswerScorer(judge_by_reference)


def open_reasoning_gym(context: ScorerContext) -> Scorer:
    """The verifier of the item's family gives it the full score."""
    read_options(f"scorers.{REASONING_GYM}", context.options, NoOptions)
    return AnswerScorer(_by_family)


def _by_family(attempt: Attempt) -> Judgement:
    if not attempt.family:
        raise UserError(
            f"Scorer {REASONING_GYM}: the item {attempt.question[:60]!r} is of no family. "
            "Expected an item of a generator; choose another scorer for this item set."
        )
    return judge_by_family(attempt)
