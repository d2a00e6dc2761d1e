"""Prerequisites that are measured: over a population of student variants, and by teaching one module alone.

Both give a strength, which is one minus the ratio of two proportions, with its interval.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.memory.records import Claim, ItemResult, Measured, Record, Score, Undecided, wilson


class Proportion(NamedTuple):
    """A proportion with the ends of its interval."""

    mean: float
    low: float
    high: float


def proportion(mean: float, n: float) -> Proportion:
    """A mean of `n` items with Wilson's interval; `n` may be an effective number, and so a fraction."""
    return Proportion(mean, *wilson(mean, n))


def relative_difference(with_it: Proportion, without: Proportion, correlation: float = 0.0) -> tuple[float, float]:
    """The 95 % interval of (with - without) / with = 1 - without / with, in [0, 1].

    By MOVER (method of variance estimates recovery, Donner & Zou 2012): the ends of a ratio's interval are where
    the difference `without - R * with` just reaches 0, its variance being taken from the ends of the two intervals
    on that side. It needs no resampling, which with three or four variants draws the same few values again and
    again and is of width 0 where they agree.

    Args:
        with_it: The proportion in the denominator.
        without: The one that is compared with it.
        correlation: Of the two estimates, where they come from the same items.

    Returns:
        Lower and upper end; (0, 1) where the denominator is 0.
    """
    if with_it.mean == 0:
        return (0.0, 1.0)
    high_ratio = _end(without.mean, without.high, with_it.mean, with_it.low, correlation, upper=True)
    low_ratio = _end(without.mean, without.low, with_it.mean, with_it.high, correlation, upper=False)
    low, high = min(1.0, max(0.0, 1 - high_ratio)), min(1.0, max(0.0, 1 - low_ratio))
    return (low, max(low, high))


def _end(top: float, top_end: float, bottom: float, bottom_end: float, correlation: float, *, upper: bool) -> float:
    """One end of the interval of top / bottom."""
    a = bottom_end * (2 * bottom - bottom_end)
    b = top * bottom - correlation * abs(top - top_end) * abs(bottom - bottom_end)
    c = top_end * (2 * top - top_end)
    root = math.sqrt(max(0.0, b * b - a * c))
    if upper:
        return (b + root) / a if a > 0 else math.inf
    return c / (b + root) if b + root > 0 else 0.0


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


def choose_modules_to_teach(
    before: Mapping[str, Score], teacher: Mapping[str, Score], settings: DiagnosisSettings
) -> tuple[str, ...]:
    """The modules that are worth an intervention: the student cannot do them (M < tau_low), the teacher can."""
    return tuple(
        module
        for module, score in before.items()
        if teacher[module].k and not _is_able(score, teacher[module], settings)
    )


def measure_by_intervention(
    before: Sequence[ItemResult],
    after: Mapping[str, Sequence[ItemResult]],
    teacher: Mapping[str, Score],
    settings: DiagnosisSettings,
) -> Measured:
    """Dep(i -> j) by teaching i alone, in the spirit of Skill-it (Chen et al. 2023).

    Eq. 3 compares students who can do i with students who cannot. Here they are the same student, after and
    before the lessons on i: `Dep(i -> j) = (P'_S(j) - P_S(j)) / (P'_S(j) + eps)`, clipped to [0, 1], where P'_S is
    measured after them. Its interval is that of a ratio of paired proportions, since both answer the same items.

    Args:
        before: The bare student's answers, of all modules.
        after: Its answers to the same items once it was taught a module, by that module; an empty sequence where
            there was nothing to teach it with.
        teacher: P_T by module, on the same items.
        settings: Thresholds.

    Returns:
        Claims for each module whose lessons moved the student in that module itself; the others are undecided.
    """
    right = {item.probe: item.correct for item in before}
    claims, undecided = [], []
    for source in teacher:
        reason = _unmoved(source, before, after, teacher[source], settings)
        if reason:
            undecided.append(Undecided(estimator="intervention", source=source, reason=reason))
            continue
        for target in teacher:
            pairs = [(right[item.probe], item.correct) for item in after[source] if item.module == target]
            if target != source and pairs:
                claims.append(_claim_by_teaching(source, target, pairs, _gain(source, before, after[source])))
    return Measured(claims=tuple(claims), undecided=tuple(undecided))


def _unmoved(
    source: str,
    before: Sequence[ItemResult],
    after: Mapping[str, Sequence[ItemResult]],
    teacher: Score,
    settings: DiagnosisSettings,
) -> str:
    """Why teaching this module says nothing; empty where it does."""
    own = _score(source, before)
    if teacher.k == 0:
        return "the teacher itself scored 0"
    if _is_able(own, teacher, settings):
        return f"the student can do it already ({own.out_of}), so what its lack costs cannot be seen"
    if not after.get(source):
        return "there were no lessons to teach it with"
    taught = _score(source, after[source])
    gain = float(mastery(taught, teacher) - mastery(own, teacher))
    if gain >= settings.intervention.least_gain:
        return ""
    return f"its own lessons moved it from {own.out_of} to {taught.out_of} only"


def _claim_by_teaching(source: str, target: str, pairs: Sequence[tuple[bool, bool]], gain: str) -> Claim:
    n = len(pairs)
    first, then = sum(was for was, _ in pairs), sum(now for _, now in pairs)
    strength = prerequisite_strength(then / n, first / n)
    low, high = relative_difference(proportion(then / n, n), proportion(first / n, n), _correlation(pairs))
    return Claim(
        source=source,
        target=target,
        strength=strength,
        interval=(min(low, strength), max(high, strength)),
        estimator="intervention",
        evidence=f"lessons on {source} alone ({gain}) moved {target} from {first} to {then} of {n}",
    )


def _correlation(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Phi of the two answers to each item; 0 where one of them is always the same."""
    n = len(pairs)
    first, then = sum(was for was, _ in pairs), sum(now for _, now in pairs)
    both = sum(was and now for was, now in pairs)
    scale = math.sqrt(first * (n - first) * then * (n - then))
    return (n * both - first * then) / scale if scale else 0.0


def _gain(module: str, before: Sequence[ItemResult], after: Sequence[ItemResult]) -> str:
    own, taught = _score(module, before), _score(module, after)
    return f"{own.out_of}, then {taught.k}{taught.unread_note}"


def _is_able(student: Score, teacher: Score, settings: DiagnosisSettings) -> bool:
    return float(mastery(student, teacher)) >= settings.tau_low


def _score(module: str, results: Sequence[ItemResult]) -> Score:
    return Score.of(item for item in results if item.module == module)
