"""Eq. 3 over a population of student variants: who can do i does better at j, and who cannot does worse."""

import statistics
from collections.abc import Mapping, Sequence
from fractions import Fraction

from ioa.agents.intervals import Proportion, proportion, relative_difference
from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.memory.records import Claim, Measured, Record, Score, Undecided

EPSILON = 1e-8
"""eps of Eq. 3."""


class Variant(Record):
    """One state of the student, examined on the same items as all the others."""

    name: str
    """In words, such as `temperature 0.8, seed 3`, `3 shots` or `checkpoint stage-01-round-0`."""
    scores: Mapping[str, Score]
    """P_S by module."""


def measure_by_population(
    variants: Sequence[Variant], teacher: Mapping[str, Score], settings: DiagnosisSettings
) -> Measured:
    """Dep(i -> j) of Eq. 3 for every ordered pair that the variants can decide.

    The strength is clipped to [0, 1]: that those who can do i are worse at j is no negative prerequisite. Its
    interval takes the variants, not their items, for the units that were drawn; see `relative_difference`.

    Args:
        variants: The population; each has a score for every module.
        teacher: P_T by module, on the same items.
        settings: tau_high, tau_low and the fewest variants in either condition.

    Returns:
        A claim for each pair, also where the strength is 0; and the modules i of which too few variants can do
        them or cannot, or which the teacher cannot do at all, so that M_i = P_S / P_T does not exist.
    """
    claims, undecided = [], []
    for source in teacher:
        able = [variant for variant in variants if _reaches(variant, source, teacher, settings.tau_high)]
        unable = [variant for variant in variants if not _reaches(variant, source, teacher, settings.tau_low)]
        reason = _too_few(len(able), len(unable), teacher[source], settings)
        if reason:
            undecided.append(Undecided(estimator="population", source=source, reason=reason))
            continue
        claims += [_claim(source, target, able, unable) for target in teacher if target != source]
    return Measured(claims=tuple(claims), undecided=tuple(undecided))


def prerequisite_strength(with_it: float, without: float) -> float:
    """Eq. 3: how much of what is done with i is lost without it, relative; clipped to [0, 1]."""
    return min(1.0, max(0.0, (with_it - without) / (with_it + EPSILON)))


def mastery(student: Score, teacher: Score) -> Fraction:
    """M = P_S / P_T, exactly; the teacher has scored more than 0."""
    return Fraction(student.k * teacher.n, student.n * teacher.k) if student.n else Fraction(0)


def _reaches(variant: Variant, module: str, teacher: Mapping[str, Score], tau: float) -> bool:
    if teacher[module].k == 0:
        return False
    return mastery(variant.scores[module], teacher[module]) >= Fraction(str(tau))


def _too_few(able: int, unable: int, teacher: Score, settings: DiagnosisSettings) -> str:
    """Why nothing can be said of what depends on the module; empty where something can."""
    if teacher.k == 0:
        return "the teacher itself scored 0"
    least = settings.population.least_variants
    if min(able, unable) >= least:
        return ""
    return (
        f"{able} variants reach {settings.tau_high} of the teacher's score and {unable} stay below "
        f"{settings.tau_low}; {least} of each are needed"
    )


def _claim(source: str, target: str, able: Sequence[Variant], unable: Sequence[Variant]) -> Claim:
    with_it = _condition([variant.scores[target] for variant in able])
    without = _condition([variant.scores[target] for variant in unable])
    strength = prerequisite_strength(with_it.mean, without.mean)
    low, high = relative_difference(with_it, without)
    return Claim(
        source=source,
        target=target,
        strength=strength,
        interval=(min(low, strength), max(high, strength)),
        estimator="population",
        evidence=f"{len(able)} variants that can do {source} score {with_it.mean:.2f} on {target}, "
        f"{len(unable)} that cannot {without.mean:.2f}",
    )


def _condition(scores: Sequence[Score]) -> Proportion:
    """The variants' mean score, with the interval of as many independent items as their differences leave.

    Variants differ by more than the draw of items would let them, so their items together weigh less than
    their number says: the effective number is what explains the variance of the mean that is seen.
    """
    means = [score.mean for score in scores]
    mean, items = statistics.fmean(means), sum(score.n for score in scores)
    between = statistics.variance(means, mean) / len(means) if len(means) > 1 else 0.0
    spread = mean * (1 - mean)
    effective = min(float(items), spread / between) if between > 0 and spread > 0 else float(items)
    return proportion(mean, max(1.0, effective))
