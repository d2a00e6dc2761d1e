"""Writing into the transcript what each node of the graph read, decided and told the next one."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ioa.memory.records import Example, Note, Refusal
from ioa.memory.transcript import CallContext

if TYPE_CHECKING:
    from ioa.graph.context import RunContext

N = TypeVar("N", bound=Callable[..., Any])

AGENTS = {
    "decompose": "diagnoser",
    "examine": "examiner",
    "relate": "diagnoser",
    "diagnose": "diagnoser",
    "plan": "planner",
    "review": "person",
    "draft": "adapter",
    "verify": "verifier",
    "decontaminate": "adapter",
    "deduplicate": "adapter",
    "top_up": "adapter",
    "train": "trainer",
    "assess": "examiner",
    "remediate": "diagnoser",
    "advance": "examiner",
    "revise": "planner",
    "finish": "examiner",
}
"""Who decides in each node."""


def traced(ctx: "RunContext", name: str, node: N) -> N:
    """The node, leaving a decision in the transcript each time that it is done."""

    def visited(state: Mapping[str, Any]) -> Mapping[str, Any]:
        context = CallContext(
            node=name, agent=AGENTS[name], task=name, stage=state.get("stage"), round=state.get("round")
        )
        read = {key: value for key, value in state.items() if key != "notes"}
        with ctx.transcript().visit(context, read) as visit, ctx.listen(visit.lines):
            wrote: Mapping[str, Any] = node(state)
            visit.wrote = {key: value for key, value in wrote.items() if key != "notes"}
            visit.notes = [Note.model_validate(note) for note in wrote.get("notes", ())]
        return wrote

    return cast(N, visited)


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
            agent=AGENTS[node],
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
