"""From a domain to a diagnosis: decompose, examine, relate, diagnose."""

from pathlib import Path

from ioa.graph.context import RunContext
from ioa.graph.cycles import spent_modules
from ioa.graph.domain_making import decomposition_notes, make_domain
from ioa.graph.prerequisites import estimate_anew, measure_prerequisites
from ioa.graph.run_examinations import Examined, examine_by_need
from ioa.graph.state import Node, RunState, dump_notes
from ioa.memory import Diagnosis, Split
from ioa.memory.files import write_record, write_records
from ioa.training import build_probes, shared_modules


def decompose(ctx: RunContext) -> Node:
    """Have the domain's modules and items found, where no pack names them, and draw the three splits of probes."""

    def node(_state: RunState) -> RunState:
        ctx.prepare()
        make_domain(ctx)
        domain = ctx.domain()
        if not ctx.run.probes.exists():
            probes = build_probes(domain, ctx.config.examination, ctx.config.seed, ctx.bank())
            write_records(ctx.run.probes, probes)
        ctx.message(f"{len(domain.modules)} modules, {len(ctx.probes())} probes in three splits")
        for module, sizes in shared_modules(domain, ctx.config.examination, ctx.probes()).items():
            items = ", ".join(f"{size} for {split}" for split, size in sizes.items())
            ctx.message(f"{module} has few different problems: {items}, and as many are left to teach.")
        return {"notes": dump_notes(*decomposition_notes(ctx))}

    return node


def examine(ctx: RunContext) -> Node:
    """Put the diagnosis split to the teacher and to the bare student."""

    def node(_state: RunState) -> RunState:
        student, teacher = examine_bare(ctx).scores
        for module, score in student.items():
            known = teacher[module]
            ctx.remark(f"{module}: student {score.out_of}; teacher {known.out_of}")
        return {}

    return node


def examine_bare(ctx: RunContext) -> Examined:
    """The diagnosis: more items where it is not clear whether a module's gap exceeds tau_gap (Eq. 2 and 5)."""
    return _examine_domain(ctx, "diagnosis-student", adapter=None, node="examine")


def _examine_domain(ctx: RunContext, label: str, *, adapter: Path | None, node: str) -> Examined:
    return examine_by_need(
        ctx,
        Split.DIAGNOSIS,
        [module.id for module in ctx.domain().modules],
        labels=(label, "diagnosis-teacher"),
        adapter=adapter,
        share=1 - ctx.config.diagnosis.tau_gap,
        node=node,
    )


def relate(ctx: RunContext) -> Node:
    """Measure what depends on what, by the estimators that measure; nothing where the config names none of them."""

    def node(_state: RunState) -> RunState:
        measured = measure_prerequisites(ctx)
        estimators = [claim.estimator for claim in measured.claims]
        estimators += [open_.estimator for open_ in measured.undecided]
        if not estimators:
            ctx.remark("Nothing was measured: the config names no estimator that measures.")
        for name in dict.fromkeys(estimators):
            decided = {claim.source for claim in measured.claims if claim.estimator == name}
            missing = sum(open_.estimator == name for open_ in measured.undecided)
            ctx.message(f"{name}: what builds on {len(decided)} modules is decided, on {missing} not")
        return {}

    return node


def diagnose(ctx: RunContext) -> Node:
    """Turn scores and wrong answers into gaps, prerequisites, targets and misconceptions."""

    def node(_state: RunState) -> RunState:
        examined = examine_bare(ctx)
        student, teacher = examined.scores
        diagnosis, note = ctx.diagnoser().diagnose(
            ctx.domain(), student, teacher, examined.student, measure_prerequisites(ctx)
        )
        write_record(ctx.run.diagnosis, _with_same_items(diagnosis, examined))
        ctx.message(f"Diagnoser to Planner: {note.text}")
        return {"notes": dump_notes(note)}

    return node


def _with_same_items(diagnosis: Diagnosis, examined: Examined) -> Diagnosis:
    """The same, with whether the teacher's score of each gap comes from the student's items."""
    gaps = [gap.model_copy(update={"teacher_same": examined.teacher_same(gap.module)}) for gap in diagnosis.gaps]
    return diagnosis.model_copy(update={"gaps": tuple(gaps)})


def rediagnose(ctx: RunContext) -> Node:
    """Examine the whole domain again, with what was learnt, and choose the next targets: a further cycle."""

    def node(state: RunState) -> RunState:
        after = state["stage"] - 1
        adapter = ctx.run.root / state["adapter"] if state["adapter"] else None
        label = f"diagnosis-after-{after:02d}"
        examined = _examine_domain(ctx, label, adapter=adapter, node="rediagnose")
        edges, spent = estimate_anew(ctx, after), spent_modules(ctx)
        found, note = ctx.diagnoser().diagnose_again(
            ctx.domain(), *examined.scores, examined.student, edges, spent, after
        )
        write_record(ctx.run.diagnosis_after(after), _with_same_items(found, examined))
        ctx.message(f"Diagnoser to Planner: {note.text}")
        return {"notes": dump_notes(note)}

    return node
