"""Two runs side by side in the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ioa.memory.plain_text import plain
from ioa.results.comparison import Comparison
from ioa.results.comparison_tables import comparison_tables, final_words
from ioa.results.terminal.run_page import grid, title

if TYPE_CHECKING:
    from rich.console import Group, RenderableType


def comparison_page(found: Comparison) -> "Group":
    """The page; markup in texts of people and models is not interpreted, and control characters are removed."""
    from rich.console import Group

    return Group(*_blocks(found))


def _blocks(found: Comparison) -> Iterator["RenderableType"]:
    from rich.text import Text

    for table in comparison_tables(found):
        if table.title and (table.rows or table.otherwise):
            yield title(table.title)
        if table.rows or table.otherwise:
            yield grid(table.head, table.rows) if table.rows else Text(table.otherwise)
        if not table.title:
            yield Text("\n" + plain(final_words(found)))
