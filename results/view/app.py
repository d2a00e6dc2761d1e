"""The server of `ioa view`: for this machine alone, without a network, and without writing anything."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ioa.memory.errors import UserError
from ioa.memory.run_dir import RunDirectory

if TYPE_CHECKING:
    from nicegui.app import App
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")


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


def serve(runs_dir: Path, host: str, port: int, *, open_browser: bool, say: Callable[[str], None]) -> None:
    """Serve the viewer until it is interrupted.

    Args:
        runs_dir: The folder of the runs, or of a single run.
        host: Address to listen at.
        port: Where; it has to be free.
        open_browser: Show it in the browser as well.
        say: Tells the person at the terminal where it is.

    Raises:
        UserError: the folder is not there.
    """
    place = find_runs(runs_dir)
    with tempfile.TemporaryDirectory(prefix="ioa-view-") as storage:
        os.environ["NICEGUI_STORAGE_PATH"] = storage  # NiceGUI would make one in the folder it was started from
        from nicegui import app, ui

        from ioa.results.view.routes import Site

        site = Site(place.runs_dir, place.only)
        site.add_pages()
        _guard(app, host)
        name = f"[{host}]" if ":" in host else host
        app.on_startup(site.warm_up)
        app.on_startup(partial(_announce, say, f"Runs of {runs_dir}: http://{name}:{port}/ (Ctrl-C ends it)"))
        with contextlib.suppress(KeyboardInterrupt):  # that is how a person ends it
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


async def _announce(say: Callable[[str], None], told: str) -> None:
    """Say where it is, once it listens."""
    from nicegui.server import Server

    while not Server.instance.started:
        await asyncio.sleep(0.02)
    say(told)


def _guard(app: "App", host: str) -> None:
    """Keep out what a page of another site could ask in the browser of whoever looks at the runs."""
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from ioa.results.view.app import Guard

    if host in LOOPBACK:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, "[::1]"], www_redirect=False)
    app.add_middleware(Guard)


POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
)
"""Nothing is loaded from elsewhere, whatever a page contains; NiceGUI's own scripts stand in its pages."""


class Guard:
    """Refuse requests that a page of another site makes, and let the pages load nothing from elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, of HTTP or for a WebSocket."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != headers.get("host"):
            await PlainTextResponse("Only pages of this viewer may ask.", 403)(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["Content-Security-Policy"] = POLICY
                answer["X-Content-Type-Options"] = "nosniff"
                answer["Referrer-Policy"] = "no-referrer"
            await send(message)

        await self._app(scope, receive, told)
