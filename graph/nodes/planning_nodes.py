"""The curriculum: plan it, and have a person review it."""

from pathlib import Path

from langgraph.types import interrupt

from ioa.agents import with_consolidation
from ioa.graph.bridges import add_bridges, draw_bridges
from ioa.graph.context import RunContext
from ioa.graph.curriculum_file import curriculum_yaml, read_curriculum, with_measured_difficulty
from ioa.graph.planned_difficulty import diagnosed_difficulty
from ioa.graph.state import Node, RunState, dump_notes
from ioa.memory import Curriculum, Diagnosis, Note
from ioa.memory.files import read_record, write_text


def plan(ctx: RunContext) -> Node:
    """Order the targets into stages, with bridges where a step is too high."""

    def node(_state: RunState) -> RunState:
        diagnosis = read_record(ctx.run.diagnosis, Diagnosis)
        if ctx.run.given_curriculum.exists():
            curriculum = _persons_plan(ctx, ctx.run.given_curriculum)
            note = Note(sender="planner", receiver="adapter", text="A person has written the curriculum.")
        else:
            curriculum, note = ctx.planner().plan(diagnosis)
            curriculum = add_bridges(ctx, curriculum, diagnosed_difficulty(diagnosis), after=0, adapter=None)
            curriculum = with_consolidation(curriculum, wanted=_consolidates(ctx))
        write_text(ctx.run.curriculum, curriculum_yaml(curriculum))
        show_plan(ctx, curriculum, note)
        return {
            "stages": len(curriculum.stages),
            "stage": 1,
            "round": 0,
            "remediation": 0,
            "portion_due": False,
            "adapter": "",
            "notes": dump_notes(note),
        }

    return node


def _persons_plan(ctx: RunContext, path: Path) -> Curriculum:
    """A plan that a person wrote or edited, with what was measured and the consolidation that this run gives it."""
    known = with_measured_difficulty(read_curriculum(path, ctx.domain()), read_record(ctx.run.diagnosis, Diagnosis))
    draw_bridges(ctx, known)
    return with_consolidation(known, wanted=_consolidates(ctx))


def _consolidates(ctx: RunContext) -> bool:
    return ctx.config.training.consolidation > 0


def show_plan(ctx: RunContext, curriculum: Curriculum, note: Note, after: int = 0) -> None:
    """Show the stages after that one."""
    for stage in curriculum.stages[after:]:
        levels = f" ({', '.join(f'{m}: {level}' for m, level in stage.levels.items())})" if stage.levels else ""
        ctx.message(f"Stage {stage.number}, {stage.title}: {', '.join(stage.modules)}{levels}")
    for warning in curriculum.warnings:
        ctx.message(warning)
    ctx.message(f"Planner to Adapter: {note.text}")


def review(ctx: RunContext) -> Node:
    """Stop for a person, who may edit `curriculum.yaml`; then check it and go on."""

    def node(_state: RunState) -> RunState:
        interrupt({"edit": str(ctx.run.curriculum)})
        curriculum = _persons_plan(ctx, ctx.run.curriculum)
        write_text(ctx.run.curriculum, curriculum_yaml(curriculum))
        note = Note(sender="planner", receiver="adapter", text="A person has reviewed the curriculum.")
        return {"stages": len(curriculum.stages), "notes": dump_notes(note)}

    return node
