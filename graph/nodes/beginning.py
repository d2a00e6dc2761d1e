"""From a domain to a diagnosis: decompose, examine, relate, diagnose."""

from ioa.graph.decomposing import decomposition_notes, make_domain
from ioa.graph.dependencies import measure_dependencies
from ioa.graph.examination import Examined, examine_by_need
from ioa.graph.state import Node, RunState, noted
from ioa.graph.workshop import Workshop
from ioa.memory import Split
from ioa.memory.files import write_record, write_records
from ioa.training import build_probes


def decompose(shop: Workshop) -> Node:
    """Have the domain's modules and items found, where no pack names them, and draw the three splits of probes."""

    def node(state: RunState) -> RunState:
        with shop.at("decompose", state):
            shop.prepare()
            make_domain(shop)
            domain = shop.domain()
            if not shop.run.probes.exists():
                probes = build_probes(domain, shop.config.examination, shop.config.seed, shop.bank())
                write_records(shop.run.probes, probes)
            shop.reporter.say(f"{len(domain.modules)} modules, {len(shop.probes())} probes in three splits")
            return {"notes": noted(*decomposition_notes(shop))}

    return node


def examine(shop: Workshop) -> Node:
    """Put the diagnosis split to the teacher and to the bare student."""

    def node(state: RunState) -> RunState:
        with shop.at("examine", state):
            student, teacher = _examined(shop).scores
            for module, score in student.items():
                known = teacher[module]
                shop.remark(f"{module}: student {score.k} of {score.n}, teacher {known.k} of {known.n}")
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


def relate(shop: Workshop) -> Node:
    """Measure what depends on what, by the estimators that measure; nothing where the config names none of them."""

    def node(state: RunState) -> RunState:
        with shop.at("relate", state):
            measured = measure_dependencies(shop)
            estimators = [claim.estimator for claim in measured.claims]
            estimators += [open_.estimator for open_ in measured.undecided]
            if not estimators:
                shop.remark("Nothing was measured: the config names no estimator that measures.")
            for name in dict.fromkeys(estimators):
                decided = {claim.source for claim in measured.claims if claim.estimator == name}
                missing = sum(open_.estimator == name for open_ in measured.undecided)
                shop.reporter.say(f"{name}: what builds on {len(decided)} modules is decided, on {missing} not")
            return {}

    return node


def diagnose(shop: Workshop) -> Node:
    """Turn scores and wrong answers into gaps, prerequisites, targets and misconceptions."""

    def node(state: RunState) -> RunState:
        with shop.at("diagnose", state):
            examined = _examined(shop)
            student, teacher = examined.scores
            diagnosis, note = shop.diagnoser().diagnose(
                shop.domain(), student, teacher, examined.student, measure_dependencies(shop)
            )
            write_record(shop.run.diagnosis, diagnosis)
            shop.reporter.say(f"Diagnoser to Planner: {note.text}")
            return {"notes": noted(note)}

    return node
