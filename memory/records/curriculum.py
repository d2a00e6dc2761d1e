"""What the Curriculum Planner decides about order."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from ioa.memory.records.record import Record, Unit


class Stage(Record):
    """One step of the curriculum (s_i in Eq. 7)."""

    number: Annotated[int, Field(ge=1)] = 1
    """Counted anew whenever a curriculum is read, so a person need not keep count."""
    title: str = ""
    modules: Annotated[tuple[str, ...], Field(min_length=1)]
    difficulty: Unit = 0.0
    """Mean over the modules of 1 - P_S / P_T, measured before teaching; of a bridge, at its levels."""
    rationale: str = ""
    """Why these modules come here, in the Planner's words."""
    levels: Mapping[str, str] = {}
    """Of a bridge: the level, easier than the examined one, at which each module is taught and examined here."""
    lessons: Annotated[int, Field(ge=1)] | None = None
    """Accepted lessons a module when the stage is first taught; none for `synthesis.per_module`."""
    consolidation: bool = False
    """The last stage: all that was taught before is trained on once more, together, and examined again."""


class Requirement(Record):
    """`earlier` is taught in an earlier stage than `later`."""

    earlier: str
    later: str


class Revision(Record):
    """What was changed of the stages still to come, when a stage was over."""

    after: Annotated[int, Field(ge=1)]
    """Number of the stage that was over."""
    reason: str
    """What was measured, and what follows from it."""
    changes: tuple[str, ...] = ()
    """Each change in a sentence; empty where the plan was kept."""
    anew: bool = False
    """Whether the stages to come were planned anew, by the difficulty measured now."""
    dropped: tuple[str, ...] = ()
    """Modules that were left out of the plan."""


class Cycle(Record):
    """A further diagnosis, of the student as it was taught so far, and the targets that the next stages teach."""

    after: Annotated[int, Field(ge=1)]
    """Number of the stage that was over."""
    targets: tuple[str, ...]
    """Empty where nothing was left to be taught."""


class Curriculum(Record):
    """The ordered stages, with what the planning had to leave open."""

    stages: tuple[Stage, ...]
    prerequisites: tuple[Requirement, ...] = ()
    """What the order of the stages respects (Eq. 7): the prerequisites among the targets."""
    warnings: tuple[str, ...] = ()
    """Steps that are steeper than tau_ZPD allows, and proposals of the teacher that were refused."""
    revisions: tuple[Revision, ...] = ()
    """How the plan was revised on the way, oldest first."""
    cycles: tuple[Cycle, ...] = ()
    """The cycles after the first, oldest first."""

    @property
    def consolidated(self) -> bool:
        """Whether all that was taught is trained on together at the end."""
        return any(stage.consolidation for stage in self.stages)

    @property
    def planned(self) -> tuple[str, ...]:
        """Every module of the plan, those that it was left out of on the way included."""
        staged = (module for stage in self.stages for module in stage.modules)
        dropped = (module for revision in self.revisions for module in revision.dropped)
        return tuple(dict.fromkeys((*staged, *dropped)))
