"""The server of `ioa view`: on this machine, without a network, and without writing anything."""

import contextlib
import inspect
import os
import tempfile
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from ioa.memory.errors import UserError
from ioa.memory.run_dir import RunDirectory

MISSING = "The viewer needs NiceGUI: pip install 'ioa[view]'"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PATIENCE = 60.0
"""Seconds that a page may take before the browser is told that it failed; reading a run is not part of it."""


@dataclass(frozen=True)
class Place:
    """Which runs are shown."""

    runs_dir: Path
    only: str | None
    """The one run that was named; none where it was a folder of runs."""


def find_runs(path: Path) -> Place:
    """What the folder is: one of runs, or of a single run.

    Raises:
        UserError: it is not there.
    """
    if not path.is_dir():
        raise UserError(f"{path}: there is no such folder. Name the folder of the runs, or of one run.")
    if RunDirectory(path).config.is_file():
        run = path.resolve()
        return Place(run.parent, run.name)
    return Place(path, None)


def serve(runs_dir: Path, host: str, port: int, *, open_browser: bool) -> None:
    """Serve the viewer until it is interrupted.

    Args:
        runs_dir: The folder of the runs, or of a single run.
        host: Address to listen at.
        port: Where; it has to be free.
        open_browser: Show it in the browser as well.

    Raises:
        UserError: NiceGUI is not installed, or the folder is not there.
    """
    place = find_runs(runs_dir)
    with tempfile.TemporaryDirectory(prefix="ioa-view-") as storage:
        os.environ["NICEGUI_STORAGE_PATH"] = storage  # NiceGUI would make one in the folder it was started from
        try:
            from nicegui import app, ui
        except ImportError as error:
            raise UserError(MISSING) from error
        _add_pages(place)
        _guard(app, host)
        with contextlib.suppress(KeyboardInterrupt):
            ui.run(
                host=host,
                port=port,
                title="ioa",
                favicon="🎓",
                reload=False,
                show=open_browser,
                show_welcome_message=False,
                tailwind=False,
                reconnect_timeout=30.0,
            )


def _guard(app: Any, host: str) -> None:
    """Refuse what a page of another origin could ask in the browser of whoever looks at the runs."""
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    if host in LOOPBACK:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, "[::1]"])


def _add_pages(place: Place) -> None:
    from nicegui import ui
    from starlette.requests import Request

    from ioa.graph.view import runs_page
    from ioa.graph.view.data import Runs
    from ioa.graph.view.frame import frame
    from ioa.graph.view.pages import PAGES

    runs = Runs(place.runs_dir, place.only)
    modules = {page.name: import_module(page.module) for page in PAGES}
    for module in modules.values():
        if hasattr(module, "register"):
            module.register(runs)

    @ui.page("/", response_timeout=_PATIENCE)
    async def start() -> None:
        if place.only is not None:
            ui.navigate.to(f"/run/{place.only}")
            return
        with frame("Runs"):
            await runs_page.build(runs)

    @ui.page("/run/{run_id}", response_timeout=_PATIENCE)
    async def overview(request: Request, run_id: str) -> None:
        await show(request, run_id, "")

    @ui.page("/run/{run_id}/{page}", response_timeout=_PATIENCE)
    async def other(request: Request, run_id: str, page: str) -> None:
        await show(request, run_id, page)

    async def show(request: Request, run_id: str, name: str) -> None:
        page = next((one for one in PAGES if one.name == name), None)
        try:
            data = runs.get(run_id)
        except UserError as error:
            _not_found(str(error))
            return
        if page is None:
            _not_found(f"A run has no page {name!r}.")
            return
        with frame(f"{run_id}: {page.title}", data, name, only=place.only is not None):
            await _fill(partial(modules[name].build, data, dict(request.query_params)), data)


def _not_found(why: str) -> None:
    from nicegui import ui

    from ioa.graph.view.elements import problem
    from ioa.graph.view.frame import frame

    ui.status_code(404)
    with frame("Not found"):
        problem(why)


async def _fill(build: Any, data: Any) -> None:
    """Build the page, at once where the run has been read, else when it has; say why where it cannot be."""
    from nicegui import ui

    from ioa.graph.view.elements import problem, say

    if not data.readable:
        with ui.element("div").classes("waiting") as waiting:
            ui.spinner()
            say("Reading the run")
        await ui.context.client.connected()
        await data.refresh()
        waiting.delete()
    else:
        await data.refresh()
    if not data.readable:
        problem(data.problem)
        return
    built = build()
    if inspect.isawaitable(built):
        await built
