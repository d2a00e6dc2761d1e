"""The bar above a list: filters, a search, pages; what is chosen stands in the address, so that it can be sent on."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from urllib.parse import urlencode

from nicegui import ui

from ioa.memory.plain_text import plain

PAGE = 50
"""Entries of a list that are shown at a time."""
_LONGEST = 60
"""Characters of a choice that are shown."""


class Filters:
    """The bar, and what is chosen in it."""

    def __init__(
        self,
        params: Mapping[str, str],
        choices: Mapping[str, str],
        changed: Callable[[], Awaitable[None]],
        switches: Mapping[str, str] | None = None,
        one: str = "",
        kept: Iterable[str] = (),
    ) -> None:
        """Make the bar.

        Args:
            params: The query of the address.
            choices: What can be chosen, by its name in the address, with what stands in the bar for "any".
            changed: Called when something else was chosen; `page` is 1 then.
            switches: What is on or off, by name, with its label.
            one: Name of the value that leads to a single entry, on whatever page that is.
            kept: Names of further values that stand in the address.
        """
        names = (*choices, *(switches or {}), "q", *([one] if one else []), *kept)
        self._one = one
        self.values = {name: params.get(name, "") for name in names}
        self.page = int(params["page"]) if params.get("page", "").isdecimal() else 1
        self._pages = 1
        self._changed = changed
        self._quiet = False
        with ui.element("div").classes("filters").props('role="search"'):
            self._selects = {name: self._select(name, label) for name, label in choices.items()}
            self._any = dict(choices)
            self._switches = {name: self._switch(name, label) for name, label in (switches or {}).items()}
            self._search = (
                ui.input("search", value=self.values["q"], on_change=lambda event: self._choose("q", event.value))
                .props("dense debounce=150 clearable data-testid=q")
                .classes("search")
            )
            self._found = ui.label().classes("found").props('role="status" data-testid=found')
            self.extra = ui.element("div")
            self._pager = (
                ui.pagination(1, 1, direction_links=True, on_change=lambda event: self._turn(event.value))
                .props("max-pages=7 dense boundary-numbers")
                .classes("pages")
            )

    def offer(self, name: str, options: Iterable[object]) -> None:
        """Say what there is to choose from."""
        chosen = self.values[name]
        offered = dict.fromkeys([*map(str, options), *([chosen] if chosen else [])])
        shown = {"": self._any[name], **{value: plain(value)[:_LONGEST] for value in offered}}
        select = self._selects[name]
        if select.options != shown:
            self._quietly(lambda: select.set_options(shown, value=chosen))

    def number(self, name: str) -> int | None:
        """A choice that is a number; none where nothing is chosen, or no number."""
        value = self.values[name]
        return int(value) if value.isdecimal() else None

    def clear(self, *spared: str) -> None:
        """Choose nothing, except for those."""
        for name in self.values:
            if name not in spared:
                self.values[name] = ""
        self.redraw()

    def redraw(self) -> None:
        """Show in the bar what is chosen."""

        def show() -> None:
            for name, select in self._selects.items():
                select.value = self.values[name]
            for name, switch in self._switches.items():
                switch.value = bool(self.values[name])
            self._search.value = self.values["q"]

        self._quietly(show)

    def found(self, text: str, entries: int) -> None:
        """Say what was found, and how many entries there are to turn over."""
        self._found.text = plain(text)
        self._pages = max(1, -(-entries // PAGE))
        self.page = min(max(1, self.page), self._pages)

        def show() -> None:
            self._pager.max = self._pages
            self._pager.value = self.page
            self._pager.set_visibility(self._pages > 1)

        self._quietly(show)

    @property
    def last(self) -> int:
        """Number of the last page."""
        return self._pages

    @property
    def here(self) -> slice:
        """Which entries are on the page."""
        return slice((self.page - 1) * PAGE, self.page * PAGE)

    def address(self) -> None:
        """Have the address of the page say what is chosen."""
        given = {name: value for name, value in self.values.items() if value}
        if self.page > 1 and self._one not in given:
            given["page"] = str(self.page)
        query = f"?{urlencode(given)}" if given else ""
        ui.run_javascript(f"history.replaceState(history.state, '', location.pathname + {json.dumps(query)})")

    def _select(self, name: str, label: str) -> ui.select:
        value = self.values[name]
        options = {"": label} | ({value: plain(value)[:_LONGEST]} if value else {})
        return ui.select(
            options, label=name, value=value, on_change=lambda event: self._choose(name, event.value)
        ).props(f"dense options-dense data-testid={name}")

    def _switch(self, name: str, label: str) -> ui.switch:
        return ui.switch(
            label, value=bool(self.values[name]), on_change=lambda event: self._choose(name, "1" if event.value else "")
        ).props(f"dense data-testid={name}")

    async def _choose(self, name: str, value: str | None) -> None:
        if self._quiet or (value or "") == self.values[name]:
            return
        self.values[name] = value or ""
        self.page = 1
        await self._changed()

    async def _turn(self, page: int | None) -> None:
        if self._quiet or page is None or page == self.page:
            return
        self.page = page
        await self._changed()

    def _quietly(self, change: Callable[[], object]) -> None:
        """Change elements without taking that for a choice."""
        self._quiet = True
        try:
            change()
        finally:
            self._quiet = False
