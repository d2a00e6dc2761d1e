"""Answers, how many of them were right, and what is found at the gate."""

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from statistics import NormalDist
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ioa.memory.records.lessons import Teaching
from ioa.memory.records.record import Record


def wilson(mean: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a mean of n > 0 items (Wilson 1927).

    Args:
        mean: In [0, 1].
        n: Number of items; an effective one may be broken.
        confidence: Two-sided, in (0, 1).
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    z2 = z**2
    centre = (mean + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(mean * (1 - mean) / n + z2 / (4 * n**2))
    # rounding must not push the interval off its own mean, as it does for 0 of 7
    return (min(mean, max(0.0, centre - half)), max(mean, min(1.0, centre + half)))


_MANY_UNREAD = 0.2
"""Share of unread replies beyond which an examination says more of the form of the replies than of their content."""


class Score(Record):
    """k right answers of n, with its uncertainty."""

    k: Annotated[int, Field(ge=0)]
    n: Annotated[int, Field(ge=0)]
    unread: Annotated[int, Field(ge=0)] | None = None
    """Replies among the n that the scorer could not read with certainty, and that count as wrong.

    None where that is not known, as of results from before it was counted; with newer ones among them, those that are
    known of, where there are any.
    """

    @classmethod
    def of(cls, results: Iterable["ItemResult"]) -> Self:
        """What these results come to; 0 of 0 where there are none."""
        own = list(results)
        unread = sum_unread(result.unread for result in own)
        return cls(k=sum(result.correct for result in own), n=len(own), unread=unread)

    @property
    def out_of(self) -> str:
        """`18 of 30`, or `18 of 30, 4 unread`."""
        return f"{self.k} of {self.n}{self.unread_note}"

    @property
    def fraction(self) -> str:
        """`18/30`, or `18/30, 4 unread`."""
        return f"{self.k}/{self.n}{self.unread_note}"

    @property
    def unread_note(self) -> str:
        """`, 4 unread`, to stand behind the score; empty where none is known of."""
        return unread_note(self.unread)

    @property
    def many_unread(self) -> bool:
        """Whether so many are unread that the score says little of what the examinee can do."""
        return (self.unread_share or 0.0) > _MANY_UNREAD

    @property
    def unread_share(self) -> float | None:
        """Unread replies of all, in [0, 1]; none where that is not known, or nothing was asked."""
        return None if self.unread is None or not self.n else self.unread / self.n

    @property
    def mean(self) -> float:
        """K / n; 0 when nothing was asked."""
        return self.k / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval for the mean; (0, 1) when nothing was asked."""
        return self.wilson(0.95)

    def wilson(self, confidence: float) -> tuple[float, float]:
        """Wilson's interval for the mean with that two-sided confidence, in (0, 1)."""
        return wilson(self.mean, self.n, confidence) if self.n else (0.0, 1.0)

    def __add__(self, other: "Score") -> "Score":
        unread = sum_unread(score.unread for score in (self, other) if score.n)
        return Score(k=self.k + other.k, n=self.n + other.n, unread=unread)


def unread_note(unread: int | None) -> str:
    """`, 4 unread`; empty for 0, and where it is not known."""
    return f", {unread:,} unread" if unread else ""


def sum_unread(counts: Iterable[int | None]) -> int | None:
    """The sum of those that are known; none where it is 0 and some are not known: nobody has seen that there are none.

    The order in which counts are added up, and in which groups, makes no difference.
    """
    told = list(counts)
    known = sum(count for count in told if count is not None)
    return None if not known and None in told else known


class ItemResult(Record):
    """How one examinee did on one probe."""

    probe: str
    module: str
    question: str
    expected: str
    reply: str
    """The whole reply, as it was written."""
    extracted: str
    """The final answer found in the reply; empty when there is none."""
    correct: bool
    score: Annotated[float, Field(ge=0, le=1)] | None = None
    """What the scorer gave, where that is more than right or wrong."""
    detail: str = ""
    """What the scorer says of it, such as the test that failed."""
    unread: bool | None = None
    """The scorer could not read the reply with certainty; it counts as wrong. None in results from before that was
    recorded."""


class Replied(Record):
    """What an examinee wrote, before it is graded."""

    probe: str
    reply: str


class Attempt(Record):
    """A reply to an item, as a scorer gets it."""

    question: str
    answer: str
    """The reference answer."""
    reply: str
    """The reply; a scorer gets it without a thought before it and without what stands behind the end of its turn."""
    family: str = ""
    """The reasoning-gym family of the item; empty: it has none."""
    metadata: Mapping[str, Any] = {}
    """What the scorer needs beside the answer."""


class Grade(Record):
    """What a scorer says of a reply."""

    score: Annotated[float, Field(ge=0, le=1)]
    """1: right; 0: wrong; some scorers give what lies between."""
    correct: bool
    """Whether it counts as right where only right and wrong count."""
    extracted: str = ""
    """The final answer found in the reply; empty when there is none."""
    detail: str = ""
    """What there is to say of it, such as the test that failed; empty: nothing."""
    unread: bool = False
    """No final answer could be read from the reply with certainty: it counts as wrong, and is counted apart."""

    @model_validator(mode="after")
    def _unread_is_wrong(self) -> Self:
        if self.unread and (self.correct or self.score):
            raise ValueError("a reply that could not be read counts as wrong: unread goes with score 0, correct false")
        return self


class Verdict(StrEnum):
    """What the items asked so far say about a module at a threshold."""

    MASTERED = "mastered"
    NOT_MASTERED = "not mastered"
    NEEDS_ITEMS = "needs more items"


class GateResult(Record):
    """One module at the mastery gate (Eq. 9)."""

    module: str
    student: Score
    teacher: Score
    ratio: float
    """P_S / P_T; 0 where the teacher scored less than `diagnosis.least_teacher`."""
    mastered: bool
    """ratio >= tau_mastery, and as certain as a gate that is sat again asks for."""
    verdict: Verdict | None = None
    """The same with its uncertainty; `needs more items` where none were left to ask: `mastered` then decides."""
    level: str = ""
    """The level that was examined, in a bridge; empty for the module's own."""
    sitting: int | None = None
    """Which sitting of the stage it is, from 1, each with items of its own; 0 for a module that is watched; none in
    runs from before that was recorded, whose rounds were all examined on the same items."""
    used: int = 0
    """The student's items that were asked in an earlier sitting, since no others were left."""
    stands: bool = False
    """No item was left that could be asked: the result of an earlier round stands."""
    teacher_same: int | None = None
    """Of the student's items those on which the teacher was examined too; its other answers are to other items of the
    module. None in runs from before that was recorded."""
    sure: float | None = None
    """Confidence with which P_S / P_T had to lie above tau_mastery, beside a teacher that errs nowhere; 1: too few
    items were left to pass; none: the estimate decides."""


class Assessment(Record):
    """What an examination at the gate found, after a round of training."""

    stage: int
    round: int
    gate: tuple[GateResult, ...]
    """The modules of this stage."""
    earlier: tuple[GateResult, ...] = ()
    """Modules mastered before, taught or not: what was forgotten shows here."""
    adapter: str = ""
    """Folder of the LoRA that was examined, relative to the run; empty for the bare student."""
    extra: int = 0
    """Items asked beyond the first ones of each module, because their answers left the verdict open."""
    teaching: Teaching | None = None
    """What the round taught; none in runs from before that was recorded."""

    @property
    def mastered(self) -> bool:
        """Eq. 9: the least ratio of the stage reaches tau_mastery."""
        return all(result.mastered for result in self.gate)


class Note(Record):
    """A short message from one agent to the next, in the shared state."""

    sender: Literal["diagnoser", "planner", "adapter", "trainer", "examiner"]
    receiver: Literal["diagnoser", "planner", "adapter", "trainer", "examiner", "user"]
    text: str
    stage: int | None = None
    round: int | None = None
