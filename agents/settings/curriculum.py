"""The section `curriculum` of the run file: what a curriculum may look like."""

from typing import Annotated, Literal

from pydantic import Field

from ioa.memory.records import Record, Unit


class CurriculumSettings(Record):
    """What a curriculum may look like."""

    stages: Literal["by-prerequisites", "by-difficulty", "one"] = "by-prerequisites"
    """What decides what is taught when: prerequisites and difficulty (Eq. 7 and 8); difficulty alone, `largest_stage`
    targets at a time; or nothing, and all targets are taught together from the beginning."""
    tau_zpd: Unit = 0.15
    """Eq. 8, for each module: how much harder it may be, as measured, than the hardest of all stages before its own,
    and in the first stage than what the student can do already; where it is more, a bridge comes first."""
    largest_stage: Annotated[int, Field(ge=1)] = 4
    """Most modules in a stage."""
    bridges: bool = True
    """Where a step is too high, first teach its modules at easier levels; else the step is only reported."""
    most_bridges: Annotated[int, Field(ge=0)] = 2
    """Most bridges in a plan, those that are over included; further steps that are too high are only reported."""
    bridge_lessons: Annotated[int, Field(ge=1)] | None = 80
    """Accepted lessons a module in a bridge; null for `synthesis.per_module`."""
    revise: bool = True
    """Measure the difficulty of what is still to come again after each stage, and revise the rest of the plan; a plan
    that a person wrote or reviewed keeps its order."""
    revise_from: Unit = 0.1
    """Change of a module's measured difficulty from which the rest of the plan is made again."""
    cycles: Annotated[int, Field(ge=1)] | None = None
    """Most cycles of diagnosis, plan and teaching: when all stages are over, the whole domain is diagnosed again, with
    what was learnt, and the next targets are taken. It ends when nothing is deficient, or nothing new is left to teach.
    Null: until `budget.lessons`, `budget.teacher_tokens` or `budget.training_tokens` is used up, whichever is set and
    first, and one cycle where none of them is."""
    review: bool = False
    """Stop after planning, so that a person can read and edit the curriculum."""
