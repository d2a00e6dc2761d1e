"""Two runs side by side in the terminal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ioa.memory.plain_text import plain
from ioa.results.comparison import Comparison, ModuleDifference, ModuleSide, RunSide, StageSide
from ioa.results.terminal.run_page import grid, shorten, title
from ioa.results.words import count, duration, money, percent, score_cell

if TYPE_CHECKING:
    from rich.console import Group, RenderableType


def comparison_page(found: Comparison) -> "Group":
    """The page; markup in texts of people and models is not interpreted, and control characters are removed."""
    from rich.console import Group

    return Group(*_blocks(found))


def _blocks(found: Comparison) -> Iterator["RenderableType"]:
    yield _whole(found)
    yield _final(found)
    yield title("Settings that differ")
    settings = [(one.key, shorten(one.a), shorten(one.b)) for one in found.config]
    yield grid(("Key", "A", "B"), settings) if settings else plain_line("none")
    if found.curriculum:
        yield title("Curriculum")
        stages = [(str(one.number), _stage(one.a), _stage(one.b)) for one in found.curriculum]
        yield grid(("Stage", "A", "B"), stages)
    if found.modules:
        yield title("Modules: mastered at the gate, and right answers before → after")
        yield grid(("Module", "A", "", "B", "", "After, B - A"), [_module(one) for one in found.modules])


def _whole(found: Comparison) -> "RenderableType":
    a, b = found.a, found.b
    rows = [
        ("status", a.status, b.status),
        ("final, before", score_cell(a.before), score_cell(b.before)),
        ("final, after", score_cell(a.after), score_cell(b.after)),
        ("teacher", score_cell(a.teacher), score_cell(b.teacher)),
        ("mastered", _mastered(a), _mastered(b)),
        ("lessons", _lessons(a), _lessons(b)),
        ("calls", count(a.calls), count(b.calls)),
        ("tokens", count(a.tokens), count(b.tokens)),
        ("cost", money(a.usd), money(b.usd)),
        ("time", duration(a.wall_seconds), duration(b.wall_seconds)),
    ]
    return grid(("", f"A: {a.run_id}", f"B: {b.run_id}"), rows)


def _mastered(side: RunSide) -> str:
    return f"{side.mastered} of {side.targets}" if side.targets else "-"


def _lessons(side: RunSide) -> str:
    return f"{side.accepted:,} accepted, {side.refused:,} refused"


def _final(found: Comparison) -> "RenderableType":
    """What the paired test says of the two students, or why there is none."""
    paired, (in_a, in_b) = found.final, found.items
    if paired is None:
        why = "they have no item in common" if in_a and in_b else "not both runs have taken it"
        return plain_line(f"The final examinations cannot be compared item by item: {why}.")
    low, high = paired.interval
    among = f"the {paired.n} items that both sat" + ("" if in_a == in_b == paired.n else f" (A {in_a}, B {in_b})")
    return plain_line(
        f"\nOn {among}, B - A is {100 * paired.difference:+.0f} points (95 % {100 * low:+.0f} to {100 * high:+.0f}): "
        f"only B was right on {paired.first_only}, only A on {paired.second_only}; {paired.test}, p = {paired.p:.2g}."
    )


def _stage(side: StageSide | None) -> str:
    if side is None:
        return "-"
    verdict = {True: "mastered", False: "not mastered", None: "not examined yet"}[side.mastered]
    rounds = f" in {side.rounds} round{'' if side.rounds == 1 else 's'}" if side.rounds else ""
    return "\n".join([side.title, *(f"  {module}" for module in side.modules), f"  {verdict}{rounds}"])


def _module(one: ModuleDifference) -> tuple[str, ...]:
    gain = ""
    if one.a and one.b and one.a.after and one.b.after:
        gain = f"{100 * (one.b.after.mean - one.a.after.mean):+.0f}"
    return (one.module, *_sides(one.a), *_sides(one.b), gain)


def _sides(side: ModuleSide | None) -> tuple[str, str]:
    if side is None:
        return "-", "not in its domain"
    verdict = {True: "mastered", False: "not mastered", None: "not examined" if side.stage else "not taught"}
    return verdict[side.mastered], f"{percent(side.before)} → {percent(side.after)}"


def plain_line(text: str) -> "RenderableType":
    """A line of text of which nothing is interpreted."""
    from rich.text import Text

    return Text(plain(text))
