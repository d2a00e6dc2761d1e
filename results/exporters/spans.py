"""The transcript as spans: a root for each sitting of the run, below it the visits to nodes, below these the calls."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ioa.memory.transcript import AttemptEvent, DecisionEvent, TranscriptEvent
from ioa.results.exporters.attributes import Value, call_attributes, decision_attributes, root_attributes, shared
from ioa.results.exporters.export_text import clean
from ioa.results.exporters.sittings import Sitting

_FAILED = {"failed", "out of budget"}


@dataclass(frozen=True)
class Span:
    """One span, in terms of no library."""

    name: str
    trace: int
    """128 bits: of the run."""
    id: int
    """64 bits: of the event."""
    parent: int | None
    start: int
    """Nanoseconds since 1970."""
    end: int
    attributes: dict[str, Value]
    error: str | None = None
    """Why it came to nothing; none where it did not."""
    remote: bool = False
    """Whether it tells of a call to another process."""


class SpanBuilder:
    """Turns events into spans whose ids depend on nothing but the run and its events: sent twice, they are the same."""

    def __init__(self, run: str, sittings: Sequence[Sitting], *, content: bool, longest: int) -> None:
        """Begin before the first event.

        Args:
            run: Id of the run.
            sittings: Those of the run; a root each. At least one, the first from event 0.
            content: Whether prompts and replies are told.
            longest: Characters of a text after which it is cut off.
        """
        self._run, self._content, self._longest = run, content, longest
        self._sittings = list(sittings)
        self._trace = 0
        self._seen = 0
        self._bounds: tuple[int, int] | None = None

    def add(self, event: TranscriptEvent) -> Iterator[Span]:
        """The spans that are complete with this event: its own, and the root of a sitting that is over."""
        if not self._trace:
            self._trace = _hash(16, self._run, event.time)
        if len(self._sittings) > 1 and self._seen >= self._sittings[1].events:
            yield from self.close()
            self._sittings.pop(0)
        self._seen += 1
        span = self._span(event)
        low, high = self._bounds or (span.start, span.end)
        self._bounds = min(low, span.start), max(high, span.end)
        yield span

    def close(self, status: str = "") -> Iterator[Span]:
        """The root of the last sitting, which ends with its last event; none where nothing happened in it.

        Args:
            status: How it ended; empty: as is known of the sitting.
        """
        if self._bounds is None:
            return
        sitting = self._sittings[0]
        ended = status or sitting.status
        yield Span(
            name="invoke_workflow ioa",
            trace=self._trace,
            id=self._root,
            parent=None,
            start=self._bounds[0],
            end=self._bounds[1],
            attributes=root_attributes(self._run, ended, sitting.events),
            error=f"The run ended: {ended}." if ended in _FAILED else None,
        )
        self._bounds = None

    @property
    def _root(self) -> int:
        return _hash(8, self._run, f"{self._trace:032x}", "sitting", str(self._sittings[0].events))

    def _span(self, event: TranscriptEvent) -> Span:
        start, end = _times(event)
        visit = isinstance(event, DecisionEvent) and not event.subject
        return Span(
            name=_name(event),
            trace=self._trace,
            id=self._id(event.id),
            parent=self._id(event.parent) if event.parent else self._root,
            start=start,
            end=end,
            attributes=shared(event, self._run) | self._told(event),
            error=clean(event.error, self._longest if self._content else 200) if event.error else None,
            remote=isinstance(event, AttemptEvent) and not visit,
        )

    def _told(self, event: TranscriptEvent) -> dict[str, Value]:
        longest = self._longest if self._content else 0
        return (
            call_attributes(event, longest) if isinstance(event, AttemptEvent) else decision_attributes(event, longest)
        )

    def _id(self, event: str) -> int:
        return _hash(8, self._run, f"{self._trace:032x}", event)


def _name(event: TranscriptEvent) -> str:
    if isinstance(event, AttemptEvent):
        return clean(f"chat {event.teacher.partition(':')[2] or event.teacher}", 200)
    if event.subject:
        return "refuse lesson" if event.error else "accept lesson"
    return clean(f"invoke_agent {event.context.agent}: {event.context.node}", 200)


def _times(event: TranscriptEvent) -> tuple[int, int]:
    """(start, end) in nanoseconds: the event's time is that of its end."""
    end = round(datetime.fromisoformat(event.time).timestamp() * 1000) * 1_000_000
    return end - round(event.seconds * 1e9), end


def _hash(size: int, *parts: str) -> int:
    """An id of that many bytes, never 0."""
    return int.from_bytes(hashlib.sha256("\n".join(parts).encode()).digest()[:size]) or 1
