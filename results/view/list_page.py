"""A page that lists entries: filters, a search, pages, and links to single entries."""

from collections.abc import Callable, Collection, Iterable, Mapping
from importlib.resources import files
from typing import Generic, Protocol, TypeVar

from nicegui import ui

from ioa.results.cards.blocks import Card
from ioa.results.view.card_list import Cards
from ioa.results.view.elements import say
from ioa.results.view.filters import PAGE, Filters


class Entry(Protocol):
    """Something that a page lists."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def values(self) -> Mapping[str, Collection[str]]:
        """What it can be chosen by: the values it has under the name of each filter."""

    @property
    def text(self) -> str:
        """All text in it, in lower case."""


E = TypeVar("E", bound=Entry)


def matching(entries: Iterable[E], chosen: Mapping[str, str], query: str = "") -> list[E]:
    """The entries that match every filter, in their order.

    Args:
        entries: All of them.
        chosen: A value by the name of its filter; an empty one lets all pass.
        query: Text that must be in them, whatever its case.
    """
    wanted = {name: value for name, value in chosen.items() if value}
    text = query.lower()
    return [
        entry
        for entry in entries
        if all(value in entry.values.get(name, ()) for name, value in wanted.items()) and text in entry.text
    ]


def options(entries: Iterable[Entry], name: str) -> list[str]:
    """What there is to choose from under the name of a filter; numbers by size, the rest by the alphabet."""
    found = {value for entry in entries for value in entry.values.get(name, ())}
    return sorted(found, key=lambda value: (int(value) if value.isdecimal() else 0, value))


class ListPage(Generic[E]):
    """What one browser shows of a list that grows."""

    def __init__(
        self,
        params: Mapping[str, str],
        choices: Mapping[str, str],
        *,
        one: str,
        noun: str,
        card: Callable[[E], Card],
        load: Callable[[E, str], str],
    ) -> None:
        """Make the elements; `show` fills them.

        Args:
            params: The query of the address.
            choices: The filters, by name, with what stands there for "any".
            one: Name in the address of the id of a single entry.
            noun: What the entries are, in the plural.
            card: Makes the card of an entry; its id is the entry's.
            load: Gives the text behind a fold of a card.
        """
        ui.add_css((files("ioa.results.cards") / "cards.css").read_text(encoding="utf-8"))
        self._choices, self._one, self._noun, self._card, self._load = choices, one, noun, card, load
        self._filters = Filters(params, choices, self._choose, one=one)
        self._notice = say("", "muted notice").props('role="status" data-testid=notice')
        self._cards = Cards(self._part, self._go)
        self._entries: list[E] = []
        self._found: list[E] = []
        self._by_id: dict[str, E] = {}
        self._sent: list[Card] = []
        self._wanted = self._filters.values[one]

    def show(self, entries: list[E]) -> None:
        """Show these from now on; what is chosen, open and in view stays as it is."""
        self._entries = entries
        self._by_id = {entry.id: entry for entry in entries}
        for name in self._choices:
            self._filters.offer(name, options(entries, name))
        self._find()
        if self._wanted:
            self._show_one(self._wanted)
            self._wanted = ""
        else:
            self._draw(only_if_changed=True)

    def _find(self) -> None:
        chosen = {name: self._filters.values[name] for name in self._choices}
        self._found = matching(self._entries, chosen, self._filters.values["q"])

    async def _choose(self) -> None:
        self._filters.values[self._one] = ""
        self._notice.text = ""
        self._find()
        self._draw(top=True)
        self._filters.address()

    async def _go(self, entry_id: str, _what: str) -> None:
        self._show_one(entry_id)
        self._filters.address()

    def _show_one(self, entry_id: str) -> None:
        entry = self._by_id.get(entry_id)
        if entry is None:
            self._filters.values[self._one] = ""
            self._notice.text = f"{self._one} {entry_id} is not among these, or not yet."
            self._draw()
            return
        self._notice.text = ""
        if entry not in self._found:
            self._filters.clear()
            self._find()
            self._notice.text = f"The filters were cleared: they did not show {self._one} {entry_id}."
        self._filters.values[self._one] = entry_id
        self._filters.page = self._found.index(entry) // PAGE + 1
        self._draw(id=entry_id)

    def _draw(self, *, only_if_changed: bool = False, **where: object) -> None:
        found, total, query = len(self._found), len(self._entries), self._filters.values["q"]
        hits = ""
        if query:
            count = sum(entry.text.count(query.lower()) for entry in self._found)
            hits = f"{count:,} hit{'' if count == 1 else 's'} in "
        of = "" if found == total else f" of {total:,}"
        self._filters.found(f"{hits}{found:,}{of} {self._noun}", found)
        cards = [self._card(entry) for entry in self._found[self._filters.here]]
        if not (only_if_changed and cards == self._sent):
            self._sent = cards
            self._cards.show(cards, query, **where)

    def _part(self, card: str, part: str) -> str:
        entry = self._by_id.get(card)
        return self._load(entry, part) if entry else ""
