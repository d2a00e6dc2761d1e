"""Lessons of a run as a table for the terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ioa.memory.plain_text import plain
from ioa.memory.records import Example

if TYPE_CHECKING:
    from rich.table import Table

_LONGEST = 300
"""Characters of a problem or an answer that are shown."""


def lessons_table(rows: Iterable[tuple[Example, float | None]]) -> "Table":
    """A line for each lesson, with its likeness to what was asked for where there is one."""
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    asked = any(likeness is not None for _, likeness in rows)
    table = Table(box=None, pad_edge=False, header_style="bold dim")
    for name in (*(["Like"] if asked else []), "Module", "Stage/round", "Lesson", "Problem", "Answer"):
        table.add_column(
            name,
            justify="right" if name in {"Like", "Stage/round"} else "left",
            overflow="fold",
            no_wrap=name in {"Like", "Lesson"},
            ratio=1 if name == "Problem" else None,
        )
    for lesson, likeness in rows:
        table.add_row(
            *([Text("" if likeness is None else f"{likeness:.2f}", style="bold")] if asked else []),
            Text(plain(lesson.module)),
            Text(f"{lesson.stage}/{lesson.round}"),
            Text(plain(lesson.id), style="dim"),
            Text(_cut(plain(lesson.problem))),
            Text(_cut(plain(lesson.answer))),
        )
    return table


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
