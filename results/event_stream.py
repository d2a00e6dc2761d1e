"""Showing the events of a run as they are read: all at once, or while they come."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from ioa.graph.node_agents import AGENTS
from ioa.memory.errors import UserError
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import TranscriptEvent, TranscriptReader
from ioa.results.selection import Selection

_PAUSE = 0.5
"""Seconds between two looks at a run under way."""
_KNOWN_AGENTS = {*AGENTS.values(), "examinee", "judge"}
_KNOWN_NODES = {*AGENTS, "score"}


@dataclass
class Seen:
    """What there was to choose from, filled while it is read."""

    events: int = 0
    values: dict[str, dict[str | int, None]] = field(default_factory=dict)
    """Of each filter the values that events have, in the order of first occurrence."""

    def note(self, event: TranscriptEvent) -> None:
        """One more event."""
        self.events += 1
        context = event.context
        for name in ("agent", "node", "stage", "round", "module"):
            value = getattr(context, name)
            if value is not None:
                self.values.setdefault(name, {})[value] = None


def select_events(events: Iterable[TranscriptEvent], selection: Selection, seen: Seen) -> Iterator[TranscriptEvent]:
    """The events that are wanted, each as soon as it is read."""
    for event in events:
        seen.note(event)
        if selection.matches(event):
            yield event


def follow(
    run: RunDirectory, reader: TranscriptReader, pause: Callable[[float], None] = time.sleep
) -> Iterator[TranscriptEvent]:
    """What is appended from now on, until nobody works on the run any more."""
    while True:
        working = run.held  # asked first: what was written before the answer is still read
        yield from reader.stream()
        if not working:
            return
        pause(_PAUSE)


def find_event(run: RunDirectory, selection: Selection) -> Selection:
    """The selection with its event's whole id, where a beginning of it was given, and its parent.

    Raises:
        UserError: there is no such event, or several begin so.
    """
    if not selection.event:
        return selection
    wanted = selection.event
    begin = [event for event in TranscriptReader(run.transcript).stream() if event.id.startswith(wanted)]
    exact = [event for event in begin if event.id == wanted]
    ids = list(dict.fromkeys(event.id for event in begin))
    if not exact and len(ids) != 1:
        problem = f"several events begin so: {', '.join(ids[:5])}" if ids else "there is none of that id"
        raise UserError(
            f"--event {wanted}: {problem}. The id of an event is the first word of what `ioa transcript {run.run_id}` "
            "shows of it, and `ioa why` names those that a lesson rests on."
        )
    return selection.for_event((exact or begin)[0])


def check_names(run: RunDirectory, selection: Selection, seen: Seen, *, coming: bool) -> None:
    """See that what was asked for can exist at all.

    Args:
        run: The run.
        selection: What was asked for.
        seen: What there is so far.
        coming: Whether more is waited for: a stage may then still come.

    Raises:
        UserError: it cannot; the message lists what there is.
    """
    possible: dict[str, set[str]] = {"agent": _KNOWN_AGENTS, "node": _KNOWN_NODES, "module": _modules(run)}
    for name in ("agent", "node", "module") if coming else ("agent", "node", "module", "stage", "round"):
        wanted = getattr(selection, name)
        there = seen.values.get(name, {})
        if wanted is None or wanted in there or wanted in possible.get(name, ()):
            continue
        listed = sorted(there, key=lambda value: (isinstance(value, str), value)) or sorted(possible.get(name, ()))
        if name == "module":
            listed = sorted({*map(str, there), *possible["module"]})
        known = f"There are: {', '.join(map(str, listed))}." if listed else f"No event has a {name} yet."
        raise UserError(f"--{name} {wanted}: there is no such {name} in the transcript of run {run.run_id}. {known}")


def _modules(run: RunDirectory) -> set[str]:
    """The modules of the run's domain; empty where it has none yet."""
    if not run.domain.is_file():
        return set()
    try:
        return {str(module["id"]) for module in json.loads(run.domain.read_bytes())["modules"]}
    except (ValueError, LookupError, TypeError):
        return set()


@dataclass
class Show:
    """What one command shows of a run."""

    run: RunDirectory
    selection: Selection
    limit: int | None = None
    """At most so many events, the oldest."""
    last: int | None = None
    """At most so many of those that are there, the newest."""
    follow: bool = False
    """Go on with what is appended, until the run stops."""
    shown: int = 0
    """Events so far."""
    seen: Seen = field(default_factory=Seen)

    def events(self) -> Iterator[TranscriptEvent]:
        """The events, each as soon as it is known.

        Raises:
            UserError: the transcript cannot be read, or what was asked for can never be in it.
        """
        self.selection = find_event(self.run, self.selection)
        for event in islice(self._wanted(), self.limit):
            self.shown += 1
            yield event

    def _wanted(self) -> Iterator[TranscriptEvent]:
        reader = TranscriptReader(self.run.transcript)
        there = select_events(reader.stream(), self.selection, self.seen)
        yield from there if self.last is None else deque(there, maxlen=self.last)
        if not self.shown:
            check_names(self.run, self.selection, self.seen, coming=self.follow)
        if self.follow:
            yield from select_events(follow(self.run, reader), self.selection, self.seen)

    def count_text(self) -> str:
        """How many events were shown, or that none matched."""
        if not self.seen.events:
            return "Nothing was said or decided yet."
        if not self.shown:
            return f"None of {self.seen.events:,} events matches."
        events = f"event{'' if max(self.shown, self.seen.events) == 1 else 's'}"
        if self.shown == self.limit:
            return f"The first {self.shown:,} that match{'es' if self.shown == 1 else ''}; there may be more."
        of = f" of {self.seen.events:,}" if self.shown != self.seen.events else ""
        return f"{self.shown:,}{of} {events}"
