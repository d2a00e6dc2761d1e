"""The agents' conversation about a stage that was not mastered."""

from ioa.graph.examination import kept_assessment, recorded
from ioa.graph.state import Node, RunState, noted
from ioa.graph.workshop import Workshop
from ioa.memory import Note
from ioa.memory.files import write_records


def remediate(shop: Workshop) -> Node:
    """The Diagnoser says why items failed, the Planner decides what to do about it; the Adapter writes next."""

    def node(state: RunState) -> RunState:
        with shop.at("remediate", state):
            stage, round_ = state["stage"], state["round"]
            kept = kept_assessment(shop, stage)  # of the round that is gone on from, which need not be the last
            previous = kept_assessment(shop, stage, before=round_) if round_ else None
            short = [result.module for result in kept.gate if not result.mastered]
            label = f"stage-{stage:02d}-round-{kept.round}"
            answers = recorded(shop, label)
            levels = {result.module: result.level for result in kept.gate if result.level}
            results = [result for result in answers if result.module in short]
            analysis = shop.diagnoser().analyse(
                shop.domain(),
                short,
                results,
                node="remediate",
                label=label,
                stage=stage,
                round_=round_ + 1,
                levels=levels,
            )
            write_records(shop.run.misconceptions(stage, kept.round), analysis.all)
            remedies, to_adapter = shop.planner().remedy(
                shop.domain(),
                kept.model_copy(update={"round": round_}),
                previous,
                analysis.confirmed,
                gate=shop.config.mastery.tau_mastery,
                lessons=shop.config.synthesis.per_remedy,
                least=shop.config.diagnosis.misconceptions.least_lessons,
            )
            write_records(shop.run.remedies(stage, round_ + 1), remedies)
            to_planner = Note(sender="diagnoser", receiver="planner", text=analysis.note, stage=stage, round=round_ + 1)
            shop.reporter.say(f"Diagnoser to Planner: {to_planner.text}")
            shop.reporter.say(f"Planner to Adapter: {to_adapter.text}")
            return {"round": round_ + 1, "notes": noted(to_planner, to_adapter)}

    return node
