"""Dependencies by intervention: the student is taught i alone, and what else it can do afterwards depends on i."""

import math
from collections.abc import Mapping, Sequence

from ioa.agents.intervals import proportion, relative_difference
from ioa.agents.population_estimate import mastery, prerequisite_strength
from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.memory.records import Claim, ItemResult, Measured, Score, Undecided


def choose_modules_to_teach(
    before: Mapping[str, Score], teacher: Mapping[str, Score], settings: DiagnosisSettings
) -> tuple[str, ...]:
    """The modules that are worth an intervention: the student cannot do them (M < tau_low), the teacher can."""
    return tuple(
        module for module, score in before.items() if teacher[module].k and not _able(score, teacher[module], settings)
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
                claims.append(_claim(source, target, pairs, _gain(source, before, after[source])))
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
    if _able(own, teacher, settings):
        return f"the student can do it already ({own.k} of {own.n}), so what its lack costs cannot be seen"
    if not after.get(source):
        return "there were no lessons to teach it with"
    taught = _score(source, after[source])
    gain = float(mastery(taught, teacher) - mastery(own, teacher))
    if gain >= settings.intervention.least_gain:
        return ""
    return f"its own lessons moved it from {own.k} of {own.n} to {taught.k} of {taught.n} only"


def _claim(source: str, target: str, pairs: Sequence[tuple[bool, bool]], gain: str) -> Claim:
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
    return f"{own.k} of {own.n}, then {taught.k}"


def _able(student: Score, teacher: Score, settings: DiagnosisSettings) -> bool:
    return float(mastery(student, teacher)) >= settings.tau_low


def _score(module: str, results: Sequence[ItemResult]) -> Score:
    own = [item.correct for item in results if item.module == module]
    return Score(k=sum(own), n=len(own))
