"""What all pages have in common: the header, the way between the pages, light and dark, and keeping up to date."""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING

from nicegui import ui

from ioa.memory.plain_text import plain
from ioa.results.view.elements import address, problem, say
from ioa.results.view.pages import PAGES
from ioa.results.view.run_data import RunData

if TYPE_CHECKING:
    from ioa.results.run_cards import RunCard

COOKIE = "ioa-look"
_TOGGLE = f"""
(() => {{
  const dark = document.body.classList.contains('body--dark');
  document.cookie = '{COOKIE}=' + (dark ? 'light' : 'dark') + ';path=/;max-age=31536000;SameSite=Strict';
  location.reload();
}})()"""
_FIRST_VISIT = f"""<script>
if (!document.cookie.includes('{COOKIE}=') && matchMedia('(prefers-color-scheme: dark)').matches) {{
  document.cookie = '{COOKIE}=dark;path=/;max-age=31536000;SameSite=Strict';
  if (document.cookie.includes('{COOKIE}=dark')) location.reload();
}}</script>"""
_SCRIPTS = "".join(
    (files(f"ioa.results.{room}") / name).read_text(encoding="utf-8")
    for room, name in (("charts", "chart_functions.js"), ("cards", "cards.js"))
)
WATCHED = 1.0
"""Seconds between two looks at a version number."""


def is_dark() -> bool:
    """Whether this browser wants the dark look."""
    return ui.context.client.request.cookies.get(COOKIE) == "dark"


@contextmanager
def frame(title: str, data: RunData | None = None, here: str = "", *, home: bool = True) -> Iterator[None]:
    """The header, and a column below it in which the page is made.

    Args:
        title: Of the browser's tab.
        data: The run that the page is about.
        here: Which of its pages this is.
        home: Whether there is a list of runs to go to.
    """
    ui.page_title(plain(title))
    ui.dark_mode(value=is_dark())
    ui.colors(primary="#56b4e9" if is_dark() else "#0072b2")
    ui.add_css((files("ioa.results.view") / "view.css").read_text(encoding="utf-8"))
    ui.add_head_html(_FIRST_VISIT)
    ui.add_head_html(f"<script>{_SCRIPTS}</script>")  # before the page is sent: a script that comes later is not run
    with ui.element("header").classes("top"):
        if home:
            ui.link("all runs", "/").classes("tab")
        if data is not None:
            say(data.run.run_id, "run-name")
            _status(data)
            with ui.element("nav").classes("tabs").props('aria-label="Pages of the run"'):
                for page in PAGES:
                    tab = ui.link(page.title, address(data.run.run_id, page.name)).classes("tab")
                    if page.name == here:
                        tab.classes("here").props('aria-current="page"')
        else:
            say(title, "run-name")
        ui.element("div").classes("space")
        ui.button(icon="contrast", on_click=lambda: ui.run_javascript(_TOGGLE)).props(
            'flat round dense aria-label="Light or dark"'
        )
    with ui.element("div").classes("page"):
        yield


def _status(data: RunData) -> None:
    """Where the run is, and what is wrong with its files; this also makes the run's data follow the files."""
    chip = say("", "status")
    wrong = problem("").classes("top-problem")

    def show() -> None:
        chip.text = where(data) if data.readable else ""
        chip.props(f"data-status={data.card.status.replace(' ', '-')}" if data.readable else "")
        wrong.text = plain(data.problem) if data.readable else ""  # the page itself says what cannot be read at all
        wrong.set_visibility(bool(wrong.text))

    show()
    watch(data, show)
    ui.timer(WATCHED, data.refresh)


def where(data: RunData) -> str:
    """The run's status in words: `working: train, stage 2 of 3, round 1`."""
    card = data.card
    place = place_words(card)
    return plain(f"{card.status}: {place}" if place else card.status)


def place_words(card: "RunCard") -> str:
    """Where in the graph a run is: `train, stage 2 of 3, round 1`; empty where it is over or not known."""
    if card.status == "finished":
        return ""
    stage = None if card.stage is None else f"stage {card.stage}" + (f" of {card.stages}" if card.stages else "")
    parts = [card.node, stage, None if card.round is None else f"round {card.round}"]
    return ", ".join(part for part in parts if part)


def watch(data: RunData, changed: Callable[[], Awaitable[None] | None]) -> None:
    """Call back whenever the run's data has changed, for as long as the page is open.

    It is not called at once, and a call that is not over yet is not made again.
    """
    seen = data.version

    async def look() -> None:
        nonlocal seen
        if data.version == seen:
            return
        seen = data.version
        result = changed()
        if inspect.isawaitable(result):
            await result

    ui.timer(WATCHED, look, immediate=False)
