"""The list of runs; two of them can be put side by side."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from nicegui import ui

from ioa.memory.plain_text import plain
from ioa.results.view.elements import address, problem, say
from ioa.results.view.frame import place_words
from ioa.results.view.run_data import Runs
from ioa.results.words import ago, duration, money, percent_noted

if TYPE_CHECKING:
    from ioa.results.run_cards import RunCard

_EVERY = 3.0
"""Seconds between two looks at the runs."""
_COLUMNS = (
    ("run", "Run", "left"),
    ("status", "Status", "left"),
    ("place", "Where", "left"),
    ("mastered", "Mastered", "right"),
    ("before", "Targets before", "right"),
    ("after", "Targets after", "right"),
    ("all_before", "Domain before", "right"),
    ("all_after", "Domain after", "right"),
    ("usd", "Cost", "right"),
    ("calls", "Calls", "right"),
    ("seconds", "Time", "right"),
    ("age", "Last change", "right"),
    ("teacher", "Teacher", "left"),
    ("student", "Student", "left"),
)
_RUN_CELL = """
<q-td :props="props"><a :href="props.row.href">{{ props.row.run }}</a></q-td>
"""
_STATUS_CELL = """
<q-td :props="props"><span class="status" :data-status="props.row.status.replaceAll(' ', '-')"
 :title="props.row.problem">{{ props.row.status }}</span></q-td>
"""


async def build(runs: Runs, params: Mapping[str, str]) -> None:
    """Make the page; `filter` is what the list is searched for at the beginning."""
    page = RunsPage(runs, params.get("filter", ""))
    await page.refresh()
    ui.timer(_EVERY, page.refresh, immediate=False)


class RunsPage:
    """The page, as one browser has it."""

    def __init__(self, runs: Runs, wanted: str) -> None:
        self._runs = runs
        self._empty = problem(
            f"There is no run in {runs.runs_dir} yet. Begin one with: ioa run arithmetic\n"
            "This page shows it as soon as it is there."
        )
        with ui.element("div") as self._place:
            with ui.element("div").classes("bar"):
                search = ui.input("search", value=wanted).props('dense clearable debounce=150 data-testid="filter"')
                self._button = ui.button("Compare two runs", on_click=self._compare).props(
                    'no-caps unelevated data-testid="compare"'
                )
                self._told = say("Select two runs to compare them.", "muted")
            columns = [
                {"name": name, "label": label, "field": name, "align": align, "sortable": True}
                | {":format": f"(value, row) => row.shown.{name} ?? value"}
                for name, label, align in _COLUMNS
            ]
            self._table = (
                ui.table(columns=columns, rows=[], row_key="run", selection="multiple", on_select=self._selected)
                .classes("runs")
                .props('flat dense data-testid="runs"')
            )
            self._table.add_slot("body-cell-run", _RUN_CELL)
            self._table.add_slot("body-cell-status", _STATUS_CELL)
            self._table.bind_filter_from(search, "value")
        self._selected()

    async def refresh(self) -> None:
        """Show what is new; what is selected, sorted and searched for stays."""
        cards = await self._runs.cards()
        rows = await asyncio.to_thread(lambda: [row(card, datetime.now(UTC)) for card in cards])
        self._empty.set_visibility(not rows)
        self._place.set_visibility(bool(rows))
        if rows != self._table.rows:
            self._table.rows = rows

    def _selected(self) -> None:
        chosen = len(self._table.selected)
        self._button.set_enabled(chosen == 2)  # a comparison is of two
        self._told.text = "" if chosen == 2 else "Select two runs to compare them."

    def _compare(self) -> None:
        first, second = sorted((one["run"] for one in self._table.selected), key=self._age, reverse=True)
        ui.navigate.to(f"/compare?{urlencode({'a': first, 'b': second})}")

    def _age(self, run_id: str) -> int:
        """Place in the list, which begins with the newest."""
        return [one["run"] for one in self._table.rows].index(run_id)


def row(card: "RunCard", now: datetime) -> dict[str, Any]:
    """A line of the table: values to sort by, and under `shown` what stands there."""
    finals = {name: getattr(card, name) for name in ("before", "after", "all_before", "all_after")}
    return {
        "run": plain(card.run_id),
        "href": address(card.run_id),
        "status": card.status,
        "problem": plain(card.problem),
        "place": plain(card.problem or place_words(card)),
        "mastered": card.mastered if card.targets else -1,
        **{name: score.mean if score else -1 for name, score in finals.items()},
        "usd": -1 if card.usd is None else card.usd,
        "calls": card.calls,
        "seconds": card.wall_seconds or 0,
        "age": card.changed,
        "teacher": plain(card.teacher or ""),
        "student": plain(card.student or ""),
        "shown": {
            "mastered": f"{card.mastered} of {card.targets}" if card.targets else "–",
            **{name: percent_noted(score) for name, score in finals.items()},
            "usd": money(card.usd),
            "calls": f"{card.calls:,}",
            "seconds": duration(card.wall_seconds),
            "age": ago(card.changed, now),
        },
    }
