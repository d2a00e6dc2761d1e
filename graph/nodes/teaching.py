"""One stage: train, assess, advance; and the end: finish."""

from pathlib import Path

from ioa.graph.datasets import describe_dataset
from ioa.graph.dependencies import revise_dependencies
from ioa.graph.examination import (
    Examined,
    examine_by_need,
    examine_student,
    examine_teacher,
    kept_assessment,
    scores,
    select,
)
from ioa.graph.exporters.scalars import report_log, report_step
from ioa.graph.nodes.planning import bridge_probes
from ioa.graph.nodes.synthesis import wanted
from ioa.graph.report import write_report
from ioa.graph.state import Node, RunState, noted
from ioa.graph.workshop import Workshop
from ioa.memory import Assessment, Diagnosis, Example, Note, Score, Split, Stage, Verdict
from ioa.memory.files import read_record, write_record
from ioa.training import TrainingProgress, best_round, gate, mixture, stalled, train


def train_stage(shop: Workshop) -> Node:
    """Fine-tune on the round's lessons, with some earlier ones mixed in, from where the last training ended."""

    def node(state: RunState) -> RunState:
        with shop.at("train", state):
            stage, round_ = state["stage"], state["round"]
            out = shop.run.adapter(stage, round_)
            settings = shop.config.training.remedial() if round_ else shop.config.training
            lessons = _lessons(shop, state, settings.replay)
            if not lessons:
                shop.reporter.say("No lesson passed the checks: nothing to train on.")
                return {}
            start = shop.run.root / state["adapter"] if state["adapter"] else None
            describe_dataset(shop, lessons, stage, round_, start)
            log = train(
                shop.student(),
                lessons,
                start=start,
                out=out,
                settings=settings,
                seed=shop.config.seed + 1000 * stage + round_,
                on_step=lambda progress: _show(shop, state, len(lessons), progress),
            )
            report_log(shop.scalars(), stage, round_, log)
            shop.reporter.say(f"Trained on {log.examples} lessons, {log.tokens:,} tokens in {log.seconds:.0f} s")
            return {"adapter": str(out.relative_to(shop.run.root))}

    return node


def _lessons(shop: Workshop, state: RunState, replay: float) -> list[Example]:
    stage, round_ = state["stage"], state["round"]
    everything = shop.store().examples()
    new = [example for example in everything if (example.stage, example.round) == (stage, round_)]
    old = [example for example in everything if (example.stage, example.round) < (stage, round_)]
    asked = sum(remedy.lessons for remedy in wanted(shop, stage, round_))
    forgotten = _forgotten(shop, state)
    if forgotten:
        shop.reporter.say(f"Below the gate again, so more of their lessons are mixed in: {', '.join(forgotten)}")
    return mixture(
        new,
        old,
        count=round(replay * asked),
        seed=shop.config.seed + 1000 * stage + round_,
        forgotten=forgotten,
        weight=shop.config.training.forgotten_replay,
    )


def _forgotten(shop: Workshop, state: RunState) -> list[str]:
    """What the student that is trained now had mastered, and does not master any more."""
    stage = state["stage"] if state["round"] else state["stage"] - 1
    if stage < 1:
        return []
    passed = {
        result.module
        for earlier in range(1, stage)
        for result in kept_assessment(shop, earlier).gate
        if result.mastered and not result.level
    }
    return [r.module for r in kept_assessment(shop, stage).earlier if r.module in passed and not r.mastered]


def _show(shop: Workshop, state: RunState, lessons: int, progress: TrainingProgress) -> None:
    report_step(shop.scalars(), state["stage"], state["round"], progress)
    facts = f"{lessons} lessons · loss {progress.loss:.3f} · {progress.examples_per_second:.1f} examples/s"
    shop.reporter.work("training", progress.step, progress.steps, facts)


def assess(shop: Workshop) -> Node:
    """Examine the stage's modules at the gate (Eq. 9), and again what was mastered before it.

    What is taught next goes on from the stage's best round so far, which need not be the last.
    """

    def node(state: RunState) -> RunState:
        with shop.at("assess", state):
            assessment = assess_stage(shop, state)
            for result in (*assessment.gate, *assessment.earlier):
                low, high = result.student.interval
                sure = " (not certain)" if result.verdict is Verdict.NEEDS_ITEMS else ""
                shop.reporter.say(
                    f"{result.module}: {result.student.k}/{result.student.n} [{low:.2f}, {high:.2f}], "
                    f"{result.ratio:.2f} of the teacher, {'mastered' if result.mastered else 'not mastered'}{sure}"
                )
            for report in shop.scalars():
                report.assessed(assessment)
            shop.clock().save()
            write_report(shop.run, "running")
            rounds = [
                read_record(shop.run.assessment(state["stage"], r), Assessment) for r in range(state["round"] + 1)
            ]
            best, settings = best_round(rounds), shop.config.mastery
            stuck = stalled(rounds, rounds=settings.stall_rounds, gain=settings.stall_gain) and not best.mastered
            text = _said(assessment, best, settings.stall_rounds if stuck else 0)
            note = Note(sender="examiner", receiver="diagnoser", text=text, stage=state["stage"], round=state["round"])
            return {"mastered": best.mastered, "stalled": stuck, "adapter": best.adapter, "notes": noted(note)}

    return node


def _said(assessment: Assessment, best: Assessment, stuck: int) -> str:
    short = [result.module for result in assessment.gate if not result.mastered]
    text = f"Missed the gate: {', '.join(short)}." if short else "Every module of the stage passed the gate."
    if best.round != assessment.round:
        text += f" Round {best.round} was better and is gone on from."
    return text + (f" {stuck} rounds brought nothing: no more of them." if stuck else "")


def assess_stage(shop: Workshop, state: RunState) -> Assessment:
    """The assessment of that stage and round, made once."""
    stage, round_ = state["stage"], state["round"]
    path = shop.run.assessment(stage, round_)
    if path.exists():
        return read_record(path, Assessment)
    adapter = shop.run.root / state["adapter"] if state["adapter"] else None
    label, tau = f"stage-{stage:02d}-round-{round_}", shop.config.mastery.tau_mastery
    confidence = shop.config.examination.confidence
    taught = shop.curriculum().stages[stage - 1]
    examined = _examine_stage(shop, taught, label, adapter)
    watched = _watched(shop, stage)
    probes = select(shop, Split.GATE, watched)
    teacher = scores(examine_teacher(shop, "gate-teacher", probes, "assess"))
    student = scores(examine_student(shop, label, probes, adapter))
    own = gate(*examined.scores, taught.modules, tau, confidence)
    assessment = Assessment(
        stage=stage,
        round=round_,
        gate=tuple(r.model_copy(update={"level": taught.levels.get(r.module, "")}) for r in own),
        earlier=gate(student, teacher, watched, tau, confidence),
        adapter=state["adapter"],
        extra=examined.extra,
    )
    write_record(path, assessment)
    return assessment


def _examine_stage(shop: Workshop, taught: Stage, label: str, adapter: Path | None) -> Examined:
    """The stage's own modules: as many items as the gate needs; of a bridge those of its levels, which has no more."""
    if not taught.levels:
        return examine_by_need(
            shop,
            Split.GATE,
            taught.modules,
            labels=(label, "gate-teacher"),
            adapter=adapter,
            share=shop.config.mastery.tau_mastery,
            node="assess",
        )
    probes = [
        probe for module, level in taught.levels.items() for probe in bridge_probes(shop, module, level, Split.GATE)
    ]
    student = examine_student(shop, label, probes, adapter)
    return Examined(student, examine_teacher(shop, "bridge-teacher", probes, "assess", same_items=True), extra=0)


def _watched(shop: Workshop, stage: int) -> tuple[str, ...]:
    """What is examined again after a stage: the modules taught before it, and what was mastered from the beginning."""
    curriculum = shop.curriculum()
    stages = curriculum.stages
    own = set(stages[stage - 1].modules)
    before = [m for earlier in stages[: stage - 1] for m in earlier.modules if m not in earlier.levels]
    known: list[str] = []
    if shop.config.mastery.watch == "all":
        bound = 1 - shop.config.mastery.tau_mastery + 1e-9
        gaps = read_record(shop.run.diagnosis, Diagnosis).gaps
        known = [gap.module for gap in gaps if gap.delta is not None and gap.delta <= bound]
    dropped = (module for revision in curriculum.revisions for module in revision.dropped)
    return tuple(dict.fromkeys(module for module in (*before, *known, *dropped) if module not in own))


def advance(shop: Workshop) -> Node:
    """Close the stage: keep the adapter of its best round, and go on to the next one, or to the end."""

    def node(state: RunState) -> RunState:
        with shop.at("advance", state):
            stage, last = state["stage"], state["round"]
            rounds = [read_record(shop.run.assessment(stage, round_), Assessment) for round_ in range(last + 1)]
            best = best_round(rounds)
            if not state["mastered"]:
                shop.reporter.say(
                    f"Stage {stage} was not mastered in {last} remediation rounds; round {best.round} was its best."
                )
            bridge = bool(shop.curriculum().stages[stage - 1].levels)
            given_up = not state["mastered"] and not bridge and shop.config.mastery.on_failure == "stop"
            return {
                "stage": stage + 1,
                "round": 0,
                "adapter": best.adapter,
                "given_up": given_up,
                "stalled": False,
            }

    return node


def finish(shop: Workshop) -> Node:
    """Read the final split, once: the bare student, the taught one, and the teacher."""

    def node(state: RunState) -> RunState:
        with shop.at("finish", {}):
            planned = shop.curriculum().planned
            if planned:
                probes = select(shop, Split.FINAL, planned)
                adapter: Path | None = shop.run.root / state["adapter"] if state["adapter"] else None
                examine_student(shop, "final-before", probes, None)
                after = examine_student(shop, "final-after", probes, adapter)
                examine_teacher(shop, "final-teacher", probes, "finish", same_items=True)
                total = sum(scores(after).values(), Score(k=0, n=0))
                shop.reporter.say(f"Final examination: {total.k} of {total.n} right")
            else:
                shop.reporter.say("No module is a target: there was nothing to teach.")
            revise_dependencies(shop)
        shop.clock().save()
        write_report(shop.run, "finished")
        return {}

    return node
