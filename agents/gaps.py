"""Gaps, severity and targets: equations 2, 4, 5 and 6 of the method."""

import math
import random
from collections.abc import Collection, Mapping, Sequence

from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.memory.records import Edge, Gap, Score

ROUNDING = 1e-9
"""So that 7 of 10 against 10 of 10, a gap of exactly 0.3, does not exceed a threshold of 0.3."""


def relative_gap(student: Score, teacher: Score, least: float = 0.0) -> float | None:
    """Eq. 2: (P_T - P_S) / P_T; none where the teacher scored 0 or less than `least`: it cannot teach that module."""
    if teacher.k == 0 or teacher.mean < least - ROUNDING:
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
    spent: Collection[str] = (),
    seed: int = 0,
) -> tuple[Gap, ...]:
    """Measure every module's gap and choose the targets (Eq. 2, 4, 5 and 6).

    Args:
        student: P_S by module.
        teacher: P_T by the same modules.
        edges: The prerequisite graph.
        settings: The thresholds.
        spent: Modules of which nothing new is left to teach: none of them is a target.
        seed: Of targets that are drawn at random, where the settings say so.

    Returns:
        One gap a module, in the order of `student`.
    """
    deltas = {module: relative_gap(score, teacher[module], settings.least_teacher) for module, score in student.items()}
    severities = {
        module: 0.0 if delta is None else severity(module, delta, edges, settings.alpha)
        for module, delta in deltas.items()
    }
    bound = settings.tau_gap + ROUNDING
    deficient = [module for module, delta in deltas.items() if delta is not None and delta > bound]
    teachable = [module for module in deficient if module not in spent]
    count = math.ceil(settings.top_share * len(teachable))  # up: one deficient module is always a target
    # By id among equals, so that a resumed run chooses the same.
    worst = sorted(teachable, key=lambda module: (-severities[module], module))[:count]
    if settings.selection == "random":
        able = [module for module, delta in deltas.items() if delta is not None and module not in spent]
        worst = random.Random(f"{seed}/targets").sample(able, count)
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
