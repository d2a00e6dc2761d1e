"""The lessons of a run, accepted and refused, and what became of each."""

from collections.abc import Mapping
from functools import partial

from ioa.memory.records import Example, Refusal
from ioa.results.cards.blocks import Card
from ioa.results.cards.lesson_cards import lesson_card, lesson_part
from ioa.results.item_history import read_items
from ioa.results.lesson_history import Lesson, lessons
from ioa.results.neighbours import Neighbourhood
from ioa.results.view.elements import address
from ioa.results.view.frame import watch
from ioa.results.view.list_page import ListPage
from ioa.results.view.run_data import RunData

_CHOICES = {
    "state": "accepted and refused",
    "module": "any module",
    "stage": "any stage",
    "round": "any round",
    "strategy": "any strategy",
    "kind": "any kind",
}


def build(data: RunData, params: Mapping[str, str]) -> None:
    """Make the page."""
    shelf = _Shelf(data)
    page = ListPage[Lesson](params, _CHOICES, one="lesson", noun="lessons", card=shelf.card, load=lesson_part)
    seen: tuple[int, bool] | None = None

    def refresh() -> None:
        nonlocal seen
        if (data.facts_version, shelf.finished) != seen:
            seen = (data.facts_version, shelf.finished)
            page.show(shelf.read())

    refresh()
    watch(data, refresh)


class _Shelf:
    """The lessons as the run's files have them now."""

    def __init__(self, data: RunData) -> None:
        self._data = data
        self._accepted: dict[str, Example] = {}
        self._near: Neighbourhood | None = None

    @property
    def finished(self) -> bool:
        """Whether the final examination is over."""
        return self._data.card.status == "finished"

    def read(self) -> list[Lesson]:
        facts, run = self._data.facts, self._data.run
        self._accepted = {example.id: example for example in facts.examples}
        probes = {probe.id: probe for probe in read_items(run)[0]}
        self._near = Neighbourhood(run, self._accepted, probes, finished=self.finished)
        return lessons(facts)

    def card(self, lesson: Lesson) -> Card:
        record = lesson.record
        neighbour = self._near.of(record) if isinstance(record, Refusal) and self._near else None
        return lesson_card(lesson, neighbour, self._accepted, partial(address, self._data.run.run_id))
