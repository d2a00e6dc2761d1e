"""The graph that most of the other methods share: examine, then ask for lessons and train, once or several times."""

from collections.abc import Callable

from langgraph.graph import END, START, StateGraph

from ioa.graph.context import RunContext
from ioa.graph.decisions import visited
from ioa.graph.method_port import MethodGraph
from ioa.graph.nodes import baseline_nodes, diagnosis_nodes, teaching_nodes
from ioa.graph.nodes.baseline_nodes import Share
from ioa.graph.state import Node, RunState
from ioa.graph.synthesis_graph import build_synthesis


def build_iterations(
    ctx: RunContext,
    *,
    iterations: int,
    why: str,
    share: Share,
    next_share: Share | None = None,
    whole: bool = False,
    anew: bool = True,
) -> MethodGraph:
    """The graph of a method that examines, asks for lessons and trains, so often.

    Args:
        ctx: The run.
        iterations: How often.
        why: The method in a sentence, as the plan says it.
        share: What the first iteration asks for.
        next_share: What a further one asks for, with the student as it was taught so far; none: as the first.
        whole: Whether lessons are drawn from the whole domain, and not from its deficient modules alone.
        anew: Whether each training begins with the bare student, on all lessons so far.
    """
    graph = StateGraph(RunState)

    def add(name: str, node: Node) -> None:
        graph.add_node(name, visited(ctx, name, node))

    add("decompose", diagnosis_nodes.decompose(ctx))
    add("examine", diagnosis_nodes.examine(ctx))
    add("diagnose", baseline_nodes.find_deficient(ctx))
    add("plan", baseline_nodes.lay_out(ctx, iterations=iterations, why=why, share=share, whole=whole))
    graph.add_node("synthesize", build_synthesis(ctx))
    add("train", baseline_nodes.train_all(ctx, anew=anew))
    add("finish", teaching_nodes.finish(ctx))
    graph.add_edge(START, "decompose")
    graph.add_edge("decompose", "examine")
    graph.add_edge("examine", "diagnose")
    graph.add_edge("diagnose", "plan")
    graph.add_conditional_edges("plan", after_plan, ["synthesize", "finish"])
    graph.add_edge("synthesize", "train")
    if iterations > 1:
        add("select", baseline_nodes.begin_next(ctx, iterations, next_share or share))
        graph.add_conditional_edges("train", after_train(iterations), ["select", "finish"])
        graph.add_edge("select", "synthesize")
    else:
        graph.add_edge("train", "finish")
    graph.add_edge("finish", END)
    return graph


def after_plan(state: RunState) -> str:
    """To the lessons, unless nothing is deficient."""
    return "synthesize" if state["stages"] else "finish"


def after_train(iterations: int) -> Callable[[RunState], str]:
    """To the next iteration, or to the end."""
    return lambda state: "select" if state["round"] + 1 < iterations else "finish"
