"""The mastery gate: Eq. 9, and what its items leave open."""

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

from ioa.memory.records import GateResult, Score, Verdict

ERRING = 3
"""So many times fewer errors of the interval where the teacher erred: the score of the teacher varies as well, and a
student at 0.85 of a teacher at 0.9 would pass a gate of 0.9 in 29 of 100 single sittings, at 0.85 of one at 1 in 15."""


def contrast(student: Score, teacher: Score, share: float, confidence: float) -> tuple[float, float]:
    """Interval for P_S - share * P_T, from the Wilson intervals of both.

    The method of variance estimates recovery (Zou and Donner 2008): the distances from each mean to its own
    bounds are added as variances would be.

    Args:
        student: P_S.
        teacher: P_T.
        share: What part of the teacher's score is in question, such as tau_mastery or 1 - tau_gap.
        confidence: Two-sided, in (0, 1).

    Returns:
        (low, high); both above 0: the student has that share; both below: it has not.
    """
    (low_s, high_s), (low_t, high_t) = student.wilson(confidence), teacher.wilson(confidence)
    middle = student.mean - share * teacher.mean
    down = math.hypot(student.mean - low_s, share * (high_t - teacher.mean))
    up = math.hypot(high_s - student.mean, share * (teacher.mean - low_t))
    return middle - down, middle + up


def verdict(
    student: Score, teacher: Score, share: float, confidence: float, *, sure: float | None = None, least: float = 0.0
) -> Verdict:
    """Whether the student has that share of the teacher's score, or too few items were asked to say so.

    A teacher that answered all of its n items right is taken at its word: the students' items decide. One that
    scored 0, or less than `least`, has nothing to be compared with: not mastered.

    Args:
        student: P_S.
        teacher: P_T.
        share: As of `contrast`.
        confidence: Of the interval that decides.
        sure: The same for the side that is mastered, where that is to be more certain; see `reaches`.
        least: Least P_T that anything is compared with, `diagnosis.least_teacher`.
    """
    if not can_teach(teacher, least):
        return Verdict.NOT_MASTERED
    wanted = max(confidence, _wanted(teacher, sure))
    if wanted < 1 and _bounds(student, teacher, share, wanted)[0] >= 0:
        return Verdict.MASTERED
    return Verdict.NOT_MASTERED if _bounds(student, teacher, share, confidence)[1] < 0 else Verdict.NEEDS_ITEMS


def can_teach(teacher: Score, least: float) -> bool:
    """Whether the teacher has a score that a student's can be compared with."""
    return teacher.k > 0 and Fraction(teacher.k, teacher.n) >= Fraction(str(least))


def reaches(student: Score, teacher: Score, share: float, sure: float | None = None) -> bool:
    """Eq. 9 of a module, counted in whole numbers, so that 18 of 20 against 20 of 20 is exactly 0.9.

    Args:
        student: P_S.
        teacher: P_T.
        share: tau_mastery.
        sure: Confidence of an interval that has to lie above the threshold as well; 1: none does; none: the estimate
            decides. Beside a teacher that erred, whose score is uncertain too, the confidence is one with `ERRING`
            times fewer errors.
    """
    # By its text: the float 0.9 is a little more than 9/10, and 18 of 20 would fall short of it.
    if not teacher.k or not student.n or _ratio(student, teacher) < Fraction(str(share)):
        return False
    wanted = _wanted(teacher, sure)
    return not wanted or (wanted < 1 and _bounds(student, teacher, share, wanted)[0] >= 0)


def _wanted(teacher: Score, sure: float | None) -> float:
    if sure is None or teacher.k == teacher.n:
        return sure or 0.0
    return 1 - (1 - sure) / ERRING


def _ratio(student: Score, teacher: Score) -> Fraction:
    return Fraction(student.k * teacher.n, student.n * teacher.k)


def _bounds(student: Score, teacher: Score, share: float, confidence: float) -> tuple[float, float]:
    # The interval of n of n still reaches down, and would leave students open that have plainly failed.
    if teacher.k == teacher.n:
        low, high = student.wilson(confidence)
        return low - share, high - share
    return contrast(student, teacher, share, confidence)


def gate(
    student: Mapping[str, Score],
    teacher: Mapping[str, Score],
    modules: Iterable[str],
    tau: float,
    confidence: float = 0.8,
    *,
    sure: Mapping[str, float | None] | None = None,
    least: float = 0.0,
) -> tuple[GateResult, ...]:
    """Eq. 9 for each module: mastered iff P_S(k) / P_T(k) >= tau.

    Where the teacher scored 0, or less than `least`, the ratio is 0 and nothing is mastered: there was nobody to learn
    it from.

    Args:
        student: P_S by module.
        teacher: P_T by module.
        modules: Ids of the modules at the gate, in the order of the result.
        tau: tau_mastery, in (0, 1].
        confidence: Of the verdict that stands beside it, in (0, 1).
        sure: How certain it has to be by module, where the estimate alone does not decide; see `reaches`.
        least: Least P_T, `diagnosis.least_teacher`.

    Raises:
        KeyError: a module was not examined.
    """
    results = []
    for module in modules:
        pupil, master, wanted = student[module], teacher[module], (sure or {}).get(module)
        able = can_teach(master, least)
        results.append(
            GateResult(
                module=module,
                student=pupil,
                teacher=master,
                ratio=float(_ratio(pupil, master)) if able and pupil.n else 0.0,
                mastered=able and reaches(pupil, master, tau, wanted),
                verdict=verdict(pupil, master, tau, confidence, sure=wanted, least=least),
            )
        )
    return tuple(results)
