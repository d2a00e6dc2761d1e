"""The curriculum: plan it, have a person review it, and revise it on the way."""

from collections.abc import Mapping
from pathlib import Path

from langgraph.types import interrupt

from ioa.agents.staging import too_steep
from ioa.graph.curriculum import curriculum_yaml, measured, read_curriculum
from ioa.graph.examination import examine_student, examine_teacher, scores
from ioa.graph.state import Node, RunState, noted
from ioa.graph.workshop import Workshop
from ioa.memory import Curriculum, Diagnosis, Note, Probe, Score, Split
from ioa.memory.errors import UserError
from ioa.memory.files import append_records, read_record, write_text
from ioa.memory.similarity import normalise
from ioa.training import level_probes


def plan(shop: Workshop) -> Node:
    """Order the targets into stages, with bridges where a step is too high."""

    def node(state: RunState) -> RunState:
        with shop.at("plan", state):
            diagnosis = read_record(shop.run.diagnosis, Diagnosis)
            if shop.run.given_curriculum.exists():
                curriculum = measured(read_curriculum(shop.run.given_curriculum, shop.domain()), diagnosis)
                _draw_bridges(shop, curriculum)
                note = Note(sender="planner", receiver="adapter", text="A person has written the curriculum.")
            else:
                curriculum, note = shop.planner().plan(diagnosis)
                gaps = {gap.module: max(0.0, gap.delta or 0.0) for gap in diagnosis.gaps}
                curriculum = bridged(shop, curriculum, gaps, after=0, adapter=None)
            write_text(shop.run.curriculum, curriculum_yaml(curriculum))
            tell(shop, curriculum, note)
            return {
                "stages": len(curriculum.stages),
                "stage": 1,
                "round": 0,
                "adapter": "",
                "notes": noted(note),
            }

    return node


def tell(shop: Workshop, curriculum: Curriculum, note: Note, after: int = 0) -> None:
    """Show the stages after that one."""
    for stage in curriculum.stages[after:]:
        levels = f" ({', '.join(f'{m}: {level}' for m, level in stage.levels.items())})" if stage.levels else ""
        shop.reporter.say(f"Stage {stage.number}, {stage.title}: {', '.join(stage.modules)}{levels}")
    for warning in curriculum.warnings:
        shop.reporter.say(warning)
    shop.reporter.say(f"Planner to Adapter: {note.text}")


def review(shop: Workshop) -> Node:
    """Stop for a person, who may edit `curriculum.yaml`; then check it and go on."""

    def node(state: RunState) -> RunState:
        interrupt({"edit": str(shop.run.curriculum)})
        with shop.at("review", state):
            diagnosis = read_record(shop.run.diagnosis, Diagnosis)
            curriculum = measured(read_curriculum(shop.run.curriculum, shop.domain()), diagnosis)
            _draw_bridges(shop, curriculum)
            write_text(shop.run.curriculum, curriculum_yaml(curriculum))
            note = Note(sender="planner", receiver="adapter", text="A person has reviewed the curriculum.")
            return {"stages": len(curriculum.stages), "notes": noted(note)}

    return node


def difficulty_of(student: Score, teacher: Score) -> float:
    """1 - P_S / P_T, in [0, 1]; 1 where the teacher scored 0."""
    return min(1.0, max(0.0, 1 - student.mean / teacher.mean)) if teacher.k else 1.0


def bridged(
    shop: Workshop, curriculum: Curriculum, difficulty: Mapping[str, float], *, after: int, adapter: Path | None
) -> Curriculum:
    """The curriculum with bridges, for which the easier levels of what is too steep are measured."""
    settings, begun = shop.config.curriculum, max(0, after - 1)
    known = {module: 0.0 for stage in curriculum.stages for module in stage.modules} | dict(difficulty)
    steep = too_steep(curriculum.stages[begun:], known, settings.tau_zpd) if settings.bridges else []
    levels = {module: _levels(shop, module, curriculum, after, adapter) for module in steep}
    return shop.planner().bridge(curriculum, difficulty, levels, after)


def _levels(shop: Workshop, module: str, curriculum: Curriculum, after: int, adapter: Path | None) -> dict[str, float]:
    """1 - P_S / P_T of a module at its easier levels that no bridge has used, easiest first."""
    known = shop.domain().module(module)
    used = {stage.levels[module] for stage in curriculum.stages[:after] if module in stage.levels}
    easier = [level for level in list(known.levels)[: list(known.levels).index(known.exam_level)] if level not in used]
    measured_now = {}
    for level in easier:
        probes = bridge_probes(shop, module, level, Split.DIAGNOSIS)
        if not probes:
            continue
        student = sum(scores(examine_student(shop, f"levels-{after:02d}", probes, adapter)).values(), Score(k=0, n=0))
        answers = examine_teacher(shop, "levels-teacher", probes, "plan", same_items=True)
        teacher = sum(scores(answers).values(), Score(k=0, n=0))
        if teacher.k:
            measured_now[level] = difficulty_of(student, teacher)
    return measured_now


def bridge_probes(shop: Workshop, module: str, level: str, split: Split) -> list[Probe]:
    """The probes of a module at an easier level; drawn when they are first wanted, and kept with the others."""
    name = f"{module}@{level}"

    def own() -> list[Probe]:
        return [probe for probe in shop.probes() if probe.id.rpartition("/")[0].partition("/")[2] == name]

    if not own():
        texts = [probe.question for probe in shop.probes()] + [lesson.problem for lesson in shop.store().examples()]
        taken = {normalise(text) for text in texts}
        drawn = level_probes(
            shop.domain().module(module), level, shop.config.examination, shop.config.seed, taken, shop.bank()
        )
        append_records(shop.run.probes, drawn)
        shop.store().guard(drawn)
        shop.parts.pop("adapter", None)  # it knows what it may not show
    return [probe for probe in own() if probe.split == split]


def _draw_bridges(shop: Workshop, curriculum: Curriculum) -> None:
    """The probes of the bridges that a person wrote.

    Raises:
        UserError: a level has too few problems to be examined.
    """
    for stage in curriculum.stages:
        for module, level in stage.levels.items():
            if not bridge_probes(shop, module, level, Split.GATE):
                raise UserError(
                    f"Stage {stage.number} is a bridge to {module} at level {level!r}, of which there are too few "
                    "problems to examine it. Take the bridge out of the curriculum, or give the level more problems."
                )
