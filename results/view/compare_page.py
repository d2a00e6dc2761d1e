"""Two runs side by side."""

import asyncio
from collections.abc import Mapping, Sequence

from nicegui import ui

from ioa.memory.errors import UserError
from ioa.memory.plain_text import plain
from ioa.results.charts import DARK, LIGHT
from ioa.results.charts.score_charts import comparison_charts
from ioa.results.comparison import Comparison, compare_facts
from ioa.results.comparison_tables import Compared, comparison_tables, final_words
from ioa.results.view.elements import address, link, problem, say
from ioa.results.view.frame import WATCHED, is_dark, watch
from ioa.results.view.panels import Drawn
from ioa.results.view.run_data import RunData, Runs


async def build(runs: Runs, params: Mapping[str, str]) -> None:
    """Make the page of the runs `a` and `b`."""
    try:
        pair = [runs.get(params.get(name, "")) for name in ("a", "b")]
        for data in pair:
            await data.refresh()
            if not data.readable:
                raise UserError(data.problem)
    except UserError as error:
        ui.status_code(404)
        problem(str(error))
        return
    page = ComparePage(pair[0], pair[1])
    await page.refresh()
    for data in pair:
        watch(data, page.refresh)
        ui.timer(WATCHED, data.refresh)


class ComparePage:
    """The page, as one browser has it."""

    def __init__(self, a: RunData, b: RunData) -> None:
        self._pair = (a, b)
        self._look = DARK if is_dark() else LIGHT
        self._shown: Comparison | None = None
        with ui.element("div").classes("links"):
            for name, data in zip("AB", self._pair, strict=True):
                link(f"{name}: {data.run.run_id}", address(data.run.run_id))
        self._verdict = say("")
        with ui.element("section") as self._chart_place:
            say("Scores by module", "h2")
            say("With Wilson's 95 % intervals: the final examination, or the diagnosis before it.", "muted")
            self._chart = Drawn()
        self._tables = ui.element("div")

    async def refresh(self) -> None:
        """Show what is new."""
        compared = await asyncio.to_thread(self._compare)
        if compared == self._shown:
            return
        self._shown = compared
        self._verdict.text = plain(final_words(compared))
        panels = comparison_charts(compared, self._look)
        self._chart_place.set_visibility(bool(panels))
        self._chart.show(panels)
        self._tables.clear()
        with self._tables:
            for table in comparison_tables(compared):
                _show(table)

    def _compare(self) -> Comparison:
        a, b = self._pair
        return compare_facts(a.facts, b.facts)


def _show(table: Compared) -> None:
    if not table.rows and not table.otherwise:
        return
    with ui.element("section"):
        say(table.title, "h2")
        if not table.rows:
            say(table.otherwise, "muted")
            return
        with ui.element("div").classes("scroll"), ui.element("table").classes("compared"):
            _row("th", table.head)
            for row in table.rows:
                _row("td", row, "" if row[1] == row[2] else "differs")


def _row(kind: str, cells: Sequence[str], classes: str = "") -> None:
    with ui.element("tr").classes(classes):
        for cell in cells:
            with ui.element(kind):
                say(cell, "block-text")
