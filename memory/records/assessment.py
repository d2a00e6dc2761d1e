"""What is found at the gate, and what the agents tell one another."""

from enum import StrEnum
from typing import Literal

from ioa.memory.records.record import Record
from ioa.memory.records.scores import Score


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
