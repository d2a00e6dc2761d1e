"""The state of the graph: where the run stands. Everything bulky is in files of the run directory."""

from collections.abc import Callable
from operator import add
from typing import Annotated, Any, TypedDict

from ioa.memory import Note


class RunState(TypedDict, total=False):
    """Small numbers and short texts only: the checkpointer writes all of it after every step."""

    stages: int
    """How many stages the curriculum has."""
    stage: int
    """The stage under way, from 1."""
    round: int
    """0 for the first portion of the stage's lessons, then one for each further portion and each remedy."""
    remediation: int
    """How many of the stage's rounds were remedies."""
    trained: bool
    """Whether the round had enough new lessons to be trained."""
    mastered: bool
    """Verdict of the last assessment."""
    portion_due: bool
    """A module that is not mastered has not had all portions of its first lessons."""
    stalled: bool
    """The last remediation rounds brought nothing, or nothing is left to be taught, so no more are tried."""
    practised: int
    """How often the student has practised since the last portion of lessons."""
    practice_due: bool
    """The last practice brought something to train on."""
    adapter: str
    """Folder of the LoRA that the next training starts from, relative to the run; empty for a bare student."""
    given_up: bool
    """A stage was not mastered in R_max rounds and the config says to stop."""
    cycle_due: bool
    """All stages are over, and the domain is to be diagnosed again."""
    notes: Annotated[list[dict[str, Any]], add]
    """What the agents told one another, oldest first (`Note` as JSON)."""


class SynthesisInput(TypedDict, total=False):
    """What the synthesis subgraph takes from the run's state.

    Not the notes: a subgraph returns all it holds of a shared list, and the run would add the old ones again.
    """

    stage: int
    round: int


class SynthesisOutput(TypedDict, total=False):
    """What the synthesis subgraph adds to the run's state."""

    notes: Annotated[list[dict[str, Any]], add]


class SynthesisState(SynthesisInput, SynthesisOutput, total=False):
    """State of the synthesis subgraph."""

    pass_number: int
    """How often lessons were asked for in this round."""
    missing: int
    """Lessons still wanted after the last pass."""


def remediations(state: RunState) -> int:
    """How many of the stage's rounds were remedies; in a run from before there were portions all but the first."""
    return state.get("remediation", state["round"])


def dump_notes(*notes: Note) -> list[dict[str, Any]]:
    """Notes as the state keeps them."""
    return [note.model_dump(mode="json") for note in notes]


Node = Callable[[RunState], RunState]
"""A node of the run: it returns the part of the state that it changes."""
SynthesisNode = Callable[[SynthesisState], SynthesisState]
"""The same of the synthesis subgraph."""
