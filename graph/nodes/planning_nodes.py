"""The curriculum: plan it, have a person review it, and revise it on the way."""

from collections.abc import Mapping
from pathlib import Path

from langgraph.types import interrupt

from ioa.agents.staging import too_steep
from ioa.graph.context import RunContext
from ioa.graph.curriculum_file import curriculum_yaml, measured, read_curriculum
from ioa.graph.run_examinations import examine_student, examine_teacher, scores
from ioa.graph.state import Node, RunState, noted
from ioa.memory import Curriculum, Diagnosis, Note, Probe, Score, Split
from ioa.memory.errors import UserError
from ioa.memory.files import append_records, read_record, write_text
from ioa.memory.similarity import normalise
from ioa.training import level_probes


def plan(ctx: RunContext) -> Node:
    """Order the targets into stages, with bridges where a step is too high."""

    def node(state: RunState) -> RunState:
        with ctx.at("plan", state):
            diagnosis = read_record(ctx.run.diagnosis, Diagnosis)
            if ctx.run.given_curriculum.exists():
                curriculum = measured(read_curriculum(ctx.run.given_curriculum, ctx.domain()), diagnosis)
                _draw_bridges(ctx, curriculum)
                note = Note(sender="planner", receiver="adapter", text="A person has written the curriculum.")
            else:
                curriculum, note = ctx.planner().plan(diagnosis)
                gaps = {gap.module: max(0.0, gap.delta or 0.0) for gap in diagnosis.gaps}
                curriculum = bridged(ctx, curriculum, gaps, after=0, adapter=None)
            write_text(ctx.run.curriculum, curriculum_yaml(curriculum))
            tell(ctx, curriculum, note)
            return {
                "stages": len(curriculum.stages),
                "stage": 1,
                "round": 0,
                "adapter": "",
                "notes": noted(note),
            }

    return node


def tell(ctx: RunContext, curriculum: Curriculum, note: Note, after: int = 0) -> None:
    """Show the stages after that one."""
    for stage in curriculum.stages[after:]:
        levels = f" ({', '.join(f'{m}: {level}' for m, level in stage.levels.items())})" if stage.levels else ""
        ctx.reporter.say(f"Stage {stage.number}, {stage.title}: {', '.join(stage.modules)}{levels}")
    for warning in curriculum.warnings:
        ctx.reporter.say(warning)
    ctx.reporter.say(f"Planner to Adapter: {note.text}")


def review(ctx: RunContext) -> Node:
    """Stop for a person, who may edit `curriculum.yaml`; then check it and go on."""

    def node(state: RunState) -> RunState:
        interrupt({"edit": str(ctx.run.curriculum)})
        with ctx.at("review", state):
            diagnosis = read_record(ctx.run.diagnosis, Diagnosis)
            curriculum = measured(read_curriculum(ctx.run.curriculum, ctx.domain()), diagnosis)
            _draw_bridges(ctx, curriculum)
            write_text(ctx.run.curriculum, curriculum_yaml(curriculum))
            note = Note(sender="planner", receiver="adapter", text="A person has reviewed the curriculum.")
            return {"stages": len(curriculum.stages), "notes": noted(note)}

    return node


def difficulty_of(student: Score, teacher: Score) -> float:
    """1 - P_S / P_T, in [0, 1]; 1 where the teacher scored 0."""
    return min(1.0, max(0.0, 1 - student.mean / teacher.mean)) if teacher.k else 1.0


def bridged(
    ctx: RunContext, curriculum: Curriculum, difficulty: Mapping[str, float], *, after: int, adapter: Path | None
) -> Curriculum:
    """The curriculum with bridges, for which the easier levels of what is too steep are measured."""
    settings, begun = ctx.config.curriculum, max(0, after - 1)
    known = {module: 0.0 for stage in curriculum.stages for module in stage.modules} | dict(difficulty)
    steep = too_steep(curriculum.stages[begun:], known, settings.tau_zpd) if settings.bridges else []
    levels = {module: _levels(ctx, module, curriculum, after, adapter) for module in steep}
    return ctx.planner().bridge(curriculum, difficulty, levels, after)


def _levels(ctx: RunContext, module: str, curriculum: Curriculum, after: int, adapter: Path | None) -> dict[str, float]:
    """1 - P_S / P_T of a module at its easier levels that no bridge has used, easiest first."""
    known = ctx.domain().module(module)
    used = {stage.levels[module] for stage in curriculum.stages[:after] if module in stage.levels}
    easier = [level for level in list(known.levels)[: list(known.levels).index(known.exam_level)] if level not in used]
    measured_now = {}
    for level in easier:
        probes = bridge_probes(ctx, module, level, Split.DIAGNOSIS)
        if not probes:
            continue
        student = sum(scores(examine_student(ctx, f"levels-{after:02d}", probes, adapter)).values(), Score(k=0, n=0))
        answers = examine_teacher(ctx, "levels-teacher", probes, "plan", same_items=True)
        teacher = sum(scores(answers).values(), Score(k=0, n=0))
        if teacher.k:
            measured_now[level] = difficulty_of(student, teacher)
    return measured_now


def bridge_probes(ctx: RunContext, module: str, level: str, split: Split) -> list[Probe]:
    """The probes of a module at an easier level; drawn when they are first wanted, and kept with the others."""
    name = f"{module}@{level}"

    def own() -> list[Probe]:
        return [probe for probe in ctx.probes() if probe.id.rpartition("/")[0].partition("/")[2] == name]

    if not own():
        texts = [probe.question for probe in ctx.probes()] + [lesson.problem for lesson in ctx.store().examples()]
        taken = {normalise(text) for text in texts}
        drawn = level_probes(
            ctx.domain().module(module), level, ctx.config.examination, ctx.config.seed, taken, ctx.bank()
        )
        append_records(ctx.run.probes, drawn)
        ctx.store().guard(drawn)
        ctx.parts.pop("adapter", None)  # it knows what it may not show
    return [probe for probe in own() if probe.split == split]


def _draw_bridges(ctx: RunContext, curriculum: Curriculum) -> None:
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
