"""The mastery gate: Eq. 9, and what its items leave open."""

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

from ioa.memory.records import GateResult, Score, Verdict


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


def verdict(student: Score, teacher: Score, share: float, confidence: float) -> Verdict:
    """Whether the student has that share of the teacher's score, or too few items were asked to say so.

    A teacher that answered all of its n items right is taken at its word: the students' items decide. One that
    scored 0 has nothing to be compared with: not mastered.
    """
    if teacher.k == 0:
        return Verdict.NOT_MASTERED
    # The interval of n of n still reaches down, and would leave students open that have plainly failed.
    if teacher.k == teacher.n:
        low, high = (bound - share for bound in student.wilson(confidence))
    else:
        low, high = contrast(student, teacher, share, confidence)
    if low >= 0:
        return Verdict.MASTERED
    return Verdict.NOT_MASTERED if high < 0 else Verdict.NEEDS_ITEMS


def gate(
    student: Mapping[str, Score],
    teacher: Mapping[str, Score],
    modules: Iterable[str],
    tau: float,
    confidence: float = 0.8,
) -> tuple[GateResult, ...]:
    """Eq. 9 for each module: mastered iff P_S(k) / P_T(k) >= tau.

    Where the teacher scored 0 the ratio is 0 and nothing is mastered: there was nobody to learn it from.
    Counted in whole numbers, so that 18 of 20 against 20 of 20 is exactly 0.9.

    Args:
        student: P_S by module.
        teacher: P_T by module.
        modules: Ids of the modules at the gate, in the order of the result.
        tau: tau_mastery, in (0, 1].
        confidence: Of the verdict that stands beside it, in (0, 1).

    Raises:
        KeyError: a module was not examined.
    """
    # By its text: the float 0.9 is a little more than 9/10, and 18 of 20 would fall short of it.
    threshold = Fraction(str(tau))
    results = []
    for module in modules:
        pupil, master = student[module], teacher[module]
        ratio = Fraction(pupil.k * master.n, pupil.n * master.k) if pupil.n and master.k else Fraction(0)
        results.append(
            GateResult(
                module=module,
                student=pupil,
                teacher=master,
                ratio=float(ratio),
                mastered=bool(master.k) and ratio >= threshold,
                verdict=verdict(pupil, master, tau, confidence),
            )
        )
    return tuple(results)
