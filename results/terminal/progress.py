"""Telling a person how a run goes on, while it goes on."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text
from typing_extensions import override

from ioa.graph.listeners import Listener, NodeVisit
from ioa.results.console import Console
from ioa.results.words import money


def place_text(visit: NodeVisit) -> str:
    """`train · stage 2 of 4 · portion 2 of 3`."""
    parts = [visit.node]
    if visit.stage is not None:
        parts.append(f"stage {visit.stage} of {visit.stages}" if visit.stages else f"stage {visit.stage}")
    if visit.teaching:
        parts.append(visit.teaching.words)
    return " · ".join(parts)


def spent_text(calls: int, tokens: int, usd: float) -> str:
    """`1,204 calls, 310,000 tokens, $0.42`; without the money where there is none to pay."""
    return f"{calls:,} calls, {tokens:,} tokens" + (f", {money(usd)}" if usd else "")


class PlainProgress(Listener):
    """Lines of text, for logs: a piece of work is reported at each tenth of its way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tenth: tuple[str, int] = ("", -1)
        self._place = ""
        self._money = ""

    @override
    def visit_begun(self, visit: NodeVisit) -> None:
        """One line a node, also where it has several steps."""
        self._tenth = ("", -1)
        text = place_text(visit)
        if text != self._place:
            self._place = text
            self._print(f"== {text}")

    @override
    def message(self, text: str) -> None:
        """One line."""
        self._print(f"   {text}")

    @override
    def progress(self, name: str, done: int, total: int, facts: str = "") -> None:
        """At most eleven lines for each piece of work."""
        tenth = (name, 10 * done // max(total, 1))
        if tenth != self._tenth:
            self._tenth = tenth
            money = f" · {self._money}" if self._money and not facts else ""
            self._print(f"   {name}: {done}/{total} {facts}".rstrip() + money)

    @override
    def spent(self, calls: int, tokens: int, usd: float) -> None:
        """Behind the next lines about a piece of work."""
        self._money = spent_text(calls, tokens, usd)

    def _print(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)


class NameColumn(ProgressColumn):
    """What a bar is about, read as text and not as markup."""

    @override
    def render(self, task: Task) -> Text:
        """The task's description."""
        return Text(task.description)


class _Facts(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(str(task.fields.get("facts", "")), style="cyan")


class LiveProgress(Listener):
    """A live display: where the run is, and a bar with rate and time left for what it is doing."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(),
            NameColumn(),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            _Facts(),
            console=console,
        )
        self._task: tuple[str, TaskID] | None = None
        self._head = Text("")
        self._money = ""
        self.live = Live(console=console, get_renderable=self._render, refresh_per_second=4)

    def _render(self) -> Group:
        return Group(Text.assemble(self._head, ("   " + self._money, "dim")), self._bars)

    @override
    def visit_begun(self, visit: NodeVisit) -> None:
        """The headline."""
        self._clear()
        self._head = Text(place_text(visit), style="bold")

    @override
    def message(self, text: str) -> None:
        """A line above the display."""
        self._console.print(Text(text), soft_wrap=True)

    @override
    def progress(self, name: str, done: int, total: int, facts: str = "") -> None:
        """The bar."""
        if self._task is None or self._task[0] != name:
            self._clear()
            self._task = (name, self._bars.add_task(name, total=total))
        self._bars.update(self._task[1], completed=done, total=total, facts=facts)

    @override
    def spent(self, calls: int, tokens: int, usd: float) -> None:
        """Behind the headline."""
        self._money = spent_text(calls, tokens, usd)

    def _clear(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task[1])
            self._task = None


@contextmanager
def progress_display() -> Iterator[Listener]:
    """A live display on a terminal, plain lines elsewhere; on standard error, so that output can be piped."""
    console = Console(stderr=True)
    if not (console.is_terminal and sys.stderr.isatty()):
        yield PlainProgress(console)
        return
    live = LiveProgress(console)
    with live.live:
        yield live
