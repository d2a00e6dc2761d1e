"""The section `examination` of the run file: with how many items each module is examined."""

from typing import Annotated, Literal

from pydantic import Field

from ioa.memory.records import Record, Split


class ExaminationSettings(Record):
    """How many items each module is examined with."""

    diagnosis: Annotated[int, Field(ge=1)] = 24
    """Items a module before teaching."""
    gate: Annotated[int, Field(ge=1)] = 24
    """Items a module at the mastery gate."""
    final: Annotated[int, Field(ge=1)] = 30
    """Items a module in the final examination, which is read once, at the end."""
    final_scope: Literal["domain", "targets"] = "domain"
    """Whether every module of the domain is in the final examination, also what was never taught, so that it shows what
    was forgotten; or only those of the plan, which costs fewer replies and fewer calls of the teacher."""
    spare: Annotated[float, Field(ge=0, le=10)] = 1.0
    """Further items of a module that diagnosis and gate may ask where the first leave the verdict open, relative to
    the first; 0: none."""
    reserve: Annotated[float, Field(ge=0, le=50)] = 3.0
    """Items of a module that an item set keeps for gates that are sat again, relative to `gate`, as far as half of its
    items are left for lessons; what a generator makes is drawn when a sitting needs it."""
    step: Annotated[int, Field(ge=1)] = 8
    """So many of them at a time."""
    portion: Annotated[int, Field(ge=0)] | None = 8
    """So many of a module's first items at a time: diagnosis and gate ask no more of it where those answered decide;
    null or 0: all at once."""
    early_error: Annotated[float, Field(ge=0, lt=0.5)] = 0.01
    """Most chance that a module's decision on fewer items is another than the one on all would be, whatever student and
    teacher can do; 0: only where no further answer could change it."""
    budget: Annotated[int, Field(ge=0)] | None = 400
    """Most further items in one examination, over all modules, the widest intervals first; null: no limit."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.8
    """Of the interval that decides whether a verdict is open; a higher one asks for more items."""
    false_pass: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Most chance that a module whose true P_S / P_T is 0.05 below tau_mastery passes any of a stage's sittings at the
    gate, as far as its number of items allows it: later sittings have to be more certain; 1: Eq. 9 decides in each."""
    cached_teacher: bool = True
    """Take a paid teacher's score in a module from where it was measured before, in this run or another of its folder,
    on as many items, though they are others than the student's; else, and of a teacher that costs nothing, it is
    measured on the student's own items each time. The final examination always is."""
    cached_student: bool = True
    """Take the untaught student's replies from where the same weights were asked the same, in this run or an earlier
    one of its folder."""

    def size(self, split: Split) -> int:
        """Items a module in that split, the spare ones left out."""
        return {Split.DIAGNOSIS: self.diagnosis, Split.GATE: self.gate, Split.FINAL: self.final}[split]

    def spares(self, split: Split) -> int:
        """Spare items a module in that split, where its supply allows them."""
        return 0 if split is Split.FINAL else round(self.spare * self.size(split))

    @property
    def kept(self) -> int:
        """Items a module that an item set keeps for gates that are sat again."""
        return round(self.reserve * self.gate)
