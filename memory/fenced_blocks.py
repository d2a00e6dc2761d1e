"""The fenced blocks of a text in Markdown, by CommonMark's rules.

A closing fence has the character of the opening one, is at least as long, is indented by at most three spaces, and has
nothing behind it (CommonMark 0.31, 4.5). So an indented fence in a docstring, and a shorter one, are content.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LONGEST = 4 << 20
"""Characters of a text that is looked through: a longer one is nothing that a model wrote for a reader."""
_WORD = re.compile(r"[\w+#-]+")


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    fence: str
    """What opens it, such as three backticks."""
    info: str
    """What stands behind the opening fence."""
    text: str
    """Its lines, without the indentation of the opening fence and of the list that it stands in."""
    start: int
    """Number of the line of the opening fence, from 0."""
    end: int
    """Number of the line behind the block."""
    closed: bool
    """False where the text ends before the block does."""

    @property
    def language(self) -> str:
        """The first word of the info string in lower case: `python` of `python title="x"` and of `{.python}`."""
        found = _WORD.search(self.info)
        return found.group().lower() if found else ""


def fenced_blocks(text: str) -> list[Block]:
    """The blocks of a text in their order, also those in lists and quotations.

    Indented code is none; blocks inside of a block are its content.
    """
    if len(text) > LONGEST or not ("```" in text or "~~~" in text):
        return []
    lines = lines_of(text)
    return [_block(token, lines) for token in _parser().parse(text) if token.type == "fence"]


def lines_of(text: str) -> list[str]:
    """The lines as CommonMark counts them."""
    return re.split(r"\r\n|\r|\n", text)


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    # HTML is left out on purpose: a line `<answer>` would hide the fence below it.
    return MarkdownIt("zero").enable(["fence", "code", "list", "blockquote"])


def _block(token: "Token", lines: list[str]) -> Block:
    start, end = token.map or (0, 0)
    last = lines[end - 1].strip("> \t") if end - 1 > start else ""
    closed = last.startswith(token.markup) and not last.strip(token.markup[0])
    return Block(token.markup, token.info.strip(), token.content, start, end, closed)
