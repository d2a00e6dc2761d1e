"""What cards in the browser are made of, as plain data; texts are made plain here, and stay text in the browser."""

from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

from ioa.memory.plain_text import plain
from ioa.results.wording import Part


class Span(TypedDict, total=False):
    """A piece of a line."""

    text: str
    look: str
    """CSS classes."""
    title: str
    """Shown when it is pointed at."""
    href: str
    """Made by the link function of the page, of what it leads to."""
    go: str
    """Id of what a plain click leads to without loading the page anew."""
    what: str
    """Of which sort that is; `event` where it is not given."""


Block = dict[str, Any]
"""What a card is made of: `line`, `words`, `changes`, `beside` or `fold`."""


class Card(TypedDict):
    """One card."""

    id: str
    look: str
    """CSS classes."""
    head: list[Span]
    body: list[Block]


def span(text: object, look: str = "", **more: str) -> Span:
    """A piece of a line; `more` are other fields of `Span`."""
    return {"text": plain(str(text)), "look": look, **more}  # type: ignore[typeddict-item]  # keys of `more` are the caller's


def line(*spans: Span, look: str = "") -> Block:
    """A line of several pieces."""
    return {"type": "line", "spans": list(spans), "look": look}


def words(text: str, look: str = "") -> Block:
    """Text as it was written."""
    return {"type": "text", "text": plain(text), "look": look}


def named(label: str, text: str, look: str = "") -> list[Block]:
    """A value with its name: beside it, or below it where it has several lines."""
    if "\n" in text.strip():
        return [words(label, "label"), words(text, f"mono {look}")]
    return [line(span(label, "muted"), span(text, look))]


def changes(parts: Sequence[Part]) -> Block:
    """The differences between two texts."""
    shown = [(kind, plain(text) if kind == "same" else plain(text).replace("\n", "↵\n")) for kind, text in parts]
    return {"type": "diff", "parts": [list(part) for part in shown]}


def beside(*columns: Sequence[Block]) -> Block:
    """Blocks in columns beside one another; below one another where the window is narrow."""
    return {"type": "columns", "columns": [list(column) for column in columns]}


def folds(*several: Block) -> Block:
    """Several folds in a row; one that is open takes a row of its own."""
    return {"type": "folds", "folds": list(several)}


def fold_parts(blocks: Sequence[Block]) -> Iterator[str]:
    """The names of the parts that are behind folds, in the blocks or in what they are made of."""
    for block in blocks:
        if block["type"] == "fold":
            yield block["part"]
        yield from fold_parts(block.get("folds", ()))
        for column in block.get("columns", ()):
            yield from fold_parts(column)


def fold(label: str, part: str) -> Block:
    """What is fetched, under the name `part`, when it is opened."""
    return {"type": "fold", "label": plain(label), "part": part}
