"""The agents' conversation about a stage that was not mastered."""

from ioa.graph.context import RunContext
from ioa.graph.run_examinations import kept_assessment, recorded
from ioa.graph.state import Node, RunState, noted
from ioa.memory import Note
from ioa.memory.files import write_records


def remediate(ctx: RunContext) -> Node:
    """The Diagnoser says why items failed, the Planner decides what to do about it; the Adapter writes next."""

    def node(state: RunState) -> RunState:
        with ctx.at("remediate", state):
            stage, round_ = state["stage"], state["round"]
            kept = kept_assessment(ctx, stage)  # of the round that is gone on from, which need not be the last
            previous = kept_assessment(ctx, stage, before=round_) if round_ else None
            short = [result.module for result in kept.gate if not result.mastered]
            label = f"stage-{stage:02d}-round-{kept.round}"
            answers = recorded(ctx, label)
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
            ctx.reporter.say(f"Diagnoser to Planner: {to_planner.text}")
            ctx.reporter.say(f"Planner to Adapter: {to_adapter.text}")
            return {"round": round_ + 1, "notes": noted(to_planner, to_adapter)}

    return node
