"""The agents' conversation about a stage that was not mastered."""

from ioa.graph.examination import examine_student, select
from ioa.graph.nodes.teaching import assess_stage
from ioa.graph.state import Node, RunState, noted
from ioa.graph.workshop import Workshop
from ioa.memory import Assessment, ItemResult, Note, Split
from ioa.memory.files import read_record, write_records


def remediate(shop: Workshop) -> Node:
    """The Diagnoser says why items failed, the Planner decides what to do about it; the Adapter writes next."""

    def node(state: RunState) -> RunState:
        with shop.at("remediate", state):
            stage, round_ = state["stage"], state["round"]
            assessment = assess_stage(shop, state)
            previous = read_record(shop.run.assessment(stage, round_ - 1), Assessment) if round_ else None
            short = [result.module for result in assessment.gate if not result.mastered]
            label = f"stage-{stage:02d}-round-{round_}"
            probes = select(shop, Split.GATE, short)
            results = _of(shop, label, {probe.id for probe in probes})
            analysis = shop.diagnoser().analyse(
                shop.domain(), short, results, node="remediate", label=label, stage=stage, round_=round_ + 1
            )
            write_records(shop.run.misconceptions(stage, round_), analysis.all)
            remedies, to_adapter = shop.planner().remedy(
                shop.domain(),
                assessment,
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


def _of(shop: Workshop, label: str, probes: set[str]) -> list[ItemResult]:
    return [result for result in examine_student(shop, label, [], None) if result.probe in probes]
