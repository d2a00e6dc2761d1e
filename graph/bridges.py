"""Bridges: where a module is too hard a step (Eq. 8), its easier levels are measured, and one of them comes first."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from ioa.agents.staging import steep_steps
from ioa.graph.context import RunContext
from ioa.graph.planned_difficulty import difficulty_of, reached_difficulty
from ioa.graph.run_examinations import examine_student, examine_teacher
from ioa.memory import Curriculum, Probe, Score, Split
from ioa.memory.domains.families.forms import item_key
from ioa.memory.domains.procedural import level_seed, supply
from ioa.memory.errors import UserError
from ioa.memory.files import append_records
from ioa.memory.records import Generator
from ioa.training import can_teach, level_probes


def add_bridges(
    ctx: RunContext, curriculum: Curriculum, difficulty: Mapping[str, float], *, after: int, adapter: Path | None
) -> Curriculum:
    """The curriculum with bridges, for which the easier levels of what is too steep are measured.

    Where all targets are taught together, nothing comes before them.
    """
    settings = ctx.config.curriculum
    if settings.stages == "one":
        return curriculum
    known = {module: 0.0 for stage in curriculum.stages for module in stage.modules} | dict(difficulty)
    reached = reached_difficulty(ctx, curriculum, after)
    taught = [{module: known[module] for module in stage.modules} for stage in curriculum.stages[after:]]
    left = settings.most_bridges - sum(bool(stage.levels) for stage in curriculum.stages[:after])
    wanted = settings.bridges and left > 0
    steep = [module for step in steep_steps(taught, settings.tau_zpd, reached) for module in step.modules]
    levels = {module: _levels(ctx, module, curriculum, after, adapter) for module in steep if wanted}
    return ctx.planner().bridge(curriculum, difficulty, levels, after, reached)


def _levels(ctx: RunContext, module: str, curriculum: Curriculum, after: int, adapter: Path | None) -> dict[str, float]:
    """1 - P_S / P_T of a module at its easier levels that no bridge has used, easiest first."""
    known = ctx.domain().module(module)
    used = {stage.levels[module] for stage in curriculum.stages[:after] if module in stage.levels}
    easier = [level for level in list(known.levels)[: list(known.levels).index(known.exam_level)] if level not in used]
    measured_now = {}
    for level in easier:
        probes = bridge_probes(ctx, module, level, Split.DIAGNOSIS) if _enough_problems(ctx, module, level) else []
        if not probes:
            continue
        student = Score.of(examine_student(ctx, f"levels-{after:02d}", probes, adapter))
        teacher = Score.of(examine_teacher(ctx, "levels-teacher", probes, "plan", same_items=True))
        if can_teach(teacher, ctx.config.diagnosis.least_teacher):
            measured_now[level] = difficulty_of(student, teacher)
    return measured_now


def _enough_problems(ctx: RunContext, module: str, level: str) -> bool:
    """Whether a level has enough different problems for a bridge to be examined and taught.

    For problems of a generator: written ones are all kept for lessons, which `bridge_probes` says.
    """
    known = ctx.domain().module(module)
    generator = known.levels[level]
    if not isinstance(generator, Generator) or _own_probes(ctx, module, level):
        return True
    settings = ctx.config.examination
    lessons = ctx.config.curriculum.bridge_lessons or ctx.config.synthesis.per_module
    wanted = settings.size(Split.DIAGNOSIS) + settings.size(Split.GATE) + lessons
    begin = level_seed(ctx.config.seed, module, level)
    there = supply(generator, seed=begin, exclude=_taken(ctx), examined=True)
    return sum(1 for _ in islice(there, wanted)) == wanted


def _taken(ctx: RunContext) -> set[str]:
    """Keys of what is asked or taught already."""
    taken = {item_key(probe.question, probe.answer) for probe in ctx.probes()}
    return taken | {item_key(lesson.problem, lesson.answer) for lesson in ctx.store().examples()}


def _own_probes(ctx: RunContext, module: str, level: str) -> list[Probe]:
    """The probes of a module at an easier level that were drawn so far."""
    name = f"{module}@{level}"
    return [probe for probe in ctx.probes() if probe.id.rpartition("/")[0].partition("/")[2] == name]


def bridge_probes(ctx: RunContext, module: str, level: str, split: Split) -> list[Probe]:
    """The probes of a module at an easier level; drawn when they are first wanted, and kept with the others."""
    if not _own_probes(ctx, module, level):
        drawn = level_probes(
            ctx.domain().module(module), level, ctx.config.examination, ctx.config.seed, _taken(ctx), ctx.bank()
        )
        append_records(ctx.run.probes, drawn)
        ctx.store().guard(drawn)
        ctx.parts.pop("adapter", None)  # it knows what it may not show
    return [probe for probe in _own_probes(ctx, module, level) if probe.split == split]


def draw_bridges(ctx: RunContext, curriculum: Curriculum) -> None:
    """The probes of the bridges that a person wrote.

    Raises:
        UserError: a level has too few problems to be examined.
    """
    for stage in curriculum.stages:
        for module, level in stage.levels.items():
            if not bridge_probes(ctx, module, level, Split.GATE):
                raise UserError(
                    f"Stage {stage.number} is a bridge to {module} at level {level!r}, of which there are too few "
                    "problems to examine it. Take the bridge out of the curriculum, or give the level more problems."
                )
