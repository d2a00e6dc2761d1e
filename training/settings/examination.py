"""The section `examination` of the run file: with how many items each module is examined."""

from typing import Annotated

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
    spare: Annotated[float, Field(ge=0, le=10)] = 1.0
    """Further items of a module that diagnosis and gate may ask where the first leave the verdict open, relative to
    the first; 0: none."""
    step: Annotated[int, Field(ge=1)] = 8
    """So many of them at a time."""
    budget: Annotated[int, Field(ge=0)] | None = 400
    """Most further items in one examination, over all modules, the widest intervals first; null: no limit."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.8
    """Of the interval that decides whether a verdict is open; a higher one asks for more items."""
    cached_teacher: bool = True
    """Take a teacher's score in a module from where it was measured before, in this run or another of its folder, on as
    many items; else it is measured on the student's own items each time. The final examination always is."""

    def size(self, split: Split) -> int:
        """Items a module in that split, the spare ones left out."""
        return {Split.DIAGNOSIS: self.diagnosis, Split.GATE: self.gate, Split.FINAL: self.final}[split]

    def spares(self, split: Split) -> int:
        """Spare items a module in that split, where its supply allows them."""
        return 0 if split is Split.FINAL else round(self.spare * self.size(split))
