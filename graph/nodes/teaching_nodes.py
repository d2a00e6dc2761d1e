"""One stage after its training: assess, remediate, advance; and the end: finish."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ioa.graph.ahead import ahead_of
from ioa.graph.bridges import bridge_probes
from ioa.graph.context import RunContext
from ioa.graph.cycles import cycle_due
from ioa.graph.gate_sittings import History, certainties, sitting_items
from ioa.graph.lesson_budget import lessons_left, used_up_words, within_budget
from ioa.graph.prerequisites import revise_prerequisites
from ioa.graph.round_lessons import next_portion, teaching_of
from ioa.graph.run_examinations import (
    Examined,
    best_of,
    examine_by_need,
    examine_student,
    examine_teacher,
    recorded_answers,
    select_probes,
)
from ioa.graph.state import Node, RunState, dump_notes, remediations
from ioa.graph.tried_lessons import tried_lessons
from ioa.memory import (
    Assessment,
    Diagnosis,
    ItemResult,
    Note,
    Probe,
    Rounds,
    Split,
    Stage,
    Verdict,
)
from ioa.memory.files import read_record, write_record, write_records
from ioa.memory.run_dir import round_name
from ioa.training import gate, total_score


def assess(ctx: RunContext) -> Node:
    """Examine the stage's modules at the gate (Eq. 9), and again what was mastered before it.

    What is taught next goes on from the stage's best round so far, which need not be the last. A round that trained
    nothing has nothing to examine, unless the stage was not examined before.
    """

    def node(state: RunState) -> RunState:
        stage, round_ = state["stage"], state["round"]
        ahead_of(ctx).begin(stage + 1, state["stages"])  # again after a kill
        before = ctx.rounds().best(stage)
        idle = not state.get("trained", True) and before is not None and before.round < round_
        text = "Nothing was trained, so nothing is examined again." if idle else _examine(ctx, state)
        rounds = ctx.rounds()
        best = best_of(rounds, stage)
        if best.round != round_:
            text += f" Round {best.round} {'stays the best' if idle else 'was better: its adapter is kept'}."
        tried = remediations(state)
        due = not best.mastered and not tried and bool(next_portion(ctx, stage, _short(best)))
        stall = ctx.config.mastery.stall_rounds
        stuck = not best.mastered and 0 < stall <= tried and _stalled(ctx, rounds, stage, round_ - stall + 1)
        if stuck:
            text += f" {stall} rounds brought nothing: no more of them."
        if not best.mastered and lessons_left(ctx) == 0:
            stuck, text = True, f"{text} {used_up_words(ctx)}"
        note = Note(sender="examiner", receiver="diagnoser", text=text, stage=stage, round=round_)
        return {
            "mastered": best.mastered,
            "stalled": stuck,
            "portion_due": due,
            "adapter": best.adapter,
            "notes": dump_notes(note),
        }

    return node


def _examine(ctx: RunContext, state: RunState) -> str:
    """Examine the stage, say what came of it, and return the verdict in words."""
    assessment = assess_stage(ctx, state)
    for result in (*assessment.gate, *assessment.earlier):
        low, high = result.student.interval
        sure = " (not certain)" if result.verdict is Verdict.NEEDS_ITEMS else ""
        sure += " (as before: no item is left that could be asked)" if result.stands else ""
        ctx.message(
            f"{result.module}: {result.student.fraction} [{low:.2f}, {high:.2f}], "
            f"{result.ratio:.2f} of the teacher, {'mastered' if result.mastered else 'not mastered'}{sure}"
        )
    ctx.clock().save()  # who listens may read what the run has cost so far
    ctx.listener.assessed(assessment)
    short = _short(assessment)
    return f"Missed the gate: {', '.join(short)}." if short else "Every module of the stage passed the gate."


def _short(assessment: Assessment) -> list[str]:
    return [result.module for result in assessment.gate if not result.mastered]


def _stalled(ctx: RunContext, rounds: Rounds, stage: int, since: int) -> bool:
    return rounds.stalled(stage, since=since, gain=ctx.config.mastery.stall_gain)


def assess_stage(ctx: RunContext, state: RunState) -> Assessment:
    """The assessment of that stage and round, made once, on items that no earlier one asked."""
    stage, round_ = state["stage"], state["round"]
    path = ctx.run.assessment(stage, round_)
    if path.exists():
        return read_record(path, Assessment)
    adapter = ctx.run.root / state["adapter"] if state["adapter"] else None
    taught, watched = ctx.curriculum().stages[stage - 1], _watched(ctx, stage)
    for module, level in taught.levels.items():
        bridge_probes(ctx, module, level, Split.GATE)
    history = History.before(ctx, (stage, round_))
    items = sitting_items(ctx, taught, watched, history)
    sittings = certainties(ctx, taught, items, round_)
    sure = {module: wanted for module, (_, wanted) in sittings.items()}
    examined = _examine_stage(ctx, taught, items, round_name(stage, round_), adapter, sure)
    found = {
        result.module: result.model_copy(
            update={
                "level": taught.levels.get(result.module, ""),
                "sitting": sittings[result.module][0] if result.module in sittings else 0,
                "used": sum(one.probe in history.asked for one in examined.student if one.module == result.module),
                "teacher_same": examined.teacher_same(result.module),
                "sure": sure.get(result.module),
            }
        )
        for result in gate(
            *examined.scores,
            [module for module, own in items.items() if own],
            ctx.config.mastery.tau_mastery,
            ctx.config.examination.confidence,
            sure=sure,
            least=ctx.config.diagnosis.least_teacher,
        )
    }
    before = {result.module: result for one in ctx.rounds().assessments for result in (*one.earlier, *one.gate)}
    stand = {module: before[module].model_copy(update={"stands": True}) for module, own in items.items() if not own}
    assessment = Assessment(
        stage=stage,
        round=round_,
        gate=tuple((found | stand)[module] for module in taught.modules),
        earlier=tuple((found | stand)[module] for module in watched),
        adapter=state["adapter"],
        extra=examined.extra,
        teaching=teaching_of(ctx, stage, round_),
    )
    write_record(path, assessment)
    return assessment


def _examine_stage(
    ctx: RunContext,
    taught: Stage,
    items: Mapping[str, Sequence[Probe]],
    label: str,
    adapter: Path | None,
    sure: Mapping[str, float | None],
) -> Examined:
    """The stage's own modules and those watched, on as many items as the gate needs; only the former on spare ones.

    That a module is mastered is said on the full number of items alone; that it is not may come before. Of a bridge
    those of its levels are asked, all of them: it has no more.
    """
    examined = examine_by_need(
        ctx,
        Split.GATE,
        [module for module, own in items.items() if own and module not in taught.levels],
        labels=(label, "gate-teacher"),
        adapter=adapter,
        share=ctx.config.mastery.tau_mastery,
        node="assess",
        spared=taught.modules,
        early_pass=False,
        items={module: own for module, own in items.items() if own and module not in taught.levels},
        sure=sure,
    )
    if not taught.levels:
        return examined
    probes = [probe for module in taught.levels for probe in items[module]]
    student = examine_student(ctx, label, probes, adapter)
    teacher = examine_teacher(ctx, "bridge-teacher", probes, "assess", same_items=True)
    return Examined(examined.student + student, examined.teacher + teacher, extra=examined.extra)


def _watched(ctx: RunContext, stage: int) -> tuple[str, ...]:
    """What is examined again after a stage: the modules taught before it, and what was mastered from the beginning."""
    curriculum = ctx.curriculum()
    stages = curriculum.stages
    own = set(stages[stage - 1].modules)
    before = [m for earlier in stages[: stage - 1] for m in earlier.modules if m not in earlier.levels]
    known: list[str] = []
    if ctx.config.mastery.watch == "all":
        bound = 1 - ctx.config.mastery.tau_mastery + 1e-9
        gaps = read_record(ctx.run.diagnosis, Diagnosis).gaps
        known = [gap.module for gap in gaps if gap.delta is not None and gap.delta <= bound]
    dropped = (module for revision in curriculum.revisions for module in revision.dropped)
    return tuple(dict.fromkeys(module for module in (*before, *known, *dropped) if module not in own))


def remediate(ctx: RunContext) -> Node:
    """What is taught next to the modules that missed the gate: their next portion, or a remedy once they had them all.

    For a remedy the Diagnoser says why items failed, and the Planner decides what to do about it, knowing what was
    asked for in vain; the Adapter writes next. Where nothing is left to try, the stage is over.
    """

    def node(state: RunState) -> RunState:
        if state.get("portion_due", False):
            told = dump_notes(_ask_for_portion(ctx, state))
            return {"round": state["round"] + 1, "practised": 0, "practice_due": True, "notes": told}
        stage, round_ = state["stage"], state["round"]
        rounds = ctx.rounds()
        kept = best_of(rounds, stage)  # training goes on from this round, which need not be the last
        previous = rounds.before(stage, round_).best(stage)
        short = _short(kept)
        label = round_name(stage, kept.round)
        answers = recorded_answers(ctx, label)
        levels = {result.module: result.level for result in kept.gate if result.level}
        results = [result for result in answers if result.module in short]
        analysis = ctx.diagnoser().analyse(
            ctx.domain(),
            short,
            results,
            node="remediate",
            label=label,
            stage=stage,
            round_=round_ + 1,
            levels=levels,
        )
        write_records(ctx.run.misconceptions(stage, kept.round), analysis.all)
        remedies, to_adapter = ctx.planner().remedy(
            ctx.domain(),
            kept.model_copy(update={"round": round_}),
            previous,
            analysis.confirmed,
            gate=ctx.config.mastery.tau_mastery,
            lessons=ctx.config.synthesis.per_remedy,
            least=ctx.config.diagnosis.misconceptions.least_lessons,
            remediation=remediations(state) + 1,
            tried=tried_lessons(ctx, stage, round_ + 1),
        )
        to_planner = Note(sender="diagnoser", receiver="planner", text=analysis.note, stage=stage, round=round_ + 1)
        ctx.message(f"Diagnoser to Planner: {to_planner.text}")
        ctx.message(f"Planner to Adapter: {to_adapter.text}")
        notes = dump_notes(to_planner, to_adapter)
        wanted = within_budget(ctx, remedies)
        if not wanted:
            return {"stalled": True, "notes": notes}
        write_records(ctx.run.remedies(stage, round_ + 1), wanted)
        return {"round": round_ + 1, "remediation": remediations(state) + 1, "notes": notes}

    return node


def _ask_for_portion(ctx: RunContext, state: RunState) -> Note:
    """Write down the next portion of what is not mastered and has one left."""
    stage, round_ = state["stage"], state["round"] + 1
    wanted = next_portion(ctx, stage, _short(best_of(ctx.rounds(), stage)))
    write_records(ctx.run.remedies(stage, round_), wanted)
    told = {remedy.module: f"portion {remedy.portion} of {remedy.portions} of {remedy.module}" for remedy in wanted}
    lessons = sum(remedy.lessons for remedy in wanted)
    text = f"Not mastered yet, so {' and '.join(told.values())}: {lessons} lessons."
    ctx.message(f"Planner to Adapter: {text}")
    return Note(sender="planner", receiver="adapter", text=text, stage=stage, round=round_)


def advance(ctx: RunContext) -> Node:
    """Close the stage: keep the adapter of its best round, and go on to the next one, a further cycle, or the end."""

    def node(state: RunState) -> RunState:
        stage, tried = state["stage"], remediations(state)
        best = best_of(ctx.rounds(), stage)
        if not state["mastered"]:
            rounds = "1 remediation round" if tried == 1 else f"{tried} remediation rounds"
            ctx.message(f"Stage {stage} was not mastered in {rounds}; round {best.round} was its best.")
        bridge = bool(ctx.curriculum().stages[stage - 1].levels)
        given_up = not state["mastered"] and not bridge and ctx.config.mastery.on_failure == "stop"
        return {
            "stage": stage + 1,
            "round": 0,
            "adapter": best.adapter,
            "practised": 0,
            "practice_due": True,
            "given_up": given_up,
            "cycle_due": stage == state["stages"] and not given_up and cycle_due(ctx),
            "stalled": False,
            "remediation": 0,
            "portion_due": False,
        }

    return node


def _final_words(after: Sequence[ItemResult], planned: Collection[str]) -> str:
    """What the taught student came to in the modules of the plan, in those never taught, and in all of them."""
    taught = [result for result in after if result.module in planned]
    targets, every = total_score(taught), total_score(after)
    told = f"{targets.k} of {targets.n} right{targets.unread_note} in the target modules"
    if every.n == targets.n:
        return told
    untouched = total_score([result for result in after if result.module not in planned])
    return (
        f"{told}, {untouched.k} of {untouched.n}{untouched.unread_note} in those never taught, "
        f"{every.k} of {every.n} in all"
    )


def finish(ctx: RunContext) -> Node:
    """Read the final split, once: the bare student, the taught one, and the teacher.

    In the whole domain, or in the modules of the plan (`examination.final_scope`).
    """

    def node(state: RunState) -> RunState:
        ahead_of(ctx).drop_all()
        planned = ctx.curriculum().planned
        if planned:
            targets_only = ctx.config.examination.final_scope == "targets"
            probes = select_probes(ctx, Split.FINAL, planned if targets_only else None)
            adapter: Path | None = ctx.run.root / state["adapter"] if state["adapter"] else None
            examine_student(ctx, "final-before", probes, None)
            after = examine_student(ctx, "final-after", probes, adapter)
            examine_teacher(ctx, "final-teacher", probes, "finish", same_items=True)
            ctx.message(f"Final examination: {_final_words(after, planned)}")
        else:
            ctx.message("No module is a target: there was nothing to teach.")
        revise_prerequisites(ctx)
        return {}

    return node
