"""The section `diagnosis` of the run file: gaps, prerequisites, and how wrong answers are read."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ioa.memory.records import Record, Unit

Estimator = Literal["pack", "teacher", "population", "intervention"]
"""Who may say that one module is a prerequisite of another: the domain's author and the teacher state it; over a
population of student variants, and by teaching one module alone, it is measured."""

Combination = Literal["strongest", "mean", "agree"]
"""How the claims about a pair become one strength; `agents.prerequisite_graph.combine` says what each means."""


class PopulationSettings(Record):
    """The student variants over which Eq. 3 is computed, and what they are asked."""

    variants: Annotated[int, Field(ge=2)] = 8
    """Variants of the bare student: itself, one for each number of `shots`, the rest sampled. The student as it left
    each stage comes on top."""
    items: Annotated[int, Field(ge=1)] = 10
    """Diagnosis items a module that each is asked; with fewer than 10 only a perfect one reaches a tau_high of 0.9."""
    temperatures: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] = (0.5, 0.8, 1.1)
    """Softmax temperatures of the sampled variants, taken in turn, each time with another seed."""
    shots: tuple[Annotated[int, Field(ge=1)], ...] = (1, 3)
    """Numbers of worked examples, of the module's easiest level, that stand before the question."""
    least_variants: Annotated[int, Field(ge=1)] = 3
    """Fewest variants that can do a module, and fewest that cannot, for anything to be said about it."""
    revise: bool = False
    """Examine the student as it left each stage once more, on the diagnosis items of all modules, and estimate the
    graph again at the end, too. Without it, the population grows by what gates and revisions of the plan ask anyway."""


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


class MisconceptionSettings(Record):
    """How wrong answers are read, and when a finding is believed."""

    most: Annotated[int, Field(ge=1, le=20)] = 4
    """Most misconceptions of a module, the commonest first."""
    batch: Annotated[int, Field(ge=1, le=200)] = 20
    """Wrong answers that a teacher is shown in one call; a module with more of them takes several calls."""
    confirm: Unit = 0.5
    """Least share of the items named for a misconception that the second, blind reading must place under it too."""
    least_items: Annotated[int, Field(ge=1)] = 2
    """Least number of such items; all wrong answers of the module, where those are fewer."""
    examples: Annotated[int, Field(ge=0)] = 3
    """Wrong answers kept with each misconception, for people and the report."""
    least_lessons: Annotated[int, Field(ge=1)] = 5
    """Least lessons of a remedy for one misconception; where a module's lessons do not go so far, the rarer ones
    get none."""


class DiagnosisSettings(Record):
    """Thresholds of the Diagnoser."""

    tau_gap: Unit = 0.3
    """Eq. 5: a module whose gap is larger is deficient."""
    tau_dep: Unit = 0.3
    """Eq. 3: a prerequisite is kept when its strength, of all estimators together, is larger."""
    estimators: Annotated[tuple[Estimator, ...], Field(min_length=1)] = ("pack", "teacher")
    """Who says what depends on what; `population` and `intervention` measure it, which takes examinations."""
    combine: Combination = "strongest"
    """How several estimators' claims about a pair become one: the strongest of them; the mean over those that had a
    say; or, `agree`, what more than half of these say at least. What is stated is lowered first to what a measurement
    leaves possible."""
    uncertain: Literal["keep", "drop"] = "drop"
    """What happens to an edge whose interval reaches down to tau_dep; the paper looks at the estimate alone, which is
    `keep`."""
    tau_high: Unit = 0.9
    """Eq. 3: P_S / P_T from which a student state can do a module."""
    tau_low: Unit = 0.7
    """Eq. 3: P_S / P_T below which it cannot."""
    least_teacher: Unit = 0.5
    """Least P_T: a module in which the teacher scores less is no gap and is never mastered; it is reported."""
    population: PopulationSettings = PopulationSettings()
    intervention: InterventionSettings = InterventionSettings()
    alpha: Unit = 0.7
    """Eq. 4: weight of the gap against connectivity in severity."""
    top_share: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Eq. 6: share of the deficient modules that become targets, rounded up."""
    selection: Literal["severity", "random"] = "severity"
    """Eq. 6: the severest gaps are the targets; `random`: as many modules, drawn from all that the teacher can do."""
    misconceptions: MisconceptionSettings = MisconceptionSettings()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.tau_low > self.tau_high:
            raise ValueError(f"tau_low ({self.tau_low}) must not be above tau_high ({self.tau_high})")
        if len(set(self.estimators)) < len(self.estimators):
            raise ValueError(f"estimators names one twice: {', '.join(self.estimators)}")
        return self
