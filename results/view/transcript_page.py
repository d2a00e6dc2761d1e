"""The transcript of a run as a conversation: filtered, searched, and followed while it grows."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.resources import files
from itertools import islice
from typing import Literal, cast

from nicegui import ui

from ioa.memory.transcript import CallContext, TranscriptEvent
from ioa.results.cards.blocks import Card
from ioa.results.cards.transcript_cards import Lessons, event_card, part_text, visit_card
from ioa.results.conversation import Visits
from ioa.results.selection import Selection
from ioa.results.view.card_list import Cards
from ioa.results.view.elements import address, say
from ioa.results.view.filters import PAGE, Filters
from ioa.results.view.frame import watch
from ioa.results.view.run_data import RunData

_CHOICES = {
    "agent": "any agent",
    "node": "any node",
    "stage": "any stage",
    "round": "any round",
    "module": "any module",
    "kind": "any kind",
}


async def build(data: RunData, params: Mapping[str, str]) -> None:
    """Make the page."""
    ui.add_css((files("ioa.results.cards") / "cards.css").read_text(encoding="utf-8"))
    page = _Page(data, params)
    await page.open()
    watch(data, page.grow)
    ui.timer(0.2, data.search_texts, once=True)  # so that the first search need not wait for it


class _Page:
    """What one browser shows."""

    def __init__(self, data: RunData, params: Mapping[str, str]) -> None:
        self._data = data
        self._link = partial(address, data.run.run_id)
        self._filters = Filters(
            params, _CHOICES, self._choose, {"rejected": "only rejected"}, one="event", kept=("family",)
        )
        with self._filters.extra:
            self._follow = ui.switch("follow", on_change=self._to_the_end).props("dense data-testid=follow")
        with ui.element("div").classes("notice"):
            self._notice = say("", "muted").props('role="status" data-testid=notice')
            self._back = ui.button("show all events", on_click=self._leave_family).props("flat dense no-caps")
        self._cards = Cards(self._load, self._go)
        self._list = TranscriptList()
        self._lessons: Lessons = {}
        self._lessons_version = -1
        self._shown: dict[str, TranscriptEvent] = {}
        """The events on the page by the names of their cards."""
        self._sent: list[Card] = []
        self._searching = asyncio.Lock()
        """Held while the list is changed: a search goes on in a thread while more is typed, or more comes."""

    async def open(self) -> None:
        """Show what the address asks for."""
        self._take_up()
        event = self._filters.values["event"]
        await self._find()
        if event:
            await self._show_event(event)
        else:
            self._draw()

    async def grow(self) -> None:
        """Show what is new, and leave everything else as it is."""
        async with self._searching:
            new = self._take_up()
            if new:
                await self._search()
        if new and self._follow.value:
            self._filters.page = self._last_page()
            self._draw(end=True)
            return
        self._draw(only_if_changed=True)

    def _take_up(self) -> bool:
        """Read what is new; whether there are events."""
        same = self._data.events is self._list.events
        new = self._list.take_up(self._data.events)
        if not same:
            self._list.choose(self._selection(), self._filters.values["q"].lower())
        for name in _CHOICES:
            options = (
                ["attempt", "decision"] if name == "kind" else sorted(self._list.options.get(name, ()), key=_order)
            )
            self._filters.offer(name, options)
        if self._lessons_version != self._data.facts_version:
            facts = self._data.facts
            self._lessons = {one.id: one for one in facts.refusals} | {one.id: one for one in facts.examples}
            self._lessons_version = self._data.facts_version
        return bool(new)

    def _selection(self) -> Selection:
        values, number = self._filters.values, self._filters.number
        kind = values["kind"] if values["kind"] in {"attempt", "decision"} else None
        return Selection(
            agent=values["agent"] or None,
            node=values["node"] or None,
            stage=number("stage"),
            round=number("round"),
            module=values["module"] or None,
            kind=cast(Literal["attempt", "decision"] | None, kind),
            rejected=bool(values["rejected"]),
            event=values["family"] or None,
            family=bool(values["family"]),
        )

    async def _find(self) -> None:
        async with self._searching:
            self._list.choose(self._selection(), self._filters.values["q"].lower())
            await self._search()

    async def _search(self) -> None:
        if self._filters.values["q"]:
            texts = await self._data.search_texts()
            await asyncio.to_thread(self._list.find, texts)
        else:
            self._list.find(())

    async def _choose(self) -> None:
        """Something else was chosen in the bar."""
        self._filters.values["event"] = ""
        await self._find()
        self._draw(top=True)
        self._filters.address()

    async def _to_the_end(self) -> None:
        if self._follow.value:
            self._filters.page = self._last_page()
            self._draw(end=True)

    async def _leave_family(self) -> None:
        self._filters.values["family"] = ""
        await self._choose()

    async def _go(self, event_id: str, what: str) -> None:
        """Follow a link to an event, or to an event with its parent and children."""
        if what == "family":
            self._filters.clear()
            self._filters.values["family"] = event_id
            await self._choose()
        else:
            await self._show_event(event_id)
            self._filters.address()

    async def _show_event(self, event_id: str) -> None:
        place = self._list.place(event_id)
        if place is None:
            self._filters.values["event"] = ""
            self._draw()
            self._tell(f"There is no event {event_id} in this transcript, or not yet.")
            return
        told = ""
        if place not in self._list.found:
            self._filters.clear()
            await self._find()
            told = f"The filters were cleared: they did not show event {event_id}."
        self._filters.values["event"] = event_id
        self._filters.page = self._list.found.index(place) // PAGE + 1
        self._draw(id=event_id)
        if told:
            self._tell(told)

    def _last_page(self) -> int:
        return max(1, -(-len(self._list.found) // PAGE))

    def _draw(self, *, only_if_changed: bool = False, **where: object) -> None:
        found, total, query = len(self._list.found), len(self._list), self._filters.values["q"]
        hits = f"{self._list.hits:,} hit{'' if self._list.hits == 1 else 's'} in " if query else ""
        of = "" if found == total else f" of {total:,}"
        self._filters.found(f"{hits}{found:,}{of} events", found)
        family = self._filters.values["family"]
        self._tell(f"Event {family}, what it belongs to, and what belongs to it:" if family else "")
        self._back.set_visibility(bool(family))
        cards = self._page_cards()
        if not (only_if_changed and cards == self._sent):
            self._sent = cards
            self._cards.show(cards, query, **where)

    def _page_cards(self) -> list[Card]:
        cards: list[Card] = []
        self._shown = {}
        above: str | None = None
        for place in self._list.found[self._filters.here]:
            event = self._list.events[place]
            visit = self._list.visits.of(event.id)
            if visit is not None and visit.key != above:
                above = visit.key
                cards.append(visit_card(visit, f"above {place}", self._link))
            name = event.id if self._list.place(event.id) == place else f"{event.id} ({place})"
            self._shown[name] = event
            query = self._filters.values["q"].lower()
            cards.append(event_card(event, name, self._list.visits, self._lessons, self._link, query))
        return cards

    def _load(self, card: str, part: str) -> str:
        return part_text(self._shown[card], part) if card in self._shown else ""

    def _tell(self, text: str) -> None:
        self._notice.text = text
        self._notice.set_visibility(bool(text))


def _order(value: str | int) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, value)


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
