"""Telling a person how a run goes on, while it goes on."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ioa.results.words import money


class Reporter(Protocol):
    """Where the nodes say what they are doing."""

    def place(self, node: str, stage: int | None, stages: int | None, round_: int | None) -> None:
        """A node begins."""
        ...

    def say(self, text: str) -> None:
        """Something that should stay on the screen."""
        ...

    def work(self, name: str, done: int, total: int, facts: str = "") -> None:
        """A piece of work has come so far; `facts` is a short text behind its bar, such as the loss."""
        ...

    def spent(self, calls: int, tokens: int, usd: float) -> None:
        """So much was asked of the teachers by now, earlier sittings included."""
        ...


class Silent:
    """Says nothing: for tests and for LangGraph's own tools."""

    def place(self, node: str, stage: int | None, stages: int | None, round_: int | None) -> None:
        """Nothing."""

    def say(self, text: str) -> None:
        """Nothing."""

    def work(self, name: str, done: int, total: int, facts: str = "") -> None:
        """Nothing."""

    def spent(self, calls: int, tokens: int, usd: float) -> None:
        """Nothing."""


class Overheard:
    """Passes everything on, and keeps what was said."""

    def __init__(self, reporter: Reporter, lines: list[str]) -> None:
        self._lines = lines
        self.place, self.work, self.spent = reporter.place, reporter.work, reporter.spent
        self._say = reporter.say

    def say(self, text: str) -> None:
        """Passed on and kept."""
        self._lines.append(text)
        self._say(text)


def place_text(node: str, stage: int | None, stages: int | None, round_: int | None) -> str:
    """`train · stage 2 of 4 · remediation round 1`."""
    parts = [node]
    if stage is not None:
        parts.append(f"stage {stage} of {stages}" if stages else f"stage {stage}")
    if round_:
        parts.append(f"remediation round {round_}")
    return " · ".join(parts)


def spent_text(calls: int, tokens: int, usd: float) -> str:
    """`1,204 calls, 310,000 tokens, $0.42`; without the money where there is none to pay."""
    return f"{calls:,} calls, {tokens:,} tokens" + (f", {money(usd)}" if usd else "")


class PlainReporter:
    """Lines of text, for logs: a piece of work is reported at each tenth of its way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tenth: tuple[str, int] = ("", -1)
        self._place = ""
        self._money = ""

    def place(self, node: str, stage: int | None, stages: int | None, round_: int | None) -> None:
        """One line a node, also where it has several steps."""
        self._tenth = ("", -1)
        text = place_text(node, stage, stages, round_)
        if text != self._place:
            self._place = text
            self._print(f"== {text}")

    def say(self, text: str) -> None:
        """One line."""
        self._print(f"   {text}")

    def work(self, name: str, done: int, total: int, facts: str = "") -> None:
        """At most eleven lines for each piece of work."""
        tenth = (name, 10 * done // max(total, 1))
        if tenth != self._tenth:
            self._tenth = tenth
            money = f" · {self._money}" if self._money and not facts else ""
            self._print(f"   {name}: {done}/{total} {facts}".rstrip() + money)

    def spent(self, calls: int, tokens: int, usd: float) -> None:
        """Behind the next lines about a piece of work."""
        self._money = spent_text(calls, tokens, usd)

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class _Facts(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(str(task.fields.get("facts", "")), style="cyan")


class LiveReporter:
    """A live display: where the run is, and a bar with rate and time left for what it is doing."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
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

    def place(self, node: str, stage: int | None, stages: int | None, round_: int | None) -> None:
        """The headline."""
        self._clear()
        self._head = Text(place_text(node, stage, stages, round_), style="bold")

    def say(self, text: str) -> None:
        """A line above the display."""
        self._console.print(Text(text), soft_wrap=True)

    def work(self, name: str, done: int, total: int, facts: str = "") -> None:
        """The bar."""
        if self._task is None or self._task[0] != name:
            self._clear()
            self._task = (name, self._bars.add_task(name, total=total))
        self._bars.update(self._task[1], completed=done, total=total, facts=facts)

    def spent(self, calls: int, tokens: int, usd: float) -> None:
        """Behind the headline."""
        self._money = spent_text(calls, tokens, usd)

    def _clear(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task[1])
            self._task = None


@contextmanager
def reporter() -> Iterator[Reporter]:
    """A live display on a terminal, plain lines elsewhere; on standard error, so that output can be piped."""
    console = Console(stderr=True)
    if not (console.is_terminal and sys.stderr.isatty()):
        yield PlainReporter(console)
        return
    live = LiveReporter(console)
    with live.live:
        yield live
