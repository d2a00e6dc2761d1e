"""Which address shows what."""

import asyncio
import inspect
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

from nicegui import ui
from starlette.requests import Request

from ioa.memory.errors import UserError
from ioa.results.view.elements import address, problem, say
from ioa.results.view.frame import frame
from ioa.results.view.pages import PAGES, RunPage
from ioa.results.view.run_data import RunData, Runs

_PATIENCE = 60.0
"""Seconds that a page may take before the browser is told that it failed; reading a run is not part of it."""
_LISTS = ("runs_page", "compare_page")


class Site:
    """The pages, and the modules that build them, which take seconds to import: the server is there before them."""

    def __init__(self, runs_dir: Path, only: str | None = None) -> None:
        self.runs = Runs(runs_dir, only)
        self._modules: asyncio.Task[Mapping[str, ModuleType]] | None = None

    def warm_up(self) -> None:
        """Begin to import the modules of the pages, once the server runs."""
        self._modules = asyncio.create_task(asyncio.to_thread(self._load))

    @staticmethod
    def _load() -> Mapping[str, ModuleType]:
        names = [*(page.module for page in PAGES), *(f"ioa.results.view.{name}" for name in _LISTS)]
        return {name: import_module(name) for name in names}

    async def _module(self, name: str) -> ModuleType:
        if self._modules is None:
            raise RuntimeError("the server has not been started")
        return (await asyncio.shield(self._modules))[name]

    @property
    def _ready(self) -> bool:
        return self._modules is not None and self._modules.done()

    def add_pages(self) -> None:
        """Tell the server where the pages are."""

        @ui.page("/", response_timeout=_PATIENCE)
        async def start() -> None:
            if self.runs.only is not None:
                ui.navigate.to(address(self.runs.only))
                return
            await self._show_list("runs_page", "Runs", {})

        @ui.page("/compare", response_timeout=_PATIENCE)
        async def compare(request: Request) -> None:
            await self._show_list("compare_page", "Comparison", dict(request.query_params))

        @ui.page("/run/{run_id}", response_timeout=_PATIENCE)
        async def overview(request: Request, run_id: str) -> None:
            await self._show_run(run_id, "", dict(request.query_params))

        @ui.page("/run/{run_id}/{name}", response_timeout=_PATIENCE)
        async def other(request: Request, run_id: str, name: str) -> None:
            await self._show_run(run_id, name, dict(request.query_params))

    async def _show_list(self, module: str, title: str, params: Mapping[str, str]) -> None:
        with frame(title, home=title != "Runs"):
            with ui.element("div") as waiting:
                await _wait("Starting", until=self._ready)
            builder = await self._module(f"ioa.results.view.{module}")
            if waiting.is_deleted:  # nobody waits for it any more
                return
            waiting.delete()
            await builder.build(self.runs, params)

    async def _show_run(self, run_id: str, name: str, params: Mapping[str, str]) -> None:
        page = next((one for one in PAGES if one.name == name), None)
        try:
            data = self.runs.get(run_id)
        except UserError as error:
            _not_found(str(error))
            return
        if page is None:
            _not_found(f"A run has no page {name!r}.")
            return
        with frame(f"{run_id}: {page.title}", data, name, home=self.runs.only is None):
            await self._fill(page, data, params)

    async def _fill(self, page: RunPage, data: RunData, params: Mapping[str, str]) -> None:
        """Build the page, at once where the run has been read, else when it has; say why where it cannot be."""
        with ui.element("div") as waiting:
            await _wait("Reading the run", until=self._ready and data.readable)
        module = await self._module(page.module)
        await data.refresh()
        if waiting.is_deleted:  # nobody waits for it any more
            return
        waiting.delete()
        if not data.readable:
            problem(data.problem)
            return
        built = module.build(data, params)
        if inspect.isawaitable(built):
            await built


async def _wait(what: str, *, until: bool) -> None:
    """Say that something takes a while, where it is not there yet, and let the browser show it."""
    if until:
        return
    with ui.element("div").classes("waiting"):
        ui.spinner()
        say(what)
    await ui.context.client.connected()


def _not_found(why: str) -> None:
    ui.status_code(404)
    with frame("Not found"):
        problem(why)
