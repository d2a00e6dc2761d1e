"""IOA: Identifier, Organizer and Adapter in a loop of stages, each taught until it is mastered (arXiv 2602.12172).

Each of its parts can be switched off, for an ablation (the paper's Table 3 leaves out one agent at a time):

    ioa run configs/arithmetic.yaml --method ioa --set method.options.organizer=off

A switch changes the run file and nothing else, so that the config a run keeps says what was done.
"""

from collections.abc import Callable
from typing import Literal

from langgraph.graph import END, START, StateGraph

from ioa.graph.context import RunContext
from ioa.graph.decisions import visited
from ioa.graph.method_port import Method, MethodGraph
from ioa.graph.methods.ablation import Ablation, configure
from ioa.graph.nodes import (
    diagnosis_nodes,
    planning_nodes,
    practice_nodes,
    revision_nodes,
    teaching_nodes,
    training_nodes,
)
from ioa.graph.state import Node, RunState, remediations
from ioa.graph.synthesis_graph import build_synthesis


def build(ctx: RunContext) -> MethodGraph:
    """The whole run as a graph."""
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
        "practise": practice_nodes.practise,
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
    graph.add_conditional_edges("train", after_train(ctx))
    graph.add_conditional_edges("practise", after_practise)
    graph.add_conditional_edges("assess", after_assess(rounds=config.mastery.rounds))
    graph.add_conditional_edges("remediate", after_remediate)
    graph.add_conditional_edges("advance", after_advance)
    graph.add_conditional_edges("revise", after_revise)
    graph.add_edge("rediagnose", "extend")
    graph.add_conditional_edges("extend", after_extend)
    graph.add_edge("finish", END)
    return graph


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


def after_train(ctx: RunContext) -> Callable[[RunState], Literal["practise", "assess"]]:
    """To practice, where it is wanted, before the examination."""

    def route(state: RunState) -> Literal["practise", "assess"]:
        return "practise" if practice_nodes.practice_wanted(ctx, state) else "assess"

    return route


def after_practise(state: RunState) -> Literal["train", "assess"]:
    """To a training with what was solved, unless it was too little."""
    return "train" if state["practice_due"] else "assess"


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


METHOD = Method(build, Ablation, configure, takes_curriculum=True)
