"""The one way to the terminal for text: nothing in it is markup, an emoji code or a control sequence.

Almost all that is shown was written by a model or a person: names of modules and teachers, problems, replies, errors of
servers. Styles are given as such, with `rich.text.Text` and `style=`, and never inside of a text.
"""

from collections.abc import Iterable
from typing import IO

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from typing_extensions import override

from ioa.memory.plain_text import plain


class Console(rich.console.Console):
    """Rich's console, for text as it is."""

    def __init__(
        self,
        *,
        stderr: bool = False,
        file: IO[str] | None = None,
        force_terminal: bool | None = None,
        width: int | None = None,
        color_system: str | None = "auto",
        record: bool = False,
    ) -> None:
        """As Rich's, of whose settings these can be chosen."""
        super().__init__(
            stderr=stderr,
            file=file,
            force_terminal=force_terminal,
            width=width,
            record=record,
            color_system=color_system,  # type: ignore[arg-type]  # names that rich knows
            markup=False,
            emoji=False,
            highlight=False,
        )

    @override
    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces that are written; control characters of texts are taken out, those of Rich stay."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable() or segment.text == "\n":
                yield segment
            else:
                yield Segment(plain(segment.text), segment.style)
