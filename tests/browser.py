"""A real browser for tests: headless Chromium that can reach this machine and nothing else.

Skipped where there is none, but never with CI=true, where it has to be there.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.needed import do_without

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_SWITCHES = (
    "--no-sandbox",  # which a container without user namespaces cannot give it
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


@dataclass
class Window:
    """A page and all that went wrong in it."""

    page: "Page"
    requests: list[str] = field(default_factory=list)
    """Addresses that were asked for, the page's own included."""
    errors: list[str] = field(default_factory=list)
    """Uncaught exceptions of scripts, and what the console has as an error (blocked scripts too)."""
    dialogs: list[str] = field(default_factory=list)
    """Texts of `alert` and its like."""


@contextmanager
def browser() -> Iterator["Browser"]:
    """Headless Chromium, closed at the end of the block; inside it, `asyncio.run` does not work in this thread."""
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if program is None:
        do_without("Chromium is not installed: sudo apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=list(_SWITCHES))
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def window(chromium: "Browser", *, width: int = 1280, height: int = 800, offline: bool = False) -> Iterator[Window]:
    """A fresh, empty page without cookies.

    Args:
        chromium: From `browser()`.
        width: Of the page, in CSS pixels.
        height: Of the page, in CSS pixels.
        offline: Cut off this machine too; `file://` still opens.
    """
    context = chromium.new_context(viewport={"width": width, "height": height}, offline=offline)
    context.set_default_timeout(20_000)
    try:
        shown = Window(context.new_page())
        shown.page.on("request", lambda request: shown.requests.append(request.url))
        shown.page.on("pageerror", lambda error: shown.errors.append(str(error)))
        shown.page.on("console", lambda said: shown.errors.append(said.text) if said.type == "error" else None)
        shown.page.on("dialog", lambda dialog: (shown.dialogs.append(dialog.message), dialog.dismiss()))
        yield shown
    finally:
        context.close()
