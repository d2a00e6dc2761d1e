"""One stage: train, assess, remediate, advance; and the end: finish."""

from pathlib import Path

from ioa.graph.dependencies import revise_dependencies
from ioa.graph.examination import examine_student, examine_teacher, scores, select
from ioa.graph.nodes.synthesis import wanted
from ioa.graph.report import write_report
from ioa.graph.state import Node, RunState, noted
from ioa.graph.workshop import Workshop
from ioa.memory import Assessment, Curriculum, Example, ItemResult, Note, Score, Split
from ioa.memory.files import read_record, write_record, write_records
from ioa.training import TrainingProgress, best_round, gate, mixture, train


def train_stage(shop: Workshop) -> Node:
    """Fine-tune on the round's lessons, with some earlier ones mixed in, from where the last training ended."""

    def node(state: RunState) -> RunState:
        with shop.at("train", state):
            stage, round_ = state["stage"], state["round"]
            out = shop.run.adapter(stage, round_)
            settings = shop.config.training.remedial() if round_ else shop.config.training
            lessons = _lessons(shop, stage, round_, settings.replay)
            if not lessons:
                shop.reporter.say("No lesson passed the checks: nothing to train on.")
                return {}
            start = shop.run.root / state["adapter"] if state["adapter"] else None
            log = train(
                shop.student(),
                lessons,
                start=start,
                out=out,
                settings=settings,
                seed=shop.config.seed + 1000 * stage + round_,
                on_step=lambda progress: _show(shop, len(lessons), progress),
            )
            shop.reporter.say(f"Trained on {log.examples} lessons, {log.tokens:,} tokens in {log.seconds:.0f} s")
            return {"adapter": str(out.relative_to(shop.run.root))}

    return node


def _lessons(shop: Workshop, stage: int, round_: int, replay: float) -> list[Example]:
    everything = shop.store().examples()
    new = [example for example in everything if (example.stage, example.round) == (stage, round_)]
    old = [example for example in everything if (example.stage, example.round) < (stage, round_)]
    asked = sum(remedy.lessons for remedy in wanted(shop, stage, round_))
    return mixture(new, old, count=round(replay * asked), seed=shop.config.seed + 1000 * stage + round_)


def _show(shop: Workshop, lessons: int, progress: TrainingProgress) -> None:
    facts = f"{lessons} lessons · loss {progress.loss:.3f} · {progress.examples_per_second:.1f} examples/s"
    shop.reporter.work("training", progress.step, progress.steps, facts)


def assess(shop: Workshop) -> Node:
    """Examine the stage's modules at the gate (Eq. 9), and again those of the stages before it."""

    def node(state: RunState) -> RunState:
        with shop.at("assess", state):
            assessment = assess_stage(shop, state)
            for result in (*assessment.gate, *assessment.earlier):
                low, high = result.student.interval
                shop.reporter.say(
                    f"{result.module}: {result.student.k}/{result.student.n} [{low:.2f}, {high:.2f}], "
                    f"{result.ratio:.2f} of the teacher, {'mastered' if result.mastered else 'not mastered'}"
                )
            shop.clock().save()
            write_report(shop.run, "running")
            short = [result.module for result in assessment.gate if not result.mastered]
            text = f"Missed the gate: {', '.join(short)}." if short else "Every module of the stage passed the gate."
            note = Note(sender="examiner", receiver="diagnoser", text=text, stage=state["stage"], round=state["round"])
            return {"mastered": assessment.mastered, "notes": noted(note)}

    return node


def assess_stage(shop: Workshop, state: RunState) -> Assessment:
    """The assessment of that stage and round, made once."""
    stage, round_ = state["stage"], state["round"]
    path = shop.run.assessment(stage, round_)
    if path.exists():
        return read_record(path, Assessment)
    curriculum = shop.curriculum()
    own = curriculum.stages[stage - 1].modules
    before = _before(curriculum, stage)
    probes = select(shop, Split.GATE, {*own, *before})
    teacher = scores(examine_teacher(shop, "gate-teacher", probes, "assess"))
    adapter = shop.run.root / state["adapter"] if state["adapter"] else None
    student = scores(examine_student(shop, f"stage-{stage:02d}-round-{round_}", probes, adapter))
    tau = shop.config.mastery.tau_mastery
    assessment = Assessment(
        stage=stage,
        round=round_,
        gate=gate(student, teacher, own, tau),
        earlier=gate(student, teacher, before, tau),
        adapter=state["adapter"],
    )
    write_record(path, assessment)
    return assessment


def remediate(shop: Workshop) -> Node:
    """The agents' conversation about a stage that was not mastered.

    The Diagnoser says why items failed, the Planner decides what to do about it; the Adapter writes next.
    """

    def node(state: RunState) -> RunState:
        with shop.at("remediate", state):
            stage, round_ = state["stage"], state["round"]
            assessment = assess_stage(shop, state)
            previous = read_record(shop.run.assessment(stage, round_ - 1), Assessment) if round_ else None
            short = [result.module for result in assessment.gate if not result.mastered]
            probes = select(shop, Split.GATE, short)
            results = _of(shop, f"stage-{stage:02d}-round-{round_}", {probe.id for probe in probes})
            found, said = shop.diagnoser().analyse(
                shop.domain(), short, results, node="remediate", stage=stage, round_=round_ + 1
            )
            remedies, to_adapter = shop.planner().remedy(
                shop.domain(),
                assessment,
                previous,
                found,
                gate=shop.config.mastery.tau_mastery,
                lessons=shop.config.synthesis.per_remedy,
            )
            write_records(shop.run.remedies(stage, round_ + 1), remedies)
            to_planner = Note(sender="diagnoser", receiver="planner", text=said, stage=stage, round=round_ + 1)
            shop.reporter.say(f"Diagnoser to Planner: {said}")
            shop.reporter.say(f"Planner to Adapter: {to_adapter.text}")
            return {"round": round_ + 1, "notes": noted(to_planner, to_adapter)}

    return node


def _of(shop: Workshop, label: str, probes: set[str]) -> list[ItemResult]:
    return [result for result in examine_student(shop, label, [], None) if result.probe in probes]


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
            given_up = not state["mastered"] and shop.config.mastery.on_failure == "stop"
            return {"stage": stage + 1, "round": 0, "adapter": best.adapter, "given_up": given_up}

    return node


def finish(shop: Workshop) -> Node:
    """Read the final split, once: the bare student, the taught one, and the teacher."""

    def node(state: RunState) -> RunState:
        with shop.at("finish", {}):
            curriculum = shop.curriculum()
            taught = {module for stage in curriculum.stages for module in stage.modules}
            if taught:
                probes = select(shop, Split.FINAL, taught)
                adapter: Path | None = shop.run.root / state["adapter"] if state["adapter"] else None
                examine_student(shop, "final-before", probes, None)
                after = examine_student(shop, "final-after", probes, adapter)
                examine_teacher(shop, "final-teacher", probes, "finish")
                total = sum(scores(after).values(), Score(k=0, n=0))
                shop.reporter.say(f"Final examination: {total.k} of {total.n} right")
            else:
                shop.reporter.say("No module is a target: there was nothing to teach.")
            revise_dependencies(shop)
        shop.clock().save()
        write_report(shop.run, "finished")
        return {}

    return node


def _before(curriculum: Curriculum, stage: int) -> tuple[str, ...]:
    return tuple(module for earlier in curriculum.stages[: stage - 1] for module in earlier.modules)
