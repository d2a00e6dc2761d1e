"""Where the graph goes next: pure functions of the state."""

from collections.abc import Callable
from typing import Literal

from langgraph.graph import END

from ioa.graph.state import RunState, SynthesisState


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
    """On when the stage is mastered, `rounds` remediations were not enough or the last brought nothing (Eq. 9)."""

    def route(state: RunState) -> Literal["advance", "remediate"]:
        over = state["mastered"] or state["round"] >= rounds or state.get("stalled", False)
        return "advance" if over else "remediate"

    return route


def after_advance(state: RunState) -> Literal["revise", "finish"]:
    """To the rest of the plan, or to the end where there is none or the run is given up."""
    return "finish" if state["given_up"] or state["stage"] > state["stages"] else "revise"


def after_revise(state: RunState) -> Literal["synthesize", "finish"]:
    """To the next stage, unless nothing is left of the plan."""
    return "finish" if state["stage"] > state["stages"] else "synthesize"


def after_top_up(state: SynthesisState) -> str:
    """Ask again for what is missing, or leave the subgraph."""
    return "draft" if state["missing"] else END
