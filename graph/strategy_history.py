"""What a run has learnt of the strategies from its examinations, and which of them a round's lessons get."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import TYPE_CHECKING

from ioa.agents import LessonRequest
from ioa.agents.strategy_choice import Situation, Taught, choose, learn, prior
from ioa.memory import Assessment, Diagnosis, Domain, Example, ItemResult, Remedy, Rounds
from ioa.memory.files import read_record, read_records, write_record
from ioa.memory.records import Strategy, StrategyRecord
from ioa.memory.run_dir import RunDirectory

if TYPE_CHECKING:
    from ioa.graph.context import RunContext


def with_strategies(ctx: "RunContext", stage: int, round_: int, remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
    """The wishes of a round with the strategies that `synthesis.choice` gives them.

    It looks at nothing that is later than the examination before the round, so the answer never changes.
    """
    settings = ctx.config.synthesis
    if settings.choice == "off":
        return tuple(remedy.model_copy(update={"strategies": ()}) for remedy in remedies)
    if settings.choice == "fixed":
        return tuple(remedies)
    rounds = ctx.rounds().before(stage, round_)
    record = learn_strategies(ctx.run, ctx.domain(), ctx.store().examples(), rounds)
    chosen = []
    for remedy in remedies:
        points = prior(_situation(ctx, remedy, rounds.kept))
        name = f"{ctx.config.seed}/strategies/{stage}/{round_}/{remedy.module}"
        strategies = choose(record, points, settings.strategies_per_module, name)
        chosen.append(remedy.model_copy(update={"strategies": strategies}))
    return tuple(chosen)


def record_strategies(ctx: "RunContext", stage: int, round_: int) -> None:
    """Write down what is known before a round, and say which strategies the last examination dropped or preferred."""
    rounds = ctx.rounds().before(stage, round_)
    known = ctx.run, ctx.domain(), ctx.store().examples()
    now, before = learn_strategies(*known, rounds), learn_strategies(*known, Rounds(rounds.assessments[:-1]))
    write_record(ctx.run.strategies, now)
    was = {effect.strategy: effect for effect in before.effects}
    for effect in now.effects:
        effect_text = f"strategy {effect.strategy.value}: {effect.mean:+.3f} of P_S / P_T a use, {effect.n} uses"
        if effect.dropped and not was[effect.strategy].dropped:
            ctx.message(f"Dropped {effect_text}")
        if effect.preferred and not was[effect.strategy].preferred:
            ctx.message(f"Preferred {effect_text}")


def _situation(ctx: "RunContext", remedy: Remedy, assessments: Sequence[Assessment]) -> Situation:
    diagnosis = read_diagnosis(ctx.run)
    ratios = {gap.module: 1 - gap.delta for gap in diagnosis.gaps if gap.delta is not None} if diagnosis else {}
    for assessment in assessments:
        results = (*assessment.earlier, *assessment.gate)
        ratios |= {result.module: result.ratio for result in results if not result.level}  # of a bridge: easier
    return Situation(
        ratio=max(0.0, ratios.get(remedy.module, 0.0)),
        gate=ctx.config.mastery.tau_mastery,
        steps=_steps(ctx, remedy.module),
        misconception=remedy.diagnosis,
        proposed=() if remedy.portion else remedy.strategies,
    )


def _steps(ctx: "RunContext", module: str) -> float:
    """Median lines of the teacher's solutions of a module's diagnosis items, the line of the answer not counted."""
    results = read_records(ctx.run.scores("diagnosis-teacher"), ItemResult)
    lines = [len(one.reply.splitlines()) - 1 for one in results if one.module == module and one.reply]
    return float(median(lines)) if lines else Situation.steps


def learn_strategies(run: RunDirectory, domain: Domain, examples: Iterable[Example], rounds: Rounds) -> StrategyRecord:
    """What those examinations say of the strategies.

    Args:
        run: Where the diagnosis and the requests are.
        domain: The run's.
        examples: Its accepted lessons.
        rounds: The examinations to be learnt from.
    """
    asked: dict[Taught, tuple[Strategy, ...]] = {}
    for one in rounds.assessments:
        for request in read_records(run.drafts(one.stage, one.round, 0) / "requests.jsonl", LessonRequest):
            asked.setdefault((request.module, one.stage, one.round), request.strategies)
    return learn(domain, read_diagnosis(run), rounds.assessments, rounds.starts, examples, asked)


def read_diagnosis(run: RunDirectory) -> Diagnosis | None:
    """The diagnosis; none before it is made."""
    return read_record(run.diagnosis, Diagnosis) if run.diagnosis.exists() else None
