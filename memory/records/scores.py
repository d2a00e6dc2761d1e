"""Answers, how many of them were right, and what is found at the gate."""

import math
from collections.abc import Mapping
from enum import StrEnum
from statistics import NormalDist
from typing import Annotated, Any, Literal

from pydantic import Field

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


class Score(Record):
    """k right answers of n, with its uncertainty."""

    k: Annotated[int, Field(ge=0)]
    n: Annotated[int, Field(ge=0)]

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
        return Score(k=self.k + other.k, n=self.n + other.n)


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
    """P_S / P_T; 0 where the teacher scored 0."""
    mastered: bool
    """ratio >= tau_mastery."""
    verdict: Verdict | None = None
    """The same with its uncertainty; `needs more items` where none were left to ask: `mastered` then decides."""
    level: str = ""
    """The level that was examined, in a bridge; empty for the module's own."""


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
