"""The mastery gate."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from ioa.memory.records import Assessment, GateResult, Score


def best_round(assessments: Sequence[Assessment]) -> Assessment:
    """The assessment of a stage whose adapter is kept.

    Most modules mastered first, then the highest mean ratio; of equals the later one, which has seen more.
    """

    def quality(assessment: Assessment) -> tuple[int, float, int]:
        ratios = [result.ratio for result in assessment.gate]
        return sum(result.mastered for result in assessment.gate), sum(ratios) / len(ratios), assessment.round

    return max(assessments, key=quality)


def gate(
    student: Mapping[str, Score], teacher: Mapping[str, Score], modules: Iterable[str], tau: float
) -> tuple[GateResult, ...]:
    """Eq. 9 for each module: mastered iff P_S(k) / P_T(k) >= tau.

    Where the teacher scored 0 the ratio is 0 and nothing is mastered: there was nobody to learn it from.
    Counted in whole numbers, so that 18 of 20 against 20 of 20 is exactly 0.9.

    Args:
        student: P_S by module.
        teacher: P_T by module.
        modules: Ids of the modules at the gate, in the order of the result.
        tau: tau_mastery, in (0, 1].

    Raises:
        KeyError: a module was not examined.
    """
    threshold = Fraction(str(tau))
    results = []
    for module in modules:
        pupil, master = student[module], teacher[module]
        ratio = Fraction(pupil.k * master.n, pupil.n * master.k) if pupil.n and master.k else Fraction(0)
        mastered = bool(master.k) and ratio >= threshold
        results.append(GateResult(module=module, student=pupil, teacher=master, ratio=float(ratio), mastered=mastered))
    return tuple(results)
