"""The events of a transcript that match what was chosen, kept up to date while it grows."""

from collections.abc import Sequence
from itertools import islice

from ioa.memory.transcript import CallContext, TranscriptEvent
from ioa.results.conversation import Visits
from ioa.results.selection import Selection


class TranscriptList:
    """All events so far, and the places of those that were found among them."""

    def __init__(self) -> None:
        self._begin([])

    def _begin(self, events: Sequence[TranscriptEvent]) -> None:
        self.events = events
        self.visits = Visits()
        self.options: dict[str, set[str | int]] = {}
        """What there is to choose from, by the name of the filter."""
        self.found: list[int] = []
        """Places in `events` of those that match, in their order."""
        self.hits = 0
        """How often the text that is searched for stands in them."""
        self._places: dict[str, int] = {}
        self._read = 0
        self._searched = 0
        self._selection = Selection()
        self._query = ""

    def __len__(self) -> int:
        return self._read

    def take_up(self, events: Sequence[TranscriptEvent]) -> int:
        """Read what is new in the list that grows, or all of another one; the number of events that are new."""
        if events is not self.events:
            self._begin(events)
        new = list(islice(events, self._read, None))
        self.visits.add(new)
        for place, event in enumerate(new, start=self._read):
            self._places.setdefault(event.id, place)
        self._offer([event.context for event in new])
        self._read += len(new)
        return len(new)

    def choose(self, selection: Selection, query: str) -> None:
        """Look for these from now on; `find` does it.

        Args:
            selection: All but the text.
            query: Text that an event must contain, in lower case.
        """
        self._selection, self._query = selection, query
        self.found, self.hits, self._searched = [], 0, 0

    def find(self, texts: Sequence[str]) -> None:
        """Find what matches among the events that have not been looked at yet.

        Args:
            texts: The lower-case text of each event; needed only where one is searched for.
        """
        selection = self._selection.with_parent(self.events)
        last = min(self._read, len(texts)) if self._query else self._read
        for place in range(self._searched, last):
            if not selection.matches(self.events[place]):
                continue
            if self._query:
                count = texts[place].count(self._query)
                if not count:
                    continue
                self.hits += count
            self.found.append(place)
        self._searched = last

    def place(self, event_id: str) -> int | None:
        """Where the event of that id stands in `events`."""
        return self._places.get(event_id)

    def _offer(self, contexts: Sequence[CallContext]) -> None:
        for name in ("agent", "node", "stage", "round", "module"):
            values = {getattr(context, name) for context in contexts} - {None, ""}
            self.options.setdefault(name, set()).update(values)
