"""From a domain to a diagnosis: decompose, examine, diagnose."""

from ioa.graph.examination import Examined, examine_by_need
from ioa.graph.state import Node, RunState, noted
from ioa.graph.workshop import Workshop
from ioa.memory import Split
from ioa.memory.files import write_record, write_records
from ioa.training import build_probes


def decompose(shop: Workshop) -> Node:
    """Draw the three splits of probes over the domain's modules."""

    def node(state: RunState) -> RunState:
        with shop.at("decompose", state):
            shop.prepare()
            domain = shop.domain()
            if not shop.run.probes.exists():
                write_records(shop.run.probes, build_probes(domain, shop.config.examination, shop.config.seed))
            shop.reporter.say(f"{len(domain.modules)} modules, {len(shop.probes())} probes in three splits")
            return {}

    return node


def examine(shop: Workshop) -> Node:
    """Put the diagnosis split to the teacher and to the bare student."""

    def node(state: RunState) -> RunState:
        with shop.at("examine", state):
            _examined(shop)
            return {}

    return node


def _examined(shop: Workshop) -> Examined:
    """The diagnosis: more items where it is not clear whether a module's gap exceeds tau_gap (Eq. 2 and 5)."""
    return examine_by_need(
        shop,
        Split.DIAGNOSIS,
        [module.id for module in shop.domain().modules],
        labels=("diagnosis-student", "diagnosis-teacher"),
        adapter=None,
        share=1 - shop.config.diagnosis.tau_gap,
        node="examine",
    )


def diagnose(shop: Workshop) -> Node:
    """Turn scores and wrong answers into gaps, prerequisites, targets and misconceptions."""

    def node(state: RunState) -> RunState:
        with shop.at("diagnose", state):
            examined = _examined(shop)
            student, teacher = examined.scores
            diagnosis, note = shop.diagnoser().diagnose(shop.domain(), student, teacher, examined.student)
            write_record(shop.run.diagnosis, diagnosis)
            shop.reporter.say(f"Diagnoser to Planner: {note.text}")
            return {"notes": noted(note)}

    return node
