"""Gaps, severity and targets: equations 2, 4, 5 and 6 of the method."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ioa.agents.estimators import Combination, Estimator, InterventionSettings, PopulationSettings
from ioa.memory.records import Edge, Gap, Record, Score, Unit

ROUNDING = 1e-9
"""So that 7 of 10 against 10 of 10, a gap of exactly 0.3, does not exceed a threshold of 0.3."""


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
    say; or, `agree`, what more than half of these say at least."""
    uncertain: Literal["keep", "drop"] = "keep"
    """What happens to an edge whose interval reaches down to tau_dep: the paper looks at the estimate alone."""
    tau_high: Unit = 0.9
    """Eq. 3: P_S / P_T from which a student state can do a module."""
    tau_low: Unit = 0.7
    """Eq. 3: P_S / P_T below which it cannot."""
    population: PopulationSettings = PopulationSettings()
    intervention: InterventionSettings = InterventionSettings()
    alpha: Unit = 0.7
    """Eq. 4: weight of the gap against connectivity in severity."""
    top_share: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Eq. 6: share of the deficient modules that become targets, rounded up."""
    misconceptions: MisconceptionSettings = MisconceptionSettings()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.tau_low > self.tau_high:
            raise ValueError(f"tau_low ({self.tau_low}) must not be above tau_high ({self.tau_high})")
        if len(set(self.estimators)) < len(self.estimators):
            raise ValueError(f"estimators names one twice: {', '.join(self.estimators)}")
        return self


def relative_gap(student: Score, teacher: Score) -> float | None:
    """Eq. 2: (P_T - P_S) / P_T; none where the teacher scored 0, since it cannot teach that module."""
    if teacher.k == 0:
        return None
    return (teacher.mean - student.mean) / teacher.mean


def severity(module: str, delta: float, edges: Sequence[Edge], alpha: float) -> float:
    """Eq. 4: alpha times the gap plus (1 - alpha) times the mean strength of what builds on the module."""
    outgoing = [edge.strength for edge in edges if edge.source == module]
    connectivity = sum(outgoing) / len(outgoing) if outgoing else 0.0
    return alpha * delta + (1 - alpha) * connectivity


def find_gaps(
    student: Mapping[str, Score],
    teacher: Mapping[str, Score],
    edges: Sequence[Edge],
    settings: DiagnosisSettings,
) -> tuple[Gap, ...]:
    """Measure every module's gap and choose the targets (Eq. 2, 4, 5 and 6).

    Args:
        student: P_S by module.
        teacher: P_T by the same modules.
        edges: The prerequisite graph.
        settings: The thresholds.

    Returns:
        One gap a module, in the order of `student`.
    """
    deltas = {module: relative_gap(score, teacher[module]) for module, score in student.items()}
    severities = {
        module: 0.0 if delta is None else severity(module, delta, edges, settings.alpha)
        for module, delta in deltas.items()
    }
    bound = settings.tau_gap + ROUNDING
    deficient = [module for module, delta in deltas.items() if delta is not None and delta > bound]
    count = math.ceil(settings.top_share * len(deficient))
    worst = sorted(deficient, key=lambda module: (-severities[module], module))[:count]
    return tuple(
        Gap(
            module=module,
            student=student[module],
            teacher=teacher[module],
            delta=deltas[module],
            severity=severities[module],
            deficient=module in deficient,
            targeted=module in worst,
        )
        for module in student
    )
