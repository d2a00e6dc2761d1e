"""The subgraph that turns a round's wishes into accepted lessons, a node of every method's graph."""

from collections.abc import Callable

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from ioa.graph.context import RunContext
from ioa.graph.decisions import visited
from ioa.graph.nodes import synthesis_nodes
from ioa.graph.state import SynthesisInput, SynthesisNode, SynthesisOutput, SynthesisState


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


def after_top_up(state: SynthesisState) -> str:
    """Ask again for what is missing, or leave the subgraph."""
    return "draft" if state["missing"] else END
