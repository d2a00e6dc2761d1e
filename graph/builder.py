"""Putting the graph together."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from ioa.graph.nodes import beginning, planning, remediation, revision, synthesis, teaching
from ioa.graph.routing import after_advance, after_assess, after_plan, after_review, after_revise, after_top_up
from ioa.graph.state import RunState, SynthesisInput, SynthesisOutput, SynthesisState
from ioa.graph.tracing import traced
from ioa.graph.workshop import Workshop

Graph = CompiledStateGraph[RunState, None, RunState, RunState]


def build_graph(shop: Workshop, checkpointer: "BaseCheckpointSaver[str] | None" = None) -> Graph:
    """The whole run as a compiled graph.

    Args:
        shop: What the nodes work with.
        checkpointer: Where the state is kept after each step; none for LangGraph's own tools, which bring theirs.
    """
    config = shop.config
    graph = StateGraph(RunState)
    graph.add_node("decompose", traced(shop, "decompose", beginning.decompose(shop)))
    graph.add_node("examine", traced(shop, "examine", beginning.examine(shop)))
    graph.add_node("relate", traced(shop, "relate", beginning.relate(shop)))
    graph.add_node("diagnose", traced(shop, "diagnose", beginning.diagnose(shop)))
    graph.add_node("plan", traced(shop, "plan", planning.plan(shop)))
    graph.add_node("review", traced(shop, "review", planning.review(shop)))
    graph.add_node("synthesize", build_synthesis(shop))
    graph.add_node("train", traced(shop, "train", teaching.train_stage(shop)))
    graph.add_node("assess", traced(shop, "assess", teaching.assess(shop)))
    graph.add_node("remediate", traced(shop, "remediate", remediation.remediate(shop)))
    graph.add_node("advance", traced(shop, "advance", teaching.advance(shop)))
    graph.add_node("revise", traced(shop, "revise", revision.revise(shop)))
    graph.add_node("finish", traced(shop, "finish", teaching.finish(shop)))

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
    graph.add_edge("remediate", "synthesize")
    graph.add_conditional_edges("advance", after_advance)
    graph.add_conditional_edges("revise", after_revise)
    graph.add_edge("finish", END)
    return graph.compile(checkpointer=checkpointer, name="ioa")


def build_synthesis(
    shop: Workshop,
) -> "CompiledStateGraph[SynthesisState, None, SynthesisInput, SynthesisOutput]":
    """The subgraph that turns a round's wishes into accepted lessons."""
    graph = StateGraph(SynthesisState, input_schema=SynthesisInput, output_schema=SynthesisOutput)
    graph.add_node("draft", traced(shop, "draft", synthesis.draft(shop)))
    graph.add_node("verify", traced(shop, "verify", synthesis.verify(shop)))
    graph.add_node("decontaminate", traced(shop, "decontaminate", synthesis.decontaminate(shop)))
    graph.add_node("deduplicate", traced(shop, "deduplicate", synthesis.deduplicate(shop)))
    graph.add_node("top_up", traced(shop, "top_up", synthesis.top_up(shop)))
    graph.add_edge(START, "draft")
    graph.add_edge("draft", "verify")
    graph.add_edge("verify", "decontaminate")
    graph.add_edge("decontaminate", "deduplicate")
    graph.add_edge("deduplicate", "top_up")
    graph.add_conditional_edges("top_up", after_top_up, ["draft", END])
    return graph.compile(name="synthesize")


@contextmanager
def open_checkpointer(path: Path) -> Iterator[SqliteSaver]:
    """The run's checkpoints in SQLite, reading back plain data only, never a pickled or named class."""
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        yield SqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
    finally:
        connection.close()
