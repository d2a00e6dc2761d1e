"""A transcript as a conversation: who speaks to whom, and which visit to a node each event is part of."""

from collections.abc import Sequence
from dataclasses import dataclass

from ioa.memory.records import Note
from ioa.memory.transcript import AttemptEvent, CallContext, DecisionEvent, TranscriptEvent

TEACHER = "teacher"
"""Who is spoken to in an attempt, whatever model that is."""


@dataclass(frozen=True)
class Turn:
    """Who says something to whom."""

    speaker: str
    receiver: str
    """Empty where it is said to nobody in particular."""
    what: str
    """What is done by saying it, in a few words."""


def asking(event: AttemptEvent) -> Turn:
    """The request of an attempt."""
    again = f", attempt {event.attempt}" if event.attempt > 1 else ""
    return Turn(event.context.agent, TEACHER, event.context.task + again)


def answering(event: AttemptEvent) -> Turn:
    """The reply to it."""
    if not event.answered:
        return Turn(TEACHER, event.context.agent, "no reply came")
    return Turn(TEACHER, event.context.agent, "from the ledger" if event.ledger else "")


def deciding(event: DecisionEvent) -> Turn:
    """Who decided what."""
    if not event.subject:
        return Turn(event.context.agent, "", f"ends the visit to {event.context.node}")
    verdict = "refuses" if event.rejected else "accepts"
    return Turn(event.context.agent, "", f"{verdict} a lesson at {event.context.node}")


def telling(note: Note) -> Turn:
    """A note from one agent to the next."""
    return Turn(note.sender, note.receiver, "")


@dataclass
class Visit:
    """A visit to a node of the graph, as far as it is known."""

    key: str
    """Id of its decision; made up where the transcript does not tell."""
    context: CallContext
    calls: int = 0
    unusable: int = 0
    """Of the calls, those that brought nothing that could be used."""
    accepted: int = 0
    refused: int = 0
    end: DecisionEvent | None = None
    """Its decision; none while it is under way."""


class Visits:
    """Sorts the events of a transcript, oldest first, into visits.

    An attempt names its visit by `parent`, perhaps through the attempt that it repairs. A verdict on a lesson names
    the attempt in which that was written, long ago; it belongs to the visit under way at its own node. Transcripts of
    schema 1 name nothing: there, calls in a row from one place are one visit.
    """

    def __init__(self) -> None:
        self._visits: dict[str, Visit] = {}
        self._of: dict[str, str] = {}
        self._children: dict[str, list[str]] = {}
        self._waiting: dict[tuple[str, int | None, int | None], list[str]] = {}
        """Verdicts whose visit has not ended, by place."""
        self._last: tuple[str, tuple[str, int | None, int | None]] | None = None

    def add(self, events: Sequence[TranscriptEvent]) -> None:
        """Take up the events that follow."""
        for event in events:
            if event.parent:
                self._children.setdefault(event.parent, []).append(event.id)
            if isinstance(event, AttemptEvent):
                self._attempt(event)
            elif event.subject:
                self._verdict(event)
            else:
                self._end(event)

    def of(self, event_id: str) -> Visit | None:
        """The visit of an event; none for an event that is not known."""
        return self._visits.get(self._of.get(event_id, ""))

    def children(self, event_id: str) -> Sequence[str]:
        """Ids of the events that belong to one, oldest first."""
        return self._children.get(event_id, ())

    def known(self, event_id: str) -> bool:
        """Whether there is such an event, so far."""
        return event_id in self._of

    def _attempt(self, event: AttemptEvent) -> None:
        key = self._of.get(event.parent, event.parent) if event.parent else self._run_of(event)
        visit = self._enter(event, key)
        visit.calls += 1
        visit.unusable += event.rejected

    def _verdict(self, event: DecisionEvent) -> None:
        place = _place(event.context)
        visit = self._enter(event, f"{event.context.node} under way, {place[1]}, {place[2]}")
        visit.refused += event.rejected
        visit.accepted += not event.rejected
        self._waiting.setdefault(place, []).append(event.id)

    def _end(self, event: DecisionEvent) -> None:
        visit = self._enter(event, event.id)
        visit.end, visit.context = event, event.context
        place = _place(event.context)
        waiting = self._waiting.pop(place, [])
        if waiting:
            open_ = self._visits.pop(self._of[waiting[0]])
            visit.refused += open_.refused
            visit.accepted += open_.accepted
            self._of.update(dict.fromkeys(waiting, event.id))

    def _enter(self, event: TranscriptEvent, key: str) -> Visit:
        self._of[event.id] = key
        return self._visits.setdefault(key, Visit(key, event.context))

    def _run_of(self, event: AttemptEvent) -> str:
        place = _place(event.context)
        if self._last is None or self._last[1] != place:
            self._last = (f"from {event.id}", place)
        return self._last[0]


def _place(context: CallContext) -> tuple[str, int | None, int | None]:
    return (context.node, context.stage, context.round)
