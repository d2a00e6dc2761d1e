"""A run in a few numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from nicegui import ui

from ioa.results.facts import Facts
from ioa.results.summary import Summary, summarise
from ioa.results.view.elements import say
from ioa.results.words import duration, money, percent, score_words, size


@dataclass(frozen=True)
class Tile:
    """One number, and what belongs to it."""

    title: str
    value: str
    note: str


def tiles(facts: Facts) -> list[Tile]:
    """What a person wants to know first."""
    summary = summarise(facts)
    planned = [module for module in summary.modules if module.planned]
    mastered = sum(1 for module in planned if module.mastered)
    teacher = summary.teacher
    about = "about " if teacher.tokens.estimated else ""
    refused = f"{summary.examples.rejected:,} refused"
    return [
        _final(summary),
        Tile("Modules mastered", f"{mastered} of {len(planned)}" if planned else "–", "of the plan, at their gate"),
        Tile("Lessons", f"{summary.examples.accepted:,}", refused),
        Tile(
            "Teacher",
            money(teacher.usd),
            f"{teacher.calls:,} calls, {teacher.ledger:,} from the ledger; {about}{teacher.tokens.input:,} tokens in, "
            f"{teacher.tokens.output:,} out; {teacher.spec or 'no teacher yet'}",
        ),
        Tile(
            "Time",
            duration(summary.wall_seconds),
            f"at most {size(summary.peak_rss_bytes)} of memory; {facts.settings.student or 'no student named'}",
        ),
    ]


def _final(summary: Summary) -> Tile:
    before, after = summary.final.before, summary.final.after
    if before is None:
        return Tile("Final examination", "–", "not yet taken")
    if after is None:
        return Tile("Final examination", f"{percent(before.mean)} → ?", f"before: {score_words(before)}")
    value = f"{percent(before.mean)} → {percent(after.mean)}"
    return Tile("Final examination", value, f"before: {score_words(before)}; after: {score_words(after)}")


def show_tiles(place: ui.element, content: Sequence[Tile]) -> None:
    """Put the numbers into their place."""
    place.clear()
    with place:
        for tile in content:
            with ui.element("div").classes("tile"):
                say(tile.title, "muted")
                say(tile.value, "value")
                say(tile.note, "muted note")
