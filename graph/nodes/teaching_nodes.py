"""One stage: train, assess, remediate, advance; and the end: finish."""

from collections.abc import Sequence
from pathlib import Path

from ioa.graph.context import RunContext
from ioa.graph.nodes.planning_nodes import bridge_probes
from ioa.graph.nodes.synthesis_nodes import lessons_wanted
from ioa.graph.prerequisites import revise_prerequisites
from ioa.graph.run_examinations import (
    Examined,
    best_of,
    examine_by_need,
    examine_student,
    examine_teacher,
    recorded_answers,
    select_probes,
)
from ioa.graph.state import Node, RunState, dump_notes
from ioa.graph.training_sets import describe_dataset
from ioa.memory import Assessment, Diagnosis, Example, Note, Split, Stage, Verdict
from ioa.memory.files import read_record, write_record, write_records
from ioa.memory.run_dir import round_name
from ioa.training import TrainingProgress, gate, mixture, total_score, train


def train_stage(ctx: RunContext) -> Node:
    """Fine-tune on the round's lessons, with some earlier ones mixed in, from where the last training ended."""

    def node(state: RunState) -> RunState:
        stage, round_ = state["stage"], state["round"]
        out = ctx.run.adapter(stage, round_)
        settings = ctx.config.training.remedial() if round_ else ctx.config.training
        lessons = _lessons(ctx, state, settings.replay)
        if not lessons:
            ctx.message("No lesson passed the checks: nothing to train on.")
            return {}
        start = ctx.run.root / state["adapter"] if state["adapter"] else None
        describe_dataset(ctx, lessons, stage, round_, start)
        log = train(
            ctx.student(),
            lessons,
            start=start,
            out=out,
            settings=settings,
            seed=ctx.config.seed + 1000 * stage + round_,
            on_step=lambda progress: _show(ctx, state, len(lessons), progress),
        )
        ctx.listener.trained(stage, round_, log)
        ctx.message(f"Trained on {log.examples} lessons, {log.tokens:,} tokens in {log.seconds:.0f} s")
        return {"adapter": str(out.relative_to(ctx.run.root))}

    return node


def _lessons(ctx: RunContext, state: RunState, replay: float) -> list[Example]:
    stage, round_ = state["stage"], state["round"]
    everything = ctx.store().examples()
    new = [example for example in everything if (example.stage, example.round) == (stage, round_)]
    old = [example for example in everything if (example.stage, example.round) < (stage, round_)]
    asked = sum(remedy.lessons for remedy in lessons_wanted(ctx, stage, round_))
    forgotten = _forgotten(ctx, state)
    if forgotten:
        ctx.message(f"Below the gate again, so more of their lessons are mixed in: {', '.join(forgotten)}")
    return mixture(
        new,
        old,
        count=round(replay * asked),
        seed=ctx.config.seed + 1000 * stage + round_,
        forgotten=forgotten,
        weight=ctx.config.training.forgotten_replay,
    )


def _forgotten(ctx: RunContext, state: RunState) -> list[str]:
    """What the student that is trained now had mastered, and does not master any more."""
    stage = state["stage"] if state["round"] else state["stage"] - 1
    if stage < 1:
        return []
    rounds = ctx.rounds()
    passed = {
        result.module
        for assessment in rounds.kept
        for result in assessment.gate
        if assessment.stage < stage and result.mastered and not result.level
    }
    return [r.module for r in best_of(rounds, stage).earlier if r.module in passed and not r.mastered]


def _show(ctx: RunContext, state: RunState, lessons: int, progress: TrainingProgress) -> None:
    ctx.listener.training_step(state["stage"], state["round"], progress)
    facts = f"{lessons} lessons · loss {progress.loss:.3f} · {progress.examples_per_second:.1f} examples/s"
    ctx.listener.progress("training", progress.step, progress.steps, facts)


def assess(ctx: RunContext) -> Node:
    """Examine the stage's modules at the gate (Eq. 9), and again what was mastered before it.

    What is taught next goes on from the stage's best round so far, which need not be the last.
    """

    def node(state: RunState) -> RunState:
        assessment = assess_stage(ctx, state)
        for result in (*assessment.gate, *assessment.earlier):
            low, high = result.student.interval
            sure = " (not certain)" if result.verdict is Verdict.NEEDS_ITEMS else ""
            ctx.message(
                f"{result.module}: {result.student.fraction} [{low:.2f}, {high:.2f}], "
                f"{result.ratio:.2f} of the teacher, {'mastered' if result.mastered else 'not mastered'}{sure}"
            )
        ctx.clock().save()  # who listens may read what the run has cost so far
        ctx.listener.assessed(assessment)
        stage, rounds, settings = state["stage"], ctx.rounds(), ctx.config.mastery
        best = best_of(rounds, stage)
        stuck = not best.mastered and rounds.stalled(stage, rounds=settings.stall_rounds, gain=settings.stall_gain)
        text = _verdict_text(assessment, best, settings.stall_rounds if stuck else 0)
        note = Note(sender="examiner", receiver="diagnoser", text=text, stage=stage, round=state["round"])
        return {"mastered": best.mastered, "stalled": stuck, "adapter": best.adapter, "notes": dump_notes(note)}

    return node


def _verdict_text(assessment: Assessment, best: Assessment, stuck: int) -> str:
    short = [result.module for result in assessment.gate if not result.mastered]
    text = f"Missed the gate: {', '.join(short)}." if short else "Every module of the stage passed the gate."
    if best.round != assessment.round:
        text += f" Round {best.round} was better: its adapter is kept."
    return text + (f" {stuck} rounds brought nothing: no more of them." if stuck else "")


def assess_stage(ctx: RunContext, state: RunState) -> Assessment:
    """The assessment of that stage and round, made once."""
    stage, round_ = state["stage"], state["round"]
    path = ctx.run.assessment(stage, round_)
    if path.exists():
        return read_record(path, Assessment)
    adapter = ctx.run.root / state["adapter"] if state["adapter"] else None
    label, tau = round_name(stage, round_), ctx.config.mastery.tau_mastery
    confidence = ctx.config.examination.confidence
    taught = ctx.curriculum().stages[stage - 1]
    watched = _watched(ctx, stage)
    examined = _examine_stage(ctx, taught, watched, label, adapter)
    own = gate(*examined.scores, taught.modules, tau, confidence)
    assessment = Assessment(
        stage=stage,
        round=round_,
        gate=tuple(r.model_copy(update={"level": taught.levels.get(r.module, "")}) for r in own),
        earlier=gate(*examined.scores, watched, tau, confidence),
        adapter=state["adapter"],
        extra=examined.extra,
    )
    write_record(path, assessment)
    return assessment


def _examine_stage(
    ctx: RunContext, taught: Stage, watched: Sequence[str], label: str, adapter: Path | None
) -> Examined:
    """The stage's own modules and those watched, on as many items as the gate needs; only the former on spare ones.

    That a module is mastered is said on the full number of items alone; that it is not may come before. Of a bridge
    those of its levels are asked, all of them: it has no more.
    """
    by_need = watched if taught.levels else (*taught.modules, *watched)
    examined = examine_by_need(
        ctx,
        Split.GATE,
        by_need,
        labels=(label, "gate-teacher"),
        adapter=adapter,
        share=ctx.config.mastery.tau_mastery,
        node="assess",
        spared=taught.modules,
        early_pass=False,
    )
    if not taught.levels:
        return examined
    probes = [
        probe for module, level in taught.levels.items() for probe in bridge_probes(ctx, module, level, Split.GATE)
    ]
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
    """The Diagnoser says why items failed, the Planner decides what to do about it; the Adapter writes next."""

    def node(state: RunState) -> RunState:
        stage, round_ = state["stage"], state["round"]
        rounds = ctx.rounds()
        kept = best_of(rounds, stage)  # training goes on from this round, which need not be the last
        previous = rounds.before(stage, round_).best(stage)
        short = [result.module for result in kept.gate if not result.mastered]
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
        )
        write_records(ctx.run.remedies(stage, round_ + 1), remedies)
        to_planner = Note(sender="diagnoser", receiver="planner", text=analysis.note, stage=stage, round=round_ + 1)
        ctx.message(f"Diagnoser to Planner: {to_planner.text}")
        ctx.message(f"Planner to Adapter: {to_adapter.text}")
        return {"round": round_ + 1, "notes": dump_notes(to_planner, to_adapter)}

    return node


def advance(ctx: RunContext) -> Node:
    """Close the stage: keep the adapter of its best round, and go on to the next one, or to the end."""

    def node(state: RunState) -> RunState:
        stage, last = state["stage"], state["round"]
        best = best_of(ctx.rounds(), stage)
        if not state["mastered"]:
            ctx.message(
                f"Stage {stage} was not mastered in {last} remediation rounds; round {best.round} was its best."
            )
        bridge = bool(ctx.curriculum().stages[stage - 1].levels)
        given_up = not state["mastered"] and not bridge and ctx.config.mastery.on_failure == "stop"
        return {
            "stage": stage + 1,
            "round": 0,
            "adapter": best.adapter,
            "given_up": given_up,
            "stalled": False,
        }

    return node


def finish(ctx: RunContext) -> Node:
    """Read the final split, once: the bare student, the taught one, and the teacher."""

    def node(state: RunState) -> RunState:
        planned = ctx.curriculum().planned
        if planned:
            probes = select_probes(ctx, Split.FINAL, planned)
            adapter: Path | None = ctx.run.root / state["adapter"] if state["adapter"] else None
            examine_student(ctx, "final-before", probes, None)
            after = examine_student(ctx, "final-after", probes, adapter)
            examine_teacher(ctx, "final-teacher", probes, "finish", same_items=True)
            total = total_score(after)
            ctx.message(f"Final examination: {total.k} of {total.n} right{total.unread_note}")
        else:
            ctx.message("No module is a target: there was nothing to teach.")
        revise_prerequisites(ctx)
        return {}

    return node
