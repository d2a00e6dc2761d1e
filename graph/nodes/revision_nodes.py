"""The rest of a plan when a stage is over: revise what is still to come, or extend it by a further cycle."""

from collections.abc import Collection, Mapping, Sequence

from ioa.agents import with_consolidation
from ioa.agents.staging import dependents
from ioa.graph.bridges import add_bridges
from ioa.graph.context import RunContext
from ioa.graph.curriculum_file import curriculum_yaml
from ioa.graph.cycles import cycle_due, last_diagnosis
from ioa.graph.nodes.planning_nodes import show_plan
from ioa.graph.planned_difficulty import difficulty_of, planned_difficulty, reached_difficulty
from ioa.graph.prerequisites import estimate_anew, planned_edges
from ioa.graph.run_examinations import best_of, examine_by_need
from ioa.graph.state import Node, RunState, dump_notes
from ioa.memory import Curriculum, Diagnosis, Note, Score, Split, Stage, Verdict
from ioa.memory.files import read_record, write_text
from ioa.memory.records import Cycle, Edge, Revision
from ioa.training import verdict


def extend(ctx: RunContext) -> Node:
    """Add the stages of a further cycle, for the targets that its diagnosis chose."""

    def node(state: RunState) -> RunState:
        after, curriculum = state["stage"] - 1, ctx.curriculum()
        if _begins_cycle(curriculum, after):  # before the run was killed
            return {"stages": len(curriculum.stages)}
        found = read_record(ctx.run.diagnosis_after(after), Diagnosis)
        told = curriculum.model_copy(update={"cycles": (*curriculum.cycles, Cycle(after=after, targets=found.targets))})
        note = None
        if found.targets:
            difficulty = {gap.module: max(0.0, gap.delta or 0.0) for gap in found.gaps if gap.targeted}
            told, note = _planned_on(ctx, found, told, difficulty, after, _cycle_words(told), state["adapter"])
            show_plan(ctx, told, note, after)
        else:
            ctx.message("Nothing is left to be taught.")
        write_text(ctx.run.curriculum, curriculum_yaml(told))
        return {"stages": len(told.stages), "notes": dump_notes(*([note] if note else []))}

    return node


def _cycle_words(curriculum: Curriculum) -> str:
    number, targets = 1 + len(curriculum.cycles), ", ".join(curriculum.cycles[-1].targets)
    return f"Cycle {number}: with what was learnt the domain was diagnosed again, and the next targets are {targets}."


def _begins_cycle(curriculum: Curriculum, after: int) -> bool:
    """Whether a further cycle begins behind that stage."""
    return any(cycle.after == after for cycle in curriculum.cycles)


def _planned_on(
    ctx: RunContext,
    diagnosis: Diagnosis,
    curriculum: Curriculum,
    difficulty: Mapping[str, float],
    after: int,
    reason: str,
    adapter: str,
) -> tuple[Curriculum, Note]:
    """The curriculum with its stages after that one planned for these modules, and their bridges."""
    reached, node = (
        reached_difficulty(ctx, curriculum, after),
        "extend" if _begins_cycle(curriculum, after) else "revise",
    )
    planned, note = ctx.planner().revise(diagnosis, curriculum, after, difficulty, reason, reached, node=node)
    start = ctx.run.root / adapter if adapter else None
    return add_bridges(ctx, planned, difficulty, after=after, adapter=start), note


def revise(ctx: RunContext) -> Node:
    """Measure what is still to come anew, and revise the rest of the plan where that changes something."""

    def node(state: RunState) -> RunState:
        after, curriculum = state["stage"] - 1, ctx.curriculum()
        if any(revision.after == after for revision in curriculum.revisions):  # before the run was killed
            return {"stages": len(curriculum.stages)}
        taught = with_consolidation(curriculum, wanted=False)
        revised, note = _revised(ctx, taught, after, state["adapter"])
        revised = with_consolidation(revised, wanted=curriculum.consolidated)
        write_text(ctx.run.curriculum, curriculum_yaml(revised))
        due = len(revised.stages) == after and cycle_due(ctx)
        return {"stages": len(revised.stages), "cycle_due": due, "notes": dump_notes(*([note] if note else []))}

    return node


def _revised(ctx: RunContext, curriculum: Curriculum, after: int, adapter: str) -> tuple[Curriculum, Note | None]:
    diagnosis = last_diagnosis(ctx, after + 1)
    left = _to_come(curriculum, after)
    if not left and not _forgotten(ctx, curriculum, after):
        return curriculum, None  # what was taught is consolidated next
    by_person = ctx.config.curriculum.review or ctx.run.given_curriculum.exists()
    edges = planned_edges(ctx, after)
    skipped = _skipped(ctx, curriculum, () if by_person else edges, after, left)
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
    edges_now = estimate_anew(ctx, after)
    changes += _reordered(curriculum, difficulty, edges, edges_now)
    reason, moved = _moves(planned_difficulty(ctx, curriculum), difficulty, ctx.config.curriculum.revise_from)
    revision = Revision(after=after, reason=reason, changes=tuple(changes))
    dropped = sorted((set(left) - set(difficulty)) | skipped)
    if not difficulty:
        return _logged(curriculum.model_copy(update={"stages": curriculum.stages[:after]}), revision, dropped), None
    if not changes and not moved:
        return _logged(curriculum, revision, dropped), None
    known = diagnosis.model_copy(update={"edges": edges_now})
    return _planned_anew(ctx, known, curriculum, difficulty, revision, dropped, adapter)


def _reordered(curriculum: Curriculum, left: Collection[str], before: Sequence[Edge], now: Sequence[Edge]) -> list[str]:
    """What the prerequisites as they are known now change among the modules of the plan for those that are left."""
    modules = {*curriculum.planned, *left}
    was, is_ = (
        {(earlier, later) for earlier in modules for later in dependents([earlier], left, _pairs(edges))}
        for edges in (before, now)
    )
    new = [f"{later} needs {earlier}" for earlier, later in sorted(is_ - was)]
    gone = [f"{later} does not need {earlier}" for earlier, later in sorted(was - is_)]
    return [f"By what was measured on the way, {', '.join((*new, *gone))}."] if new or gone else []


def _pairs(edges: Sequence[Edge]) -> list[tuple[str, str]]:
    return [(edge.source, edge.target) for edge in edges]


def _planned_anew(
    ctx: RunContext,
    diagnosis: Diagnosis,
    curriculum: Curriculum,
    difficulty: Mapping[str, float],
    revision: Revision,
    dropped: Sequence[str],
    adapter: str,
) -> tuple[Curriculum, Note]:
    after = revision.after
    reason = " ".join([revision.reason, *revision.changes])
    revised, note = _planned_on(ctx, diagnosis, curriculum, difficulty, after, reason, adapter)
    changes = revision.changes
    if [stage.modules for stage in revised.stages[after:]] != [stage.modules for stage in curriculum.stages[after:]]:
        order = "; ".join(", ".join(stage.modules) for stage in revised.stages[after:])
        changes = (*changes, f"The stages to come are now: {order}.")
    show_plan(ctx, revised, note, after)
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
    missed = [result.module for result in best_of(ctx.rounds(), after).gate if not result.mastered]
    own = [(need.earlier, need.later) for need in curriculum.prerequisites]
    return dependents(missed, left, [*own, *_pairs(edges)]) if missed else set()


def _forgotten(ctx: RunContext, curriculum: Curriculum, after: int) -> list[str]:
    """Modules that the student could do before anything was taught, and clearly cannot do any more.

    Clearly: near the gate, chance alone puts one of several below it.
    """
    planned = set(curriculum.planned)
    return [
        result.module
        for result in best_of(ctx.rounds(), after).earlier
        if result.module not in planned and result.verdict is Verdict.NOT_MASTERED
    ]


def _measure(ctx: RunContext, modules: Collection[str], after: int, adapter: str) -> dict[str, tuple[Score, Score]]:
    """P_S now and P_T of modules, on the first items of the diagnosis split.

    As many as it takes to say that a module is not mastered, but no fewer than it was diagnosed with: with fewer, its
    difficulty would seem to have moved where only the items changed.
    """
    gaps = read_record(ctx.run.diagnosis, Diagnosis).gaps
    student, teacher = examine_by_need(
        ctx,
        Split.DIAGNOSIS,
        modules,
        labels=(f"revision-{after:02d}", "diagnosis-teacher"),
        adapter=ctx.run.root / adapter if adapter else None,
        share=ctx.config.mastery.tau_mastery,
        node="revise",
        spared=(),
        early_pass=False,
        least={gap.module: gap.student.n for gap in gaps},
    ).scores
    return {module: (student[module], teacher[module]) for module in modules}


def _mastered(ctx: RunContext, now: Mapping[str, tuple[Score, Score]]) -> list[str]:
    tau, confidence = ctx.config.mastery.tau_mastery, ctx.config.examination.confidence
    least = ctx.config.diagnosis.least_teacher
    return [
        module
        for module, (student, teacher) in now.items()
        if verdict(student, teacher, tau, confidence, least=least) is Verdict.MASTERED
    ]


def _moves(before: Mapping[str, float], now: Mapping[str, float], bound: float) -> tuple[str, bool]:
    """What was measured, in words, and whether anything moved far enough to plan anew."""
    told = [f"{module} {before.get(module, 1.0):.2f} -> {d:.2f}" for module, d in sorted(now.items())]
    moved = any(abs(d - before.get(module, 1.0)) >= bound for module, d in now.items())
    return f"Difficulty measured anew: {', '.join(told) or 'nothing is left'}.", moved
