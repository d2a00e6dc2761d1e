"""The Curriculum Planner's questions."""

from collections.abc import Mapping
from typing import Literal

from ioa.agents.exchange.briefs import Brief, Reply
from ioa.memory.records import Record, Strategy, Unit


class ProposedStage(Reply):
    """A stage as the teacher would have it."""

    title: str
    modules: tuple[str, ...]
    rationale: str


class PlanReply(Reply):
    """Answer to `PlanBrief`."""

    stages: tuple[ProposedStage, ...]
    note: str
    """One or two sentences to the Pedagogical Adapter."""


class PlanBrief(Brief):
    """Planner: order the targets into stages."""

    task = "plan"
    reply = PlanReply
    targets: Mapping[str, Unit]
    """Difficulty of each target, 1 - P_S / P_T as measured."""
    prerequisites: tuple[tuple[str, str], ...]
    """(earlier, later) pairs that the stages must respect."""
    admissible: tuple[tuple[str, ...], ...]
    """A staging that respects them, from Eq. 7: the proposal may split or rename its stages."""
    largest_stage: int
    """Most modules in a stage."""
    tau_zpd: Unit
    """Eq. 8: a module is at most so much harder than the hardest of all stages before its own."""
    reached: Unit = 0.0
    """The hardest difficulty that is mastered before these stages: 0 where nothing was taught yet."""
    taught: tuple[str, ...] = ()
    """Modules that were taught before these, when a plan is revised on the way."""
    reason: str = ""
    """Why the plan is revised: what was measured since it was made."""


class RemedyProposal(Reply):
    """What to do about one module."""

    module: str
    level: str
    strategies: tuple[Strategy, ...]
    reason: str


class RemedyReply(Reply):
    """Answer to `RemedyBrief`."""

    remedies: tuple[RemedyProposal, ...]
    note: str
    """One or two sentences to the Pedagogical Adapter."""


class TriedLessons(Record):
    """Lessons of a module that a round of the stage asked for, and what came of asking."""

    level: str
    strategies: tuple[Strategy, ...]
    asked: int
    """Lessons asked for."""
    accepted: int
    """Of them, new ones that passed every check."""
    refused: Mapping[str, int]
    """How many failed a check, by its name."""
    outcome: Literal["taught", "used up", "refused"]
    """`used up`: too few to be trained, since the level has hardly a problem left that is not taught or examined
    already; `refused`: too few for another reason, which other strategies may avoid."""


class WeakModule(Record):
    """A module that missed the gate."""

    module: str
    ratio: float
    """P_S / P_T now."""
    previous: float | None
    """The same one round earlier."""
    misconception: str
    levels: tuple[str, ...]
    """Levels that lessons can be drawn from, easiest first; one that is used up is none of them."""
    exam_level: str
    """The level that is examined."""
    tried: tuple[TriedLessons, ...] = ()
    """What the rounds of this stage asked for, oldest first."""


class RemedyBrief(Brief):
    """Planner: what should the next lessons for these modules be like?"""

    task = "remedy"
    reply = RemedyReply
    weak: tuple[WeakModule, ...]
    gate: Unit
    """tau_mastery."""
    round: int
