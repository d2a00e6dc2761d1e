"""Revising the rest of the plan when a stage is over."""

from collections.abc import Collection, Mapping, Sequence

from ioa.agents.staging import dependents
from ioa.graph.context import RunContext
from ioa.graph.curriculum_file import curriculum_yaml
from ioa.graph.nodes.planning_nodes import bridged, difficulty_of, tell
from ioa.graph.run_examinations import examine_student, kept_assessment, recorded, scores, select
from ioa.graph.state import Node, RunState, noted
from ioa.memory import Curriculum, Diagnosis, Note, Score, Split, Stage, Verdict
from ioa.memory.files import read_record, write_text
from ioa.memory.records import Edge, Revision
from ioa.training import verdict


def revise(ctx: RunContext) -> Node:
    """Measure what is still to come anew, and revise the rest of the plan where that changes something."""

    def node(state: RunState) -> RunState:
        with ctx.at("revise", state):
            after, curriculum = state["stage"] - 1, ctx.curriculum()
            if any(revision.after == after for revision in curriculum.revisions):  # before the run was killed
                return {"stages": len(curriculum.stages)}
            revised, note = _revised(ctx, curriculum, after, state["adapter"])
            write_text(ctx.run.curriculum, curriculum_yaml(revised))
            return {"stages": len(revised.stages), "notes": noted(*([note] if note else []))}

    return node


def _revised(ctx: RunContext, curriculum: Curriculum, after: int, adapter: str) -> tuple[Curriculum, Note | None]:
    diagnosis = read_record(ctx.run.diagnosis, Diagnosis)
    left = _to_come(curriculum, after)
    by_person = ctx.config.curriculum.review or ctx.run.given_curriculum.exists()
    skipped = _skipped(ctx, curriculum, () if by_person else diagnosis.edges, after, left)
    changes = [f"{module} is left out: it needs what was not mastered." for module in sorted(skipped)]
    if by_person or not ctx.config.curriculum.revise:
        if not changes:
            return curriculum, None
        kept = curriculum.model_copy(update={"stages": _without(curriculum, after, skipped)})
        said = Revision(after=after, reason="What was not mastered is needed later.", changes=tuple(changes))
        return _logged(kept, said, sorted(skipped)), None
    forgotten = _forgotten(ctx, curriculum, after)
    now = _measure(ctx, [*(m for m in left if m not in skipped), *forgotten], after, adapter)
    mastered = _mastered(ctx, now)
    changes += [f"{m} fell below the gate untaught: it is taught." for m in forgotten if m not in mastered]
    changes += [f"{m} is left out: it is mastered without being taught." for m in mastered if m not in forgotten]
    difficulty = {module: difficulty_of(*scores) for module, scores in now.items() if module not in mastered}
    reason, moved = _moves(_planned(ctx, diagnosis, curriculum), difficulty, ctx.config.curriculum.revise_from)
    revision = Revision(after=after, reason=reason, changes=tuple(changes))
    dropped = sorted((set(left) - set(difficulty)) | skipped)
    if not difficulty:
        return _logged(curriculum.model_copy(update={"stages": curriculum.stages[:after]}), revision, dropped), None
    if not changes and not moved:
        return _logged(curriculum, revision, dropped), None
    return _planned_anew(ctx, curriculum, difficulty, revision, dropped, adapter)


def _planned_anew(
    ctx: RunContext,
    curriculum: Curriculum,
    difficulty: Mapping[str, float],
    revision: Revision,
    dropped: Sequence[str],
    adapter: str,
) -> tuple[Curriculum, Note]:
    diagnosis, after = read_record(ctx.run.diagnosis, Diagnosis), revision.after
    reason = " ".join([revision.reason, *revision.changes])
    revised, note = ctx.planner().revise(diagnosis, curriculum, after, difficulty, reason)
    revised = bridged(ctx, revised, difficulty, after=after, adapter=ctx.run.root / adapter if adapter else None)
    changes = revision.changes
    if [stage.modules for stage in revised.stages[after:]] != [stage.modules for stage in curriculum.stages[after:]]:
        order = "; ".join(", ".join(stage.modules) for stage in revised.stages[after:])
        changes = (*changes, f"The stages to come are now: {order}.")
    tell(ctx, revised, note, after)
    said = revision.model_copy(update={"changes": changes, "anew": True})
    return _logged(revised, said, dropped), note


def _logged(curriculum: Curriculum, revision: Revision, dropped: Sequence[str]) -> Curriculum:
    said = revision.model_copy(update={"dropped": tuple(dropped)})
    return curriculum.model_copy(update={"revisions": (*curriculum.revisions, said)})


def _to_come(curriculum: Curriculum, after: int) -> list[str]:
    stages = curriculum.stages[after:]
    return list(dict.fromkeys(module for stage in stages for module in stage.modules if module not in stage.levels))


def _without(curriculum: Curriculum, after: int, skipped: Collection[str]) -> tuple[Stage, ...]:
    stages = [
        stage.model_copy(
            update={
                "modules": tuple(module for module in stage.modules if module not in skipped),
                "levels": {module: level for module, level in stage.levels.items() if module not in skipped},
            }
        )
        for stage in curriculum.stages[after:]
    ]
    left = [*curriculum.stages[:after], *(stage for stage in stages if stage.modules)]
    return tuple(stage.model_copy(update={"number": number}) for number, stage in enumerate(left, start=1))


def _skipped(
    ctx: RunContext, curriculum: Curriculum, edges: Sequence[Edge], after: int, left: Collection[str]
) -> set[str]:
    """What is not taught because the stage that is over was not mastered, where the config says so.

    In a plan of a person's only its own prerequisites count: the pairs that were left in it.
    """
    over = curriculum.stages[after - 1]
    if ctx.config.mastery.on_failure != "skip" or over.levels:
        return set()
    missed = [result.module for result in kept_assessment(ctx, after).gate if not result.mastered]
    own = [(need.earlier, need.later) for need in curriculum.prerequisites]
    return dependents(missed, left, [*own, *((edge.source, edge.target) for edge in edges)]) if missed else set()


def _forgotten(ctx: RunContext, curriculum: Curriculum, after: int) -> list[str]:
    """Modules that the student could do before anything was taught, and clearly cannot do any more.

    Clearly: near the gate, chance alone puts one of several below it.
    """
    planned = set(curriculum.planned)
    return [
        result.module
        for result in kept_assessment(ctx, after).earlier
        if result.module not in planned and result.verdict is Verdict.NOT_MASTERED
    ]


def _measure(ctx: RunContext, modules: Collection[str], after: int, adapter: str) -> dict[str, tuple[Score, Score]]:
    """P_S now and P_T of modules, on the first items of the diagnosis split."""
    probes, lora = select(ctx, Split.DIAGNOSIS, modules), ctx.run.root / adapter if adapter else None
    student = scores(examine_student(ctx, f"revision-{after:02d}", probes, lora))
    teacher = scores(recorded(ctx, "diagnosis-teacher"))
    return {module: (student[module], teacher[module]) for module in modules}


def _mastered(ctx: RunContext, now: Mapping[str, tuple[Score, Score]]) -> list[str]:
    tau, confidence = ctx.config.mastery.tau_mastery, ctx.config.examination.confidence
    return [
        module
        for module, (student, teacher) in now.items()
        if verdict(student, teacher, tau, confidence) is Verdict.MASTERED
    ]


def _planned(ctx: RunContext, diagnosis: Diagnosis, curriculum: Curriculum) -> dict[str, float]:
    """The difficulty by which each module was planned last: at the diagnosis, or when the plan was last made anew."""
    known = {gap.module: max(0.0, gap.delta or 0.0) for gap in diagnosis.gaps}
    teacher = scores(recorded(ctx, "diagnosis-teacher"))
    for revision in curriculum.revisions:
        if revision.anew:
            now = scores(recorded(ctx, f"revision-{revision.after:02d}"))
            known |= {module: difficulty_of(score, teacher[module]) for module, score in now.items()}
    return known


def _moves(before: Mapping[str, float], now: Mapping[str, float], bound: float) -> tuple[str, bool]:
    """What was measured, in words, and whether anything moved far enough to plan anew."""
    told = [f"{module} {before.get(module, 1.0):.2f} -> {d:.2f}" for module, d in sorted(now.items())]
    moved = any(abs(d - before.get(module, 1.0)) >= bound for module, d in now.items())
    return f"Difficulty measured anew: {', '.join(told) or 'nothing is left'}.", moved
