"""What `ioa why` tells: the way from a lesson, or from a module, back to the evidence it rests on, as data."""

from typing import Literal

from ioa.agents import LessonRequest
from ioa.memory.records import (
    BrokenEdge,
    Edge,
    Example,
    Gap,
    GateResult,
    Kind,
    Misconception,
    Module,
    Record,
    Refusal,
    RefusalReason,
    Remedy,
    Score,
    Stage,
    Teaching,
    WrongAnswer,
)


class Shown(Record):
    """A misconception with the wrong answers that show it."""

    misconception: Misconception
    wrong: tuple[WrongAnswer, ...]
    """All that show it by both readings; of a refused one, those named for it."""


class Training(Record):
    """A round of training."""

    stage: int
    round: int
    teaching: Teaching
    lessons: int
    """Distinct lessons that it trained on."""
    steps: int
    replayed: int
    """Lessons among them that were mixed in against forgetting."""


class GateRound(Record):
    """A module at the gate, in one round."""

    stage: int
    round: int
    result: GateResult
    kept: bool
    """Whether it is the round whose adapter the stage was closed with, as far as is known."""


class Evidence(Record):
    """Why a module is taught at all, and where."""

    module: str
    gap: Gap | None
    """None before the diagnosis."""
    requires: tuple[Edge, ...]
    """Edges from its prerequisites."""
    supports: tuple[Edge, ...]
    """Edges to what builds on it."""
    broken: tuple[BrokenEdge, ...]
    """Edges of it that were taken out to break a circle."""
    stages: tuple[Stage, ...]
    """Where it is taught; more than one where a bridge comes first."""


class Source(Record):
    """Who wrote a lesson."""

    teacher: str
    """Empty where it is not known."""
    event: str
    """Id of the transcript event."""
    recorded: bool
    """Whether the transcript has the event."""
    command: str
    """Shows the call."""


class LessonStory(Record):
    """A lesson and everything that led to it."""

    what: Literal["lesson"] = "lesson"
    run: str
    status: str
    id: str
    accepted: bool
    lesson: Example | None
    """None of a refused lesson."""
    refusal: Refusal | None
    """Why it may not be taught; none of an accepted lesson."""
    source: Source
    request: LessonRequest | None
    """None where its file is not there."""
    remedy: Remedy | None
    """What was asked for: the portion of the module's first lessons, or what the Planner decided; none where that is
    not recorded."""
    misconceptions: tuple[Shown, ...]
    """What it is to put right: the finding that its remedy answers; of first lessons, all that were confirmed in the
    module, of which the writer was told."""
    missed: GateRound | None
    """The gate result that the remedy or the further portion follows; none of a stage's first round."""
    evidence: Evidence
    trained: tuple[Training, ...]
    """The round it was written for, once that was trained."""
    replays: tuple[Training, ...]
    """Later rounds that it was taught or replayed in again."""
    gate: GateRound | None
    """Its module at the gate after the round that it was written for."""
    missing: tuple[str, ...]
    """What the run has not recorded, or not yet, in words."""


class Accepted(Record):
    """Accepted lessons of one sort."""

    stage: int
    round: int
    teaching: Teaching
    kind: Kind
    level: str
    count: int
    example: str
    """Id of one of them."""


class Refused(Record):
    """Refused lessons of one sort."""

    stage: int
    round: int
    kind: Kind | None
    """As requested; none where the request is not recorded."""
    level: str | None
    reason: RefusalReason
    count: int
    ids: tuple[str, ...]


class Decision(Record):
    """A remedy, or a portion of first lessons, with the round that it was decided for."""

    stage: int
    round: int
    teaching: Teaching
    remedy: Remedy


class UnreadReply(Record):
    """A reply that the scorer could not read with certainty, and that counts as wrong."""

    examination: str
    """Its label, such as `diagnosis-student`; `-teacher` at its end: the reply is the teacher's."""
    probe: str
    question: str
    expected: str
    reply: str
    reason: str
    """What the scorer says; empty where it says nothing."""


class ModuleStory(Record):
    """All that a run did about a module."""

    what: Literal["module"] = "module"
    run: str
    status: str
    id: str
    entry: Module | None
    """As the domain has it."""
    student: Score | None
    """At the diagnosis."""
    teacher: Score | None
    """On the same items."""
    evidence: Evidence
    misconceptions: tuple[Shown, ...]
    """Confirmed and refused ones, of the diagnosis and of each round."""
    remedies: tuple[Decision, ...]
    accepted: tuple[Accepted, ...]
    refused: tuple[Refused, ...]
    training: tuple[Training, ...]
    """Of the stages in which it is taught."""
    gate: tuple[GateRound, ...]
    """In the rounds of its own stages."""
    later: tuple[GateRound, ...]
    """In those of later stages: what was forgotten shows here."""
    before: Score | None
    """The bare student in the final examination."""
    after: Score | None
    final_teacher: Score | None
    unread: tuple[UnreadReply, ...]
    """In the order of the run; those of the final examination only once the run is finished."""
    missing: tuple[str, ...]

    @property
    def forgotten(self) -> tuple[GateRound, ...]:
        """Rounds of later stages in which it was below the gate that it had passed in a round that was kept."""
        passed = [seen.stage for seen in self.gate if seen.kept and seen.result.mastered and not seen.result.level]
        return tuple(seen for seen in self.later if passed and seen.stage > min(passed) and not seen.result.mastered)
