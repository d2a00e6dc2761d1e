"""Showing text out of a run: it is never taken for HTML, Markdown or a template."""

from urllib.parse import quote, urlencode

from nicegui import ui
from nicegui.elements.label import Label
from nicegui.elements.link import Link

from ioa.memory.plain_text import plain


def say(text: object, classes: str = "") -> Label:
    """A line of text."""
    return ui.label(plain(str(text))).classes(classes)


def block(text: str, classes: str = "") -> Label:
    """Text as it was written: lines and spaces are kept, and what it does to reading direction ends with it."""
    return ui.label(plain(text)).classes(f"block-text {classes}").props('dir="auto"')


def link(text: str, target: str) -> Link:
    """A link to another page of the viewer; `target` is made by `address`."""
    return ui.link(plain(text), target)


def address(run_id: str, page: str = "", **query: object) -> str:
    """Where a page of a run is; what is none is left out of the query."""
    given = {name: str(value) for name, value in query.items() if value is not None}
    path = "/".join(["/run", quote(run_id, safe=""), *([page] if page else [])])
    return path + (f"?{urlencode(given)}" if given else "")


def problem(text: str) -> Label:
    """A message of something that is wrong, with what to do."""
    return block(text, "problem").props('role="alert"')
