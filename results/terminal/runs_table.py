"""The runs of a folder as a table for the terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ioa.memory.plain_text import plain
from ioa.memory.records import Score
from ioa.results.run_cards import UNREADABLE, RunCard
from ioa.results.words import age, count, duration, money, percent_noted

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

STYLES = {
    "working": "bold green",
    "finished": "green",
    "failed": "bold red",
    UNREADABLE: "bold red",
    "stopped": "red",
    "interrupted": "yellow",
    "paused": "yellow",
    "out of budget": "yellow",
}


def runs_table(cards: Iterable[RunCard]) -> "Group":
    """A line for each run, and below the table what is wrong with those that cannot be read."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    cards = list(cards)
    table = Table(box=None, pad_edge=False, header_style="bold dim")
    for name in ("Run", "Status", "Where", "Mastered", "Targets", "Whole domain", "Calls", "Cost", "Time", "Age"):
        right = name in {"Mastered", "Calls", "Cost", "Time", "Age"}
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for card in cards:
        table.add_row(*_cells(card))
    problems = [Text(plain(f"{card.run_id}: {card.problem}"), style="red") for card in cards if card.problem]
    return Group(table, *problems)


def _cells(card: RunCard) -> list["Text"]:
    from rich.text import Text

    known = card.status != UNREADABLE
    mastered = "-" if card.targets is None else f"{card.mastered} of {card.targets}"
    return [
        Text(plain(card.run_id), style="bold"),
        Text(plain(card.status), style=STYLES.get(card.status, "")),
        Text(plain(whereabouts(card))),
        Text(mastered),
        Text(_final(card.before, card.after)),
        Text(_final(card.all_before, card.all_after)),
        Text(count(card.calls) if known else "-"),
        Text(money(card.usd) if known else "-"),
        Text(duration(card.wall_seconds)),
        Text(age(card.began)),
    ]


def _final(before: Score | None, after: Score | None) -> str:
    return f"{percent_noted(before)} → {percent_noted(after)}" if after else "-"


def whereabouts(card: RunCard) -> str:
    """`train, stage 2 of 4, round 1`; empty of a run that is over."""
    if card.node is None:
        return ""
    of = f" of {card.stages}" if card.stages else ""
    stage = "" if card.stage is None else f"stage {card.stage}{of}"
    round_ = f"round {card.round}" if card.round else ""
    return ", ".join(part for part in (card.node, stage, round_) if part)
