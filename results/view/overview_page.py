"""The first page of a run: where it is, what came of it so far, and the story of each module."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nicegui import ui
from nicegui.events import EChartPointClickEventArguments

from ioa.memory.errors import UserError
from ioa.results import charts
from ioa.results.charts import Look, Panel
from ioa.results.facts import Facts
from ioa.results.remarks import remarks
from ioa.results.sections import REMARKS, SECTIONS, Section
from ioa.results.tiles import Tile, bars_svg, tiles
from ioa.results.view.elements import address, block, say
from ioa.results.view.frame import is_dark, watch, where
from ioa.results.view.module_panel import ModulePanel
from ioa.results.view.panels import Drawn
from ioa.results.view.run_data import RunData

_GRAPH = "prerequisites"
_OTHERS = {name: section for name, section in SECTIONS.items() if name != _GRAPH}


async def build(data: RunData, params: Mapping[str, str]) -> None:
    """Make the page; `module` names the one whose story is told."""
    page = Overview(data, params.get("module"))
    await page.refresh()
    watch(data, page.refresh)


@dataclass(frozen=True)
class _Content:
    """All that the page shows, computed away from the event loop."""

    tiles: Sequence[Tile]
    remarks: Sequence[str]
    graph: Sequence[Panel]
    sections: Mapping[str, Sequence[Panel]]


def _compute(facts: Facts, look: Look, module: str | None) -> _Content:
    return _Content(
        tiles=tiles(facts),
        remarks=remarks(facts),
        graph=charts.prerequisite_charts(facts, look, module),
        sections={name: section.draw(facts, look) for name, section in _OTHERS.items()},
    )


class Overview:
    """The page, as one browser has it."""

    def __init__(self, data: RunData, module: str | None) -> None:
        self._data = data
        self._look = charts.DARK if is_dark() else charts.LIGHT
        self._module = module if module in data.facts.module_ids else None
        self._tiles: Sequence[Tile] = ()
        self._remarks: Sequence[str] = ()
        self._where = say("", "where")
        self._tile_place = ui.element("div").classes("tiles")
        self._remark_place = ui.element("div").classes("remarks")
        with ui.element("div").classes("graph-and-story"):
            with ui.element("div").classes("beside"):
                self._graph_place, self._graph = self._prerequisites()
                beside = {name: self._section(one) for name, one in _OTHERS.items() if one.place == "beside"}
            self._story = ModulePanel(data, self.choose)
        with ui.element("div").classes("sections"):
            below = {name: self._section(one) for name, one in _OTHERS.items() if one.place != "beside"}
        self._sections = beside | below

    def _prerequisites(self) -> tuple[ui.element, Drawn]:
        with ui.element("section") as place:
            say(SECTIONS[_GRAPH].title, "h2")
            say(f"{SECTIONS[_GRAPH].told} Click a module for its story.", "muted")
            return place, Drawn("graph scroll", self._clicked)

    def _section(self, section: Section) -> tuple[ui.element, Drawn]:
        with ui.element("section").classes("wide" if section.place == "wide" else "") as place:
            say(section.title, "h2")
            say(section.explain(self._data.facts), "muted")
            return place, Drawn("panels")

    async def refresh(self) -> None:
        """Show what is new; what has not changed stays as it is."""
        facts = self._data.facts
        content = await asyncio.to_thread(_compute, facts, self._look, self._module)
        self._where.text = f"{where(self._data)} · {_dates(self._data)}"
        if content.tiles != self._tiles:
            self._tiles = content.tiles
            self._show_tiles(content.tiles)
        if content.remarks != self._remarks:
            self._remarks = content.remarks
            self._remark_place.clear()
            with self._remark_place:
                if content.remarks:
                    say(REMARKS, "h4")
                for remark in content.remarks:
                    block(remark, "remark")
        self._graph_place.set_visibility(bool(content.graph))
        self._graph.show(content.graph)
        for name, (place, drawn) in self._sections.items():
            place.set_visibility(bool(content.sections[name]))
            drawn.show(content.sections[name])
        await self._story.show(self._module)

    def _show_tiles(self, content: Sequence[Tile]) -> None:
        self._tile_place.clear()
        with self._tile_place:
            for tile in content:
                with ui.element("div").classes("tile"):
                    say(tile.title, "muted")
                    say(tile.value, "value")
                    ui.html(bars_svg(tile, self._look), sanitize=False)  # drawn by us, of numbers
                    say(tile.note, "muted note")

    async def _clicked(self, event: EChartPointClickEventArguments) -> None:
        if event.name in self._data.facts.module_ids:
            await self.choose(event.name)

    async def choose(self, module: str) -> None:
        """Tell the story of that module."""
        if module not in self._data.facts.module_ids:
            raise UserError(f"The run has no module {module!r}.")
        self._module = module
        here = address(self._data.run.run_id, module=module)
        ui.run_javascript(f"history.replaceState(null, '', {json.dumps(here)})")
        await self.refresh()


def _dates(data: RunData) -> str:
    card = data.card
    return f"began {card.began[:16].replace('T', ' ')}, last change {card.changed[:19].replace('T', ' ')} (UTC)"
