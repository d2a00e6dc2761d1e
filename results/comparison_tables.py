"""Two runs side by side as tables of text, for the terminal and the browser."""

from collections.abc import Callable
from dataclasses import dataclass

from ioa.results.comparison import Comparison, ModuleDifference, ModuleSide, RunSide, StageSide
from ioa.results.words import NONE, count, duration, money, percent_noted, score_cell, setting

_WHOLE: dict[str, Callable[[RunSide], str]] = {
    "status": lambda side: side.status,
    "targets, before": lambda side: score_cell(side.final.before),
    "targets, after": lambda side: score_cell(side.final.after),
    "targets, teacher": lambda side: score_cell(side.final.teacher),
    "untouched, before": lambda side: score_cell(side.final.untouched.before),
    "untouched, after": lambda side: score_cell(side.final.untouched.after),
    "all, before": lambda side: score_cell(side.final.all.before),
    "all, after": lambda side: score_cell(side.final.all.after),
    "all, teacher": lambda side: score_cell(side.final.all.teacher),
    "mastered": lambda side: f"{side.mastered} of {side.targets}" if side.targets else NONE,
    "lessons": lambda side: f"{side.accepted:,} accepted, {side.refused:,} refused",
    "calls": lambda side: count(side.calls),
    "tokens": lambda side: count(side.tokens),
    "cost": lambda side: money(side.usd),
    "time": lambda side: duration(side.wall_seconds),
}


@dataclass(frozen=True)
class Compared:
    """One table: what is compared, how it is in run A, and in run B."""

    title: str
    """Empty of the first, which is about the runs as a whole."""
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    otherwise: str = ""
    """What is said where there is no row; empty: then nothing is said of it."""


def comparison_tables(found: Comparison) -> list[Compared]:
    """The runs as a whole, the settings that differ, both curricula, and the modules."""
    modules = "Modules: mastered at the gate, and right answers before → after"
    return [
        Compared(
            "",
            ("", f"A: {found.a.run_id}", f"B: {found.b.run_id}"),
            tuple((name, told(found.a), told(found.b)) for name, told in _WHOLE.items()),
        ),
        Compared(
            "Settings that differ",
            ("Key", "A", "B"),
            tuple((one.key, setting(one.a), setting(one.b)) for one in found.config),
            "none",
        ),
        Compared(
            "Curriculum",
            ("Stage", "A", "B"),
            tuple((str(one.number), _stage(one.a), _stage(one.b)) for one in found.curriculum),
        ),
        Compared(modules, ("Module", "A", "B", "After, B - A"), tuple(map(_module, found.modules))),
    ]


def final_words(found: Comparison) -> str:
    """What the paired test says of the two students, or why there is none."""
    paired, (in_a, in_b) = found.final, found.items
    if paired is None:
        why = "they have no item in common" if in_a and in_b else "not both runs have taken it"
        return f"The final examinations cannot be compared item by item: {why}."
    low, high = paired.interval
    among = f"the {paired.n} items that both sat" + ("" if in_a == in_b == paired.n else f" (A {in_a}, B {in_b})")
    return (
        f"On {among}, B - A is {100 * paired.difference:+.0f} points (95 % {100 * low:+.0f} to {100 * high:+.0f}): "
        f"only B was right on {paired.first_only}, only A on {paired.second_only}; {paired.test}, p = {paired.p:.2g}."
    )


def _stage(side: StageSide | None) -> str:
    if side is None:
        return NONE
    verdict = {True: "mastered", False: "not mastered", None: "not examined yet"}[side.mastered]
    rounds = f" in {side.rounds} round{'' if side.rounds == 1 else 's'}" if side.rounds else ""
    return "\n".join([side.title, *(f"  {module}" for module in side.modules), f"  {verdict}{rounds}"])


def _module(one: ModuleDifference) -> tuple[str, ...]:
    gain = ""
    if one.a and one.b and one.a.after and one.b.after:
        gain = f"{100 * (one.b.after.mean - one.a.after.mean):+.0f}"
    return (one.module, _side(one.a), _side(one.b), gain)


def _side(side: ModuleSide | None) -> str:
    if side is None:
        return "not in its domain"
    verdict = {True: "mastered", False: "not mastered", None: "not examined" if side.stage else "not taught"}
    after = f" → {percent_noted(side.after)}" if side.after else ""
    return f"{verdict[side.mastered]}, {percent_noted(side.before)}{after}"
