"""The strategies of a round's lessons, chosen from what the run has left so far."""

from collections.abc import Sequence
from statistics import median

from ioa.agents.strategy_choice import Situation, choose, prior
from ioa.graph.context import RunContext
from ioa.graph.strategy_history import learnt, read_diagnosis
from ioa.memory import Assessment, ItemResult, Remedy
from ioa.memory.files import read_record, read_records, write_record
from ioa.memory.records import StrategyRecord
from ioa.training import best_round


def with_strategies(ctx: RunContext, stage: int, round_: int, remedies: Sequence[Remedy]) -> tuple[Remedy, ...]:
    """The wishes of a round with the strategies that `synthesis.choice` gives them.

    It looks at nothing that is later than the examination before the round, so the answer never changes.
    """
    settings = ctx.config.synthesis
    if settings.choice == "off":
        return tuple(remedy.model_copy(update={"strategies": ()}) for remedy in remedies)
    if settings.choice == "fixed":
        return tuple(remedies)
    assessments = _assessments(ctx, stage, round_)
    standing = _standing(assessments)
    record = _learnt(ctx, assessments)
    chosen = []
    for remedy in remedies:
        points = prior(_situation(ctx, remedy, standing, round_))
        name = f"{ctx.config.seed}/strategies/{stage}/{round_}/{remedy.module}"
        strategies = choose(record, points, settings.strategies_per_module, name)
        chosen.append(remedy.model_copy(update={"strategies": strategies}))
    return tuple(chosen)


def record_strategies(ctx: RunContext, stage: int, round_: int) -> None:
    """Write down what is known before a round, and say which strategies the last examination dropped or preferred."""
    assessments = _assessments(ctx, stage, round_)
    now, before = _learnt(ctx, assessments), _learnt(ctx, assessments[:-1])
    write_record(ctx.run.strategies, now)
    was = {effect.strategy: effect for effect in before.effects}
    for effect in now.effects:
        told = f"strategy {effect.strategy.value}: {effect.mean:+.3f} of P_S / P_T a use, {effect.n} uses"
        if effect.dropped and not was[effect.strategy].dropped:
            ctx.reporter.say(f"Dropped {told}")
        if effect.preferred and not was[effect.strategy].preferred:
            ctx.reporter.say(f"Preferred {told}")


def _situation(ctx: RunContext, remedy: Remedy, assessments: Sequence[Assessment], round_: int) -> Situation:
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
        proposed=remedy.strategies if round_ else (),
    )


def _steps(ctx: RunContext, module: str) -> float:
    """Median lines of the teacher's solutions of a module's diagnosis items, the line of the answer not counted."""
    results = read_records(ctx.run.scores("diagnosis-teacher"), ItemResult)
    lines = [len(one.reply.splitlines()) - 1 for one in results if one.module == module and one.reply]
    return float(median(lines)) if lines else Situation.steps


def _learnt(ctx: RunContext, assessments: Sequence[Assessment]) -> StrategyRecord:
    return learnt(ctx.run, ctx.domain(), ctx.store().examples(), assessments)


def _standing(assessments: Sequence[Assessment]) -> list[Assessment]:
    """Of each stage the best round, whose adapter is gone on from; oldest first."""
    stages = dict.fromkeys(assessment.stage for assessment in assessments)
    return [best_round([one for one in assessments if one.stage == stage]) for stage in stages]


def _assessments(ctx: RunContext, stage: int, round_: int) -> list[Assessment]:
    """Every examination before that round, oldest first."""
    paths = ctx.run.assessment(1, 0).parent.glob("stage-*-round-*.json")
    found = [read_record(path, Assessment) for path in paths]
    before = [one for one in found if (one.stage, one.round) < (stage, round_)]
    return sorted(before, key=lambda one: (one.stage, one.round))
