"""Cycles of diagnosis, plan and teaching: whether there is to be another, and what the last one found."""

from collections import Counter

from ioa.graph.context import RunContext
from ioa.graph.lesson_budget import lessons_left
from ioa.memory import Diagnosis
from ioa.memory.files import read_record


def last_diagnosis(ctx: RunContext, stage: int) -> Diagnosis:
    """What the stage was planned by: the run's diagnosis, or that of the cycle to which the stage belongs."""
    began = [cycle.after for cycle in ctx.curriculum().cycles if cycle.after < stage]
    return read_record(ctx.run.diagnosis_after(began[-1]) if began else ctx.run.diagnosis, Diagnosis)


def cycle_due(ctx: RunContext) -> bool:
    """Whether the domain is diagnosed again, now that all stages are over.

    Not where a person gave or reviewed the plan, which is taught as it stands, nor where it ends with a consolidation.
    """
    settings, left = ctx.config.curriculum, lessons_left(ctx)
    by_person = settings.review or ctx.run.given_curriculum.exists()
    if by_person or ctx.curriculum().consolidated or left == 0:
        return False
    if settings.cycles is None:
        return ctx.config.budget.bounds_teaching
    return 1 + len(ctx.curriculum().cycles) < settings.cycles


def spent_modules(ctx: RunContext) -> set[str]:
    """Modules whose last stage brought too few new lessons to be taught: their problems are used up."""
    stages = [stage for stage in ctx.curriculum().stages if not stage.consolidation]
    last = {module: stage.number for stage in stages for module in stage.modules if module not in stage.levels}
    brought = Counter((lesson.module, lesson.stage) for lesson in ctx.store().examples())
    least = max(1, ctx.config.training.least_new)
    return {module for module, stage in last.items() if brought[module, stage] < least}
