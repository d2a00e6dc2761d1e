"""The curriculum: plan it, have a person review it, and revise the rest of it when a stage is over."""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path

from langgraph.types import interrupt

from ioa.agents import with_consolidation
from ioa.agents.staging import dependents, steep_steps
from ioa.graph.context import RunContext
from ioa.graph.curriculum_file import curriculum_yaml, read_curriculum, with_measured_difficulty
from ioa.graph.cycles import cycle_due, last_diagnosis
from ioa.graph.prerequisites import estimate_anew, planned_edges
from ioa.graph.run_examinations import best_of, examine_by_need, examine_student, examine_teacher, recorded_answers
from ioa.graph.state import Node, RunState, dump_notes
from ioa.memory import Curriculum, Diagnosis, Note, Probe, Score, Split, Stage, Verdict
from ioa.memory.domains.families.forms import item_key
from ioa.memory.domains.procedural import level_seed, supply
from ioa.memory.errors import UserError
from ioa.memory.files import append_records, read_record, write_text
from ioa.memory.records import Cycle, Edge, Generator, Revision
from ioa.training import can_teach, level_probes, score_by_module, verdict


def plan(ctx: RunContext) -> Node:
    """Order the targets into stages, with bridges where a step is too high."""

    def node(_state: RunState) -> RunState:
        diagnosis = read_record(ctx.run.diagnosis, Diagnosis)
        if ctx.run.given_curriculum.exists():
            curriculum = _persons_plan(ctx, ctx.run.given_curriculum)
            note = Note(sender="planner", receiver="adapter", text="A person has written the curriculum.")
        else:
            curriculum, note = ctx.planner().plan(diagnosis)
            curriculum = add_bridges(ctx, curriculum, _gaps(diagnosis), after=0, adapter=None)
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
    _draw_bridges(ctx, known)
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


def difficulty_of(student: Score, teacher: Score) -> float:
    """1 - P_S / P_T, in [0, 1]; 1 where the teacher scored 0."""
    return min(1.0, max(0.0, 1 - student.mean / teacher.mean)) if teacher.k else 1.0


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
    reached = _reached(ctx, curriculum, after)
    taught = [{module: known[module] for module in stage.modules} for stage in curriculum.stages[after:]]
    left = settings.most_bridges - sum(bool(stage.levels) for stage in curriculum.stages[:after])
    wanted = settings.bridges and left > 0
    steep = [module for step in steep_steps(taught, settings.tau_zpd, reached) for module in step.modules]
    levels = {module: _levels(ctx, module, curriculum, after, adapter) for module in steep if wanted}
    return ctx.planner().bridge(curriculum, difficulty, levels, after, reached)


def _reached(ctx: RunContext, curriculum: Curriculum, after: int) -> float:
    """The hardest difficulty that was mastered in the stages up to that one, as it was planned with (Eq. 8)."""
    if not after:
        return 0.0
    planned, rounds = _planned(ctx, curriculum), ctx.rounds()
    mastered = [
        stage.difficulty if result.level else planned.get(result.module, stage.difficulty)
        for stage in curriculum.stages[:after]
        if (best := rounds.best(stage.number)) is not None
        for result in best.gate
        if result.mastered
    ]
    return max(mastered, default=0.0)


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
    reached, node = _reached(ctx, curriculum, after), "extend" if _begins_cycle(curriculum, after) else "revise"
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
    reason, moved = _moves(_planned(ctx, curriculum), difficulty, ctx.config.curriculum.revise_from)
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


def _planned(ctx: RunContext, curriculum: Curriculum) -> dict[str, float]:
    """The difficulty by which each module was planned last: at a diagnosis, or when the plan was last made anew."""
    known = _gaps(read_record(ctx.run.diagnosis, Diagnosis))
    teacher = score_by_module(recorded_answers(ctx, "diagnosis-teacher"))
    cycles = {cycle.after for cycle in curriculum.cycles}
    for after in sorted(cycles | {revision.after for revision in curriculum.revisions if revision.anew}):
        if after in cycles:
            known |= _gaps(read_record(ctx.run.diagnosis_after(after), Diagnosis))
        else:
            now = score_by_module(recorded_answers(ctx, f"revision-{after:02d}"))
            known |= {module: difficulty_of(score, teacher[module]) for module, score in now.items()}
    return known


def _gaps(diagnosis: Diagnosis) -> dict[str, float]:
    return {gap.module: max(0.0, gap.delta or 0.0) for gap in diagnosis.gaps}


def _moves(before: Mapping[str, float], now: Mapping[str, float], bound: float) -> tuple[str, bool]:
    """What was measured, in words, and whether anything moved far enough to plan anew."""
    told = [f"{module} {before.get(module, 1.0):.2f} -> {d:.2f}" for module, d in sorted(now.items())]
    moved = any(abs(d - before.get(module, 1.0)) >= bound for module, d in now.items())
    return f"Difficulty measured anew: {', '.join(told) or 'nothing is left'}.", moved
