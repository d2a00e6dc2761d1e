"""The transcript as a conversation: which events belong to which visit of which node."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ioa.memory.records import Note
from ioa.memory.transcript import AttemptEvent, CallContext, DecisionEvent, TranscriptEvent


@dataclass
class VisitOf:
    """One visit to a node, with what was said in it."""

    context: CallContext
    decision: DecisionEvent | None
    """What came of it; none of a visit that is under way, or where the transcript knows no decisions."""
    events: list[TranscriptEvent] = field(default_factory=list)
    """Attempts and verdicts on lessons; what repairs or judges an attempt follows it."""

    @property
    def began(self) -> str:
        """Time of the first event that is known of it, ISO 8601."""
        first = self.events[0] if self.events else self.decision
        return first.time if first else ""

    @property
    def seconds(self) -> float | None:
        """How long it took; none where no decision says it."""
        return self.decision.seconds if self.decision else None

    @property
    def unfinished(self) -> bool:
        """Whether its events name a visit that the transcript does not know: it is under way, or was interrupted."""
        return self.decision is None and any(event.parent for event in self.events)

    @property
    def notes(self) -> list[Note]:
        """Those that what was decided does not quote."""
        return [note for note in self.decision.notes if note.text not in self.decision.text] if self.decision else []

    @property
    def calls(self) -> int:
        """Attempts at calls of a teacher."""
        return sum(isinstance(event, AttemptEvent) for event in self.events)

    @property
    def rejected(self) -> int:
        """Attempts and lessons that could not be used."""
        return sum(event.rejected for event in self.events)


def group_visits(transcript: Sequence[TranscriptEvent]) -> list[VisitOf]:
    """The visits in the order in which they began.

    An event belongs to the visit that its parents lead to. Where they lead to none, because the visit is not over or
    the transcript is of schema 1, neighbours of one node, stage and round are taken for one visit.
    """
    by_id = {event.id: event for event in transcript}
    visits: dict[str, VisitOf] = {}
    places: dict[str, int] = {}
    run_of: tuple[str, tuple[object, ...]] = ("", ())
    for place, event in enumerate(transcript):
        if _is_visit(event):
            key, context = event.id, event.context
        else:
            key, context = _root(event, by_id)
            if not key:
                here = (context.node, context.stage, context.round)
                if run_of[1] != here:
                    run_of = (f"from {event.id}", here)
                key = run_of[0]
        places.setdefault(key, place)
        visit = visits.setdefault(key, VisitOf(context, None))
        if isinstance(event, DecisionEvent) and _is_visit(event):
            visit.decision, visit.context = event, event.context
        else:
            visit.events.append(event)
    for visit in visits.values():
        visit.events = list(_families(visit.events))
    return [visits[key] for key in sorted(visits, key=lambda key: places[key])]


def _is_visit(event: TranscriptEvent) -> bool:
    return isinstance(event, DecisionEvent) and not event.subject


def _root(event: TranscriptEvent, by_id: dict[str, TranscriptEvent]) -> tuple[str, CallContext]:
    """Id of the visit that the event belongs to, known or not yet; empty where it names no parent."""
    seen = {event.id}
    while event.parent and event.parent not in seen:
        parent = by_id.get(event.parent)
        if parent is None or _is_visit(parent):
            return event.parent, event.context
        event = parent
        seen.add(event.id)
    return "", event.context


def _families(events: Iterable[TranscriptEvent]) -> Iterator[TranscriptEvent]:
    """Each event, followed by those that name it as their parent."""
    events = list(events)
    here = {event.id for event in events}
    children: dict[str, list[TranscriptEvent]] = {}
    tops = []
    for event in events:
        if event.parent in here and event.parent != event.id:
            children.setdefault(event.parent, []).append(event)
        else:
            tops.append(event)
    stack = tops[::-1]
    told: set[str] = set()
    while stack:
        event = stack.pop()
        if event.id not in told:
            told.add(event.id)
            yield event
            stack.extend(children.get(event.id, [])[::-1])
    yield from (event for event in events if event.id not in told)  # parents that ran in a circle
