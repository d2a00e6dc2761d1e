"""Prerequisites that are measured: over a population of student variants, and by teaching one module alone.

Both give a strength, which is one minus the ratio of two proportions, with its interval.
"""

import math
import statistics
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ioa.agents.general_ability import Abilities, EqualAbility, Floats, compare_at_equal_ability
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

ALONE = " (no third module tells general ability)"
DIGITS = 9
"""Of what is estimated step by step: those behind them differ by the number of threads."""


class Variant(Record):
    """One state of the student, and what it did in some or all modules."""

    name: str
    """In words, such as `temperature 0.8, seed 3`, `3 shots` or `checkpoint stage-01-round-0`."""
    scores: Mapping[str, Score]
    """P_S by module."""
    teacher: Mapping[str, Score] = {}
    """P_T by module, where it was asked other items than the rest of the population."""


def measure_by_population(
    variants: Sequence[Variant], teacher: Mapping[str, Score], settings: DiagnosisSettings
) -> Measured:
    """Dep(i -> j) of Eq. 3 for every ordered pair that the variants can decide, at equal general ability.

    P_S(j | M_i >= tau_high) and P_S(j | M_i < tau_low) are what the two groups score in j at the same ability
    (`compare_at_equal_ability`), which is measured by all other modules. The strength is clipped to [0, 1]: that those
    who can do i are worse at j is no negative prerequisite. Its interval takes the variants, not their items, for the
    units that were drawn.

    Args:
        variants: The population.
        teacher: P_T by module.
        settings: tau_high, tau_low and the fewest variants in either condition.

    Returns:
        A claim for each pair that enough variants were asked, also where the strength is 0; and the modules i of which
        too few variants can do them or cannot, or which the teacher cannot do at all, so that M_i = P_S / P_T does not
        exist.
    """
    undecided, claims = [], []
    abilities = Abilities([variant.scores for variant in variants], tuple(teacher))
    for source in teacher:
        groups = _groups(variants, source, teacher, settings)
        reason = _too_few(groups.values(), teacher[source], settings)
        if reason:
            undecided.append(Undecided(estimator="population", source=source, reason=reason))
            continue
        for target in teacher:
            others = [module for module in teacher if module not in (source, target)]
            ability = abilities.by(others) if others else np.zeros(len(variants))
            if target != source and (claim := _claim(source, target, groups, variants, ability, settings)):
                claims.append(claim if others else claim.model_copy(update={"evidence": claim.evidence + ALONE}))
    return Measured(claims=tuple(claims), undecided=tuple(undecided))


def _claim(
    source: str,
    target: str,
    groups: Mapping[int, int],
    variants: Sequence[Variant],
    ability: Floats,
    settings: DiagnosisSettings,
) -> Claim | None:
    """Of the pair; none where too few variants were asked both and anything else."""
    group = {
        place: side
        for place, side in groups.items()
        if target in variants[place].scores and not np.isnan(ability[place])
    }
    scores = [variants[place].scores[target] for place in group]
    sides = [[score.mean for score, side in zip(scores, group.values(), strict=True) if side == s] for s in (1, 0)]
    if min(map(len, sides)) < settings.population.least_variants:
        return None
    found = compare_at_equal_ability(scores, tuple(group.values()), ability[list(group)])
    able, unable = map(statistics.fmean, sides)
    strength = prerequisite_strength(found.with_it, found.without) if able else 0.0
    low, high = _interval(found) if able else (0.0, 1.0)  # relative to nothing, nothing is lost or gained
    return Claim(
        source=source,
        target=target,
        strength=round(strength, DIGITS),
        interval=(round(min(low, strength), DIGITS), round(max(high, strength), DIGITS)),
        estimator="population",
        evidence=f"{len(sides[0])} variants that can do {source} score {able:.2f} on {target}, {len(sides[1])} that "
        f"cannot {unable:.2f}; at the same general ability {found.with_it:.2f} and {found.without:.2f}",
    )


def _interval(found: EqualAbility) -> tuple[float, float]:
    with_it, without = found.variances
    return relative_difference(
        _as_proportion(found.with_it, with_it), _as_proportion(found.without, without), found.correlation
    )


def _as_proportion(mean: float, variance: float) -> Proportion:
    """With Wilson's interval for as many items as would leave this variance; a normal one would leave [0, 1]."""
    return proportion(mean, max(0.05, mean * (1 - mean) / variance))


def _groups(
    variants: Sequence[Variant], source: str, teacher: Mapping[str, Score], settings: DiagnosisSettings
) -> dict[int, int]:
    """By place, of who was asked the module: 1 can do it, 0 cannot, 2 lies between. Nobody where the teacher cannot."""
    found = {}
    for place, variant in enumerate(variants):
        known = variant.teacher.get(source, teacher[source])
        if source in variant.scores and variant.scores[source].n and known.k:
            reached = mastery(variant.scores[source], known)
            able, unable = reached >= Fraction(str(settings.tau_high)), reached < Fraction(str(settings.tau_low))
            found[place] = 1 if able else 0 if unable else 2
    return found


def prerequisite_strength(with_it: float, without: float) -> float:
    """Eq. 3: how much of what is done with i is lost without it, relative; clipped to [0, 1]."""
    return min(1.0, max(0.0, (with_it - without) / (with_it + EPSILON)))


def mastery(student: Score, teacher: Score) -> Fraction:
    """M = P_S / P_T, exactly; the teacher has scored more than 0."""
    return Fraction(student.k * teacher.n, student.n * teacher.k) if student.n else Fraction(0)


def _too_few(groups: Collection[int], teacher: Score, settings: DiagnosisSettings) -> str:
    """Why nothing can be said of what depends on the module; empty where something can."""
    if teacher.k == 0:
        return "the teacher itself scored 0"
    least = settings.population.least_variants
    able, unable = (sum(group == side for group in groups) for side in (1, 0))
    if min(able, unable) >= least:
        return ""
    return (
        f"{able} variants reach {settings.tau_high} of the teacher's score and {unable} stay below "
        f"{settings.tau_low}; {least} of each are needed"
    )


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
