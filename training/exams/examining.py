"""Examining a teacher or a student on the same probes."""

from collections.abc import Callable, Sequence
from typing import Protocol

from ioa.memory.records import Attempt, Grade, ItemResult, Probe
from ioa.training.exams.scorers import Scorers

Progress = Callable[[int, int], None]
"""Told how many questions are done, and how many there are."""


class Examinee(Protocol):
    """Anything that can be examined."""

    def answer(self, questions: Sequence[str], on_progress: Progress | None = None) -> list[str]:
        """The replies, in the order of the questions; a question that failed to be asked is an error."""


def examine(
    examinee: Examinee, probes: Sequence[Probe], on_progress: Progress | None = None, scorers: Scorers | None = None
) -> list[ItemResult]:
    """Ask all probes and score the replies.

    Args:
        examinee: Who is asked.
        probes: What is asked.
        on_progress: Handed to the examinee.
        scorers: Who grades; none: the installed ones as they come, closed at the end.

    Returns:
        A result for each probe, in their order.

    Raises:
        ValueError: the examinee gave fewer or more replies than there were questions.
        UserError: as `Scorers.grade`.
    """
    replies = examinee.answer([probe.question for probe in probes], on_progress)
    return grade(probes, replies, scorers)


def grade(probes: Sequence[Probe], replies: Sequence[str], scorers: Scorers | None = None) -> list[ItemResult]:
    """Score replies that were given.

    Args:
        probes: What was asked.
        replies: The reply to each.
        scorers: As in `examine`.

    Raises:
        ValueError: there are fewer or more replies than probes.
        UserError: as `Scorers.grade`.
    """
    attempts = [_attempt(probe, reply) for probe, reply in zip(probes, replies, strict=True)]
    graders = scorers or Scorers()
    try:
        grades = graders.grade([probe.scorer for probe in probes], attempts)
    finally:
        if scorers is None:
            graders.close()
    return [_result(*graded) for graded in zip(probes, replies, grades, strict=True)]


def _attempt(probe: Probe, reply: str) -> Attempt:
    return Attempt(
        question=probe.question, answer=probe.answer, reply=reply, family=probe.family, metadata=probe.metadata
    )


def _result(probe: Probe, reply: str, grade: Grade) -> ItemResult:
    return ItemResult(
        probe=probe.id,
        module=probe.module,
        question=probe.question,
        expected=probe.answer,
        reply=reply,
        extracted=grade.extracted,
        correct=grade.correct,
        score=None if grade.score == float(grade.correct) else grade.score,
        detail=grade.detail,
        unread=grade.unread,
    )
