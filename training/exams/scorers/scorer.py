"""The port of all scorers: what says whether a reply is right, and what else it knows about such replies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from ioa.memory.errors import ScoringError
from ioa.memory.records import Attempt, Grade

__all__ = [
    "ComparingScorer",
    "Progress",
    "Scorer",
    "ScorerContext",
    "ScorerFactory",
    "ScorerTraits",
    "ScoringError",
    "traits_of",
]

Progress = Callable[[int, int], None]
"""Told how many replies are graded, and how many there are."""


class Scorer(Protocol):
    """Grades replies to items.

    A scorer may say more of itself, by attributes of the names of `ScorerTraits` and by the method `same_answer` of
    `ComparingScorer`. One that does not is taken for a scorer of final answers with one right answer each, and two
    final answers are the same where it takes the one for right with the other as its reference.
    """

    def grade(self, attempts: Sequence[Attempt], on_progress: Progress | None = None) -> list[Grade]:
        """A grade for each attempt, in their order; the same attempt has the same grade, whatever stands beside it.

        An empty reply, or one without an answer in it, is wrong. A scorer of final answers says of it, and of any
        other reply whose answer it cannot read with certainty, that it is `unread`, and in `detail` why: an empty
        reply, too, holds nothing that could be read. What was read with certainty and is wrong is not unread.

        Raises:
            ScoringError: an attempt could not be graded.
            UserError: an item lacks what this scorer needs.
        """

    def close(self) -> None:
        """Let go of processes and files; may be called twice."""


@runtime_checkable
class ComparingScorer(Scorer, Protocol):
    """A scorer that compares two final answers otherwise than by grading the one against the other.

    Lessons are verified by such comparisons, and a lesson's problem has no more than its text: none of the `metadata`
    that an item brings along.
    """

    def same_answer(self, problem: str, one: str, other: str) -> bool:
        """Whether two answers to a problem are the same.

        Raises:
            ScoringError: they could not be compared.
        """


@dataclass(frozen=True)
class ScorerTraits:
    """What a scorer may say of itself; each is read from its attribute of that name, and false where it has none."""

    whole_reply: bool = False
    """It grades replies as wholes, without a final answer in them: two such replies cannot be compared, and lessons
    of its items not be verified."""
    many_answers: bool = False
    """Its items have many right answers, so that two different reference answers do not make two different items."""
    needs_judge: bool = False
    """It asks the teacher that plays the judge, which has to be able to judge."""
    answer_line: bool = False
    """All that it needs of a reply stands in it up to the end of a line `Answer: ...`, so that a student that has
    written this line need not go on."""


def traits_of(scorer: Scorer) -> ScorerTraits:
    """What a scorer says of itself; one that grades whole replies has many right ones."""
    whole = bool(getattr(scorer, "whole_reply", False))
    return ScorerTraits(
        whole_reply=whole,
        many_answers=whole or bool(getattr(scorer, "many_answers", False)),
        needs_judge=bool(getattr(scorer, "needs_judge", False)),
        answer_line=bool(getattr(scorer, "answer_line", False)),
    )


@dataclass(frozen=True)
class ScorerContext:
    """What a scorer is opened with."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Settings of this scorer, from the config."""
    judge: Callable[[], Any] | None = None
    """Opens the teacher that plays the judge, an `ioa.agents.Teacher`; none where nobody can."""


ScorerFactory = Callable[[ScorerContext], Scorer]
"""What an entry point of the group `ioa.scorers` has to be, and what a file's attribute is."""
