"""A list of cards in the browser, drawn from plain data; all text in them is text and nothing else."""

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from ioa.memory.plain_text import plain
from ioa.results.cards.blocks import Card

PIECE = 20_000
"""Characters of a long text that are sent at a time."""


class Cards(Element, component="cards.js"):
    """The list. Cards that stay as they are keep what is open in them when others are shown."""

    def __init__(self, load: Callable[[str, str], str], go: Callable[[str, str], Awaitable[None]]) -> None:
        """An empty list.

        Args:
            load: Gives the text behind a `fold`, by the card's id and the name of the part.
            go: Called with (id, sort) of what was clicked on.
        """
        super().__init__()
        self._load = load
        self._number = 0
        self._props["page"] = {"cards": [], "marks": "", "place": {"number": 0}}
        self.on("part", self._send)
        self.on("save", self._save)
        self.on("go", lambda event: go(str(event.args.get("id", "")), str(event.args.get("what", ""))))

    def show(self, cards: Sequence[Card], marks: str = "", **place: object) -> None:
        """Show these cards and no others.

        Args:
            cards: What is shown.
            marks: Text that is marked wherever it stands.
            place: Where to scroll to: `id` of a card, or `end` or `top`; nowhere where it is left out.
        """
        if place:
            self._number += 1
        self._props["page"] = {"cards": list(cards), "marks": marks, "place": {"number": self._number, **place}}
        self.update()

    def _send(self, event: GenericEventArguments) -> None:
        card, part, start = str(event.args["card"]), str(event.args["part"]), int(event.args["start"])
        text = plain(self._load(card, part))
        piece = text[start : start + PIECE] if start >= 0 else ""
        self.run_method("deliver", card, part, piece, start + len(piece), len(text))

    def _save(self, event: GenericEventArguments) -> None:
        card, part = str(event.args["card"]), str(event.args["part"])
        name = "".join(c if c.isalnum() or c in ".-" else "_" for c in f"{card}-{part}")[-100:]
        text = plain(self._load(card, part))
        ui.download.content(text.encode(errors="replace"), f"{name}.txt", "text/plain")
