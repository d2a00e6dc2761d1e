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

from ioa.graph.context import RunContext
from ioa.graph.decisions import traced
from ioa.graph.nodes import diagnosis_nodes as beginning
from ioa.graph.nodes import planning_nodes as planning
from ioa.graph.nodes import remediation_nodes as remediation
from ioa.graph.nodes import revision_nodes as revision
from ioa.graph.nodes import synthesis_nodes as synthesis
from ioa.graph.nodes import teaching_nodes as teaching
from ioa.graph.routing import after_advance, after_assess, after_plan, after_review, after_revise, after_top_up
from ioa.graph.state import RunState, SynthesisInput, SynthesisOutput, SynthesisState

Graph = CompiledStateGraph[RunState, None, RunState, RunState]


def build_graph(ctx: RunContext, checkpointer: "BaseCheckpointSaver[str] | None" = None) -> Graph:
    """The whole run as a compiled graph.

    Args:
        ctx: What the nodes work with.
        checkpointer: Where the state is kept after each step; none for LangGraph's own tools, which bring theirs.
    """
    config = ctx.config
    graph = StateGraph(RunState)
    graph.add_node("decompose", traced(ctx, "decompose", beginning.decompose(ctx)))
    graph.add_node("examine", traced(ctx, "examine", beginning.examine(ctx)))
    graph.add_node("relate", traced(ctx, "relate", beginning.relate(ctx)))
    graph.add_node("diagnose", traced(ctx, "diagnose", beginning.diagnose(ctx)))
    graph.add_node("plan", traced(ctx, "plan", planning.plan(ctx)))
    graph.add_node("review", traced(ctx, "review", planning.review(ctx)))
    graph.add_node("synthesize", build_synthesis(ctx))
    graph.add_node("train", traced(ctx, "train", teaching.train_stage(ctx)))
    graph.add_node("assess", traced(ctx, "assess", teaching.assess(ctx)))
    graph.add_node("remediate", traced(ctx, "remediate", remediation.remediate(ctx)))
    graph.add_node("advance", traced(ctx, "advance", teaching.advance(ctx)))
    graph.add_node("revise", traced(ctx, "revise", revision.revise(ctx)))
    graph.add_node("finish", traced(ctx, "finish", teaching.finish(ctx)))

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
    ctx: RunContext,
) -> "CompiledStateGraph[SynthesisState, None, SynthesisInput, SynthesisOutput]":
    """The subgraph that turns a round's wishes into accepted lessons."""
    graph = StateGraph(SynthesisState, input_schema=SynthesisInput, output_schema=SynthesisOutput)
    graph.add_node("draft", traced(ctx, "draft", synthesis.draft(ctx)))
    graph.add_node("verify", traced(ctx, "verify", synthesis.verify(ctx)))
    graph.add_node("decontaminate", traced(ctx, "decontaminate", synthesis.decontaminate(ctx)))
    graph.add_node("deduplicate", traced(ctx, "deduplicate", synthesis.deduplicate(ctx)))
    graph.add_node("top_up", traced(ctx, "top_up", synthesis.top_up(ctx)))
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
