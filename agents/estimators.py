"""Which estimators of dependencies are asked, how, and how their claims become one."""

from typing import Annotated, Literal

from pydantic import Field

from ioa.memory.records import Record

Estimator = Literal["pack", "teacher", "population", "intervention"]
"""Who may say that one module is a prerequisite of another: the domain's author and the teacher state it; over a
population of student variants, and by teaching one module alone, it is measured."""

Combination = Literal["strongest", "mean", "agree"]
"""How the claims about a pair become one strength; `agents.dependencies.combine` says what each means."""


class PopulationSettings(Record):
    """The student variants over which Eq. 3 is computed, and what they are asked."""

    variants: Annotated[int, Field(ge=2)] = 8
    """Variants of the bare student: itself, one for each number of `shots`, the rest sampled. Checkpoints of the run,
    where there are any, come on top."""
    items: Annotated[int, Field(ge=1)] = 10
    """Diagnosis items a module that each is asked; with fewer than 10 only a perfect one reaches a tau_high of 0.9."""
    temperatures: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] = (0.5, 0.8, 1.1)
    """Softmax temperatures of the sampled variants, taken in turn, each time with another seed."""
    shots: tuple[Annotated[int, Field(ge=1)], ...] = (1, 3)
    """Numbers of worked examples, of the module's easiest level, that stand before the question."""
    least_variants: Annotated[int, Field(ge=1)] = 3
    """Fewest variants that can do a module, and fewest that cannot, for anything to be said about it."""
    revise: bool = False
    """At the end of the run, estimate the graph again with all its checkpoints in the population; each of them is
    examined once more, on the diagnosis items of all modules."""


class InterventionSettings(Record):
    """The brief training on one module alone, and what is measured after it."""

    lessons: Annotated[int, Field(ge=1)] = 48
    """Lessons a module, written and verified like all others, that are asked for and forgotten afterwards."""
    epochs: Annotated[int, Field(ge=1)] = 3
    """Passes over them."""
    rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Peak learning rate, relative to `training.learning_rate`; all else is as in `training`. Narrow lessons at the
    full rate overwrite the very skills in which their effect is looked for."""
    items: Annotated[int, Field(ge=1)] = 20
    """Diagnosis items a module, asked before and after."""
    least_gain: Annotated[float, Field(ge=0, le=1)] = 0.2
    """By how much P_S / P_T of the taught module itself must rise for anything to be said about it."""
