"""Between a training and its examination the student practises: what it solves by itself is taught with the lessons."""

from collections import Counter

from ioa.graph.context import RunContext
from ioa.graph.decisions import record_verdicts
from ioa.graph.practice import practise_round
from ioa.graph.state import Node, RunState, dump_notes, remediations
from ioa.memory import Note, Remedy
from ioa.memory.files import write_records
from ioa.memory.records import Kind


def practise(ctx: RunContext) -> Node:
    """Have the student solve new problems, and accept its right solutions as the lessons of a further round.

    The round after it goes on from there, on all lessons of the stage and these. Where it brings fewer than
    `training.least_new`, nothing is trained, and the stage is examined as it is.
    """

    def node(state: RunState) -> RunState:
        stage, round_ = state["stage"], state["round"]
        made, solved, asked = practise_round(ctx, stage, round_)
        with ctx.store().alone():
            repeated = ctx.store().find_duplicates([lesson.problem for lesson in made])
            fresh = [one for one, hit in zip(made, repeated, strict=True) if hit is None or hit.other == one.id]
            enough = len(fresh) >= max(1, ctx.config.training.least_new)
            ctx.store().add(fresh if enough else ())
        new = Counter(lesson.module for lesson in fresh)
        text = f"Practice: of {sum(asked.values())} new problems the student solved {solved} as a lesson does it."
        text += f" {len(fresh)} of its solutions are taught." if enough else " That is too little to train on."
        ctx.message(text)
        note = Note(sender="examiner", receiver="trainer", text=text, stage=stage, round=round_)
        practised = state.get("practised", 0) + 1
        if not enough:
            return {"practised": practised, "practice_due": False, "notes": dump_notes(note)}
        wanted = [
            Remedy(
                module=module,
                diagnosis="",
                kind=Kind.PRACTICE,
                level=next(lesson.level for lesson in fresh if lesson.module == module),
                strategies=(),
                lessons=asked[module],
                reason="The student's own right solutions of new problems.",
            )
            for module in asked
            if new[module]
        ]
        write_records(ctx.run.remedies(stage, round_ + 1), wanted)
        record_verdicts(ctx, "practise", {}, accepted=fresh)
        return {"round": round_ + 1, "practised": practised, "practice_due": True, "notes": dump_notes(note)}

    return node


def practice_wanted(ctx: RunContext, state: RunState) -> bool:
    """Whether the student practises before it is examined: after a training on first lessons, not after remedies."""
    stage = ctx.curriculum().stages[state["stage"] - 1]
    if remediations(state) or stage.consolidation or not state.get("trained", True):
        return False
    times = ctx.config.practice.times(bounded=_bounded(ctx))
    return state.get("practised", 0) < times and state.get("practice_due", True)


def _bounded(ctx: RunContext) -> bool:
    """Whether what a teacher writes is bounded, so that practice, which asks no teacher, is the way to more."""
    budget = ctx.config.budget
    return budget.lessons is not None or budget.teacher_tokens is not None
