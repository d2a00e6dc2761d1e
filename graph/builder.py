"""The graph: its nodes, and where it goes next after each of them."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from ioa.graph.context import RunContext
from ioa.graph.decisions import visited
from ioa.graph.nodes import (
    diagnosis_nodes,
    planning_nodes,
    revision_nodes,
    synthesis_nodes,
    teaching_nodes,
    training_nodes,
)
from ioa.graph.state import (
    Node,
    RunState,
    SynthesisInput,
    SynthesisNode,
    SynthesisOutput,
    SynthesisState,
    remediations,
)

Graph = CompiledStateGraph[RunState, None, RunState, RunState]


def build_graph(ctx: RunContext, checkpointer: "BaseCheckpointSaver[str] | None" = None) -> Graph:
    """The whole run as a compiled graph.

    Args:
        ctx: What the nodes work with.
        checkpointer: Where the state is kept after each step; none for LangGraph's own tools, which bring theirs.
    """
    config = ctx.config
    graph = StateGraph(RunState)
    nodes: dict[str, Callable[[RunContext], Node]] = {
        "decompose": diagnosis_nodes.decompose,
        "examine": diagnosis_nodes.examine,
        "relate": diagnosis_nodes.relate,
        "diagnose": diagnosis_nodes.diagnose,
        "plan": planning_nodes.plan,
        "review": planning_nodes.review,
        "train": training_nodes.train_stage,
        "assess": teaching_nodes.assess,
        "remediate": teaching_nodes.remediate,
        "advance": teaching_nodes.advance,
        "revise": revision_nodes.revise,
        "rediagnose": diagnosis_nodes.rediagnose,
        "extend": revision_nodes.extend,
        "finish": teaching_nodes.finish,
    }
    for name, make in nodes.items():
        graph.add_node(name, visited(ctx, name, make(ctx)))
    graph.add_node("synthesize", build_synthesis(ctx))

    graph.add_edge(START, "decompose")
    graph.add_edge("decompose", "examine")
    graph.add_edge("examine", "relate")
    graph.add_edge("relate", "diagnose")
    graph.add_edge("diagnose", "plan")
    graph.add_conditional_edges("plan", after_plan(review=config.curriculum.review))
    graph.add_conditional_edges("review", after_review)
    graph.add_edge("synthesize", "train")
    graph.add_edge("train", "assess")
    graph.add_conditional_edges("assess", after_assess(rounds=config.mastery.rounds))
    graph.add_conditional_edges("remediate", after_remediate)
    graph.add_conditional_edges("advance", after_advance)
    graph.add_conditional_edges("revise", after_revise)
    graph.add_edge("rediagnose", "extend")
    graph.add_conditional_edges("extend", after_extend)
    graph.add_edge("finish", END)
    return graph.compile(checkpointer=checkpointer, name="ioa")


def build_synthesis(
    ctx: RunContext,
) -> "CompiledStateGraph[SynthesisState, None, SynthesisInput, SynthesisOutput]":
    """The subgraph that turns a round's wishes into accepted lessons."""
    graph = StateGraph(SynthesisState, input_schema=SynthesisInput, output_schema=SynthesisOutput)
    nodes: dict[str, Callable[[RunContext], SynthesisNode]] = {
        "draft": synthesis_nodes.draft,
        "verify": synthesis_nodes.verify,
        "decontaminate": synthesis_nodes.decontaminate,
        "deduplicate": synthesis_nodes.deduplicate,
        "top_up": synthesis_nodes.top_up,
    }
    for name, make in nodes.items():
        graph.add_node(name, visited(ctx, name, make(ctx)))
    graph.add_edge(START, "draft")
    graph.add_edge("draft", "verify")
    graph.add_edge("verify", "decontaminate")
    graph.add_edge("decontaminate", "deduplicate")
    graph.add_edge("deduplicate", "top_up")
    graph.add_conditional_edges("top_up", after_top_up, ["draft", END])
    return graph.compile(name="synthesize")


def after_plan(*, review: bool) -> Callable[[RunState], Literal["review", "synthesize", "finish"]]:
    """To the review, where one is wanted; to the first stage; or to the end, when there is nothing to teach."""

    def route(state: RunState) -> Literal["review", "synthesize", "finish"]:
        if not state["stages"]:
            return "finish"
        return "review" if review else "synthesize"

    return route


def after_review(state: RunState) -> Literal["synthesize", "finish"]:
    """To the first stage, unless the person took out all of them."""
    return "synthesize" if state["stages"] else "finish"


def after_assess(*, rounds: int) -> Callable[[RunState], Literal["advance", "remediate"]]:
    """On when the stage is mastered, or nothing is left to be taught (Eq. 9).

    That is when all portions of its first lessons were given and `rounds` remediations were not enough, or the last of
    them brought nothing.
    """

    def route(state: RunState) -> Literal["advance", "remediate"]:
        if state["mastered"] or state.get("stalled", False):
            return "advance"
        return "remediate" if state.get("portion_due", False) or remediations(state) < rounds else "advance"

    return route


def after_remediate(state: RunState) -> Literal["synthesize", "advance"]:
    """To the lessons that were decided on, or on where nothing is left that could be taught."""
    return "advance" if state.get("stalled", False) else "synthesize"


def after_advance(state: RunState) -> Literal["revise", "rediagnose", "finish"]:
    """To the rest of the plan, to a further cycle, or to the end where there is neither or the run is given up."""
    if state["given_up"]:
        return "finish"
    return "revise" if state["stage"] <= state["stages"] else _after_last(state)


def after_revise(state: RunState) -> Literal["synthesize", "rediagnose", "finish"]:
    """To the next stage, unless nothing is left of the plan."""
    return "synthesize" if state["stage"] <= state["stages"] else _after_last(state)


def after_extend(state: RunState) -> Literal["synthesize", "finish"]:
    """To the first stage of the cycle, unless it has no target."""
    return "synthesize" if state["stage"] <= state["stages"] else "finish"


def _after_last(state: RunState) -> Literal["rediagnose", "finish"]:
    return "rediagnose" if state.get("cycle_due", False) else "finish"


def after_top_up(state: SynthesisState) -> str:
    """Ask again for what is missing, or leave the subgraph."""
    return "draft" if state["missing"] else END


@contextmanager
def open_checkpointer(path: Path) -> Iterator[SqliteSaver]:
    """The run's checkpoints in SQLite, reading back plain data only, never a pickled or named class."""
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        yield SqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
    finally:
        connection.close()
