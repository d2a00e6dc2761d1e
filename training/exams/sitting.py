"""A sitting of an examination that can be stopped at any time: what was answered is not asked again."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from ioa.memory.files import append_records, read_records, write_records
from ioa.memory.records import ItemResult, Probe, Replied
from ioa.training.exams.examining import grade
from ioa.training.exams.scorers import Scorers

I = TypeVar("I")  # noqa: E741 - an item
R_contra = TypeVar("R_contra", contravariant=True)
R = TypeVar("R")


@dataclass(frozen=True)
class Standing(Generic[I]):
    """What is still to be done of a sitting."""

    ask: list[I]
    """Not answered."""
    grade: list[I]
    """Answered, and not graded yet."""


class AnswerLog(Protocol[I, R_contra]):
    """Where a sitting keeps what was answered, and how that was graded."""

    def standing(self, items: Sequence[I]) -> Standing[I]:
        """What is still to be done of these items, in their order."""

    def keep(self, items: Sequence[I], replies: Sequence[R_contra]) -> None:
        """Write the replies down, before anybody grades them: grading may stop."""

    def grade(self, items: Sequence[I]) -> None:
        """Grade the replies that were kept to these items, and write the grades down."""


def sit(
    log: AnswerLog[I, R],
    items: Sequence[I],
    ask: Callable[[Sequence[I]], Sequence[R]],
    *,
    pieces: Callable[[list[I]], Iterable[list[I]]] = lambda items: [items] if items else [],
) -> None:
    """Ask and grade what has not been asked and graded yet.

    Args:
        log: Where the answers are kept.
        items: The whole examination.
        ask: Puts items to the examinee; replies in their order.
        pieces: In which pieces they are best asked; each is kept and graded before the next is asked. All at once
            where nothing else is said: a student's replies depend in their last bits on what else is in the batch, so
            that only one that is asked the same again after a kill replies the same.
    """
    left = log.standing(items)
    if left.grade:
        log.grade(left.grade)
    for piece in pieces(left.ask):
        log.keep(piece, ask(piece))
        log.grade(piece)


class ExamFile:
    """The answers of one examination of a run: graded ones in one file, those that are not yet in another."""

    def __init__(self, scores: Path, replies: Path, scorers: Callable[[], Scorers]) -> None:
        """Read nothing yet.

        Args:
            scores: JSON lines of `ItemResult`.
            replies: JSON lines of `Replied`; there only while a piece waits for its grades.
            scorers: Opens the scorers, when the first reply is graded.
        """
        self._scores, self._replies, self._scorers = scores, replies, scorers

    def results(self) -> list[ItemResult]:
        """What is graded, oldest first."""
        return read_records(self._scores, ItemResult)

    def standing(self, items: Sequence[Probe]) -> Standing[Probe]:
        """See `AnswerLog`."""
        graded = {result.probe for result in self.results()}
        replied = {one.probe for one in read_records(self._replies, Replied)} - graded
        if not replied:
            self._replies.unlink(missing_ok=True)  # graded, but the process was killed before it could say so
        return Standing(
            ask=[probe for probe in items if probe.id not in graded | replied],
            grade=[probe for probe in items if probe.id in replied],
        )

    def keep(self, items: Sequence[Probe], replies: Sequence[str]) -> None:
        """See `AnswerLog`.

        Raises:
            ValueError: the examinee gave fewer or more replies than there were questions.
        """
        pairs = zip(items, replies, strict=True)
        write_records(self._replies, [Replied(probe=probe.id, reply=reply) for probe, reply in pairs])

    def grade(self, items: Sequence[Probe]) -> None:
        """See `AnswerLog`.

        Raises:
            UserError: as `Scorers.grade`; the replies are kept.
        """
        replies = {one.probe: one.reply for one in read_records(self._replies, Replied)}
        self.add(grade(items, [replies[probe.id] for probe in items], self._scorers()))
        self._replies.unlink(missing_ok=True)

    def add(self, results: Sequence[ItemResult]) -> None:
        """Write results down that were graded elsewhere."""
        if results:
            append_records(self._scores, results)
