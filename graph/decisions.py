"""What surrounds each visit to a node, and the decisions that it leaves in the transcript."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ioa.graph.listeners import NodeVisit
from ioa.graph.node_agents import agent_of
from ioa.graph.round_lessons import teaching_of
from ioa.memory.records import Example, Note, Refusal
from ioa.memory.transcript import CallContext

if TYPE_CHECKING:
    from ioa.graph.context import RunContext

S = TypeVar("S", bound=Mapping[str, Any])


class VisitedNode(Protocol[S]):
    """A node as LangGraph takes it."""

    def __call__(self, state: S) -> S:
        """Do the node's work, and return the part of the state that it changes."""
        ...


_SHOWN_AS = dict.fromkeys(("draft", "verify", "decontaminate", "deduplicate", "top_up"), "synthesize")
"""Nodes of the subgraph by the node of the run that a person sees, and whose time they count towards."""

_TEACHING = {"synthesize", "train", "assess", "remediate"}
"""What a person sees of a round under way; what a stage teaches is not settled before it begins."""


def visited(ctx: "RunContext", name: str, node: Callable[[S], S]) -> VisitedNode[S]:
    """The node with all that surrounds each visit to it.

    The budget of time is checked, listeners are told, the clock counts, and what the node read, decided and told the
    next one is left in the transcript when it is done.
    """
    shown = _SHOWN_AS.get(name, name)

    def visit_node(state: S) -> S:
        ctx.budget().check_wall()
        visit = _visit(ctx, shown, state)
        context = CallContext(
            node=name, agent=agent_of(name), task=name, stage=state.get("stage"), round=state.get("round")
        )
        read = {key: value for key, value in state.items() if key != "notes"}
        ctx.listener.visit_begun(visit)
        with ctx.clock().phase(shown), ctx.transcript().visit(context, read) as decision, ctx.noting(decision.lines):
            wrote = node(state)
            decision.wrote = {key: value for key, value in wrote.items() if key != "notes"}
            decision.notes = [Note.model_validate(note) for note in wrote.get("notes", ())]
        ctx.listener.visit_ended(visit)
        return wrote

    return visit_node


def _visit(ctx: "RunContext", node: str, state: Mapping[str, Any]) -> NodeVisit:
    stage, stages, round_ = state.get("stage"), state.get("stages"), state.get("round")
    if stage is not None and stages is not None and stage > stages:
        return NodeVisit(node)  # all stages are over
    if stage is None or round_ is None or node not in _TEACHING:
        return NodeVisit(node, stage, stages, round_)
    return NodeVisit(node, stage, stages, round_, teaching_of(ctx, stage, round_))


def record_verdicts(
    ctx: "RunContext",
    node: str,
    strategies: Mapping[str, Sequence[str]],
    accepted: Sequence[Example] = (),
    refused: Sequence[Refusal] = (),
) -> None:
    """Write down which lessons may be taught and which not.

    Args:
        ctx: The run.
        node: Where that was decided.
        strategies: Of the requests, by batch; of refused lessons they are not known otherwise.
        accepted: Lessons that passed every check.
        refused: Lessons that failed one.
    """

    def place(lesson: Example | Refusal) -> CallContext:
        return CallContext(
            node=node,
            agent=agent_of(node),
            task="lesson",
            stage=lesson.stage,
            round=lesson.round,
            module=lesson.module,
            strategies=tuple(strategies.get(lesson.batch, ())),
            batch=lesson.batch,
        )

    good = [(place(lesson), lesson.id, lesson.event, "", "") for lesson in accepted]
    bad = [(place(one), one.id, one.event, one.reason.value, one.detail or one.reason.value) for one in refused]
    ctx.transcript().judge([*good, *bad])
