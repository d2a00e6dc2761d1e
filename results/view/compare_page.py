"""Two runs side by side."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import ui

from ioa.memory.errors import UserError
from ioa.results.charts import DARK, LIGHT
from ioa.results.charts.comparison_charts import comparison_charts
from ioa.results.comparison import Comparison, ModuleSide, RunSide, StageSide, compare_facts
from ioa.results.view.elements import address, problem, say
from ioa.results.view.frame import WATCHED, is_dark, watch
from ioa.results.view.panels import Drawn
from ioa.results.view.run_data import RunData, Runs
from ioa.results.words import duration, money, percent, score_words


async def build(runs: Runs, params: Mapping[str, str]) -> None:
    """Make the page of the runs `a` and `b`."""
    try:
        pair = [runs.get(params.get(name, "")) for name in ("a", "b")]
        for data in pair:
            await data.refresh()
            if not data.readable:
                raise UserError(data.problem)
    except UserError as error:
        ui.status_code(404)
        problem(str(error))
        return
    page = ComparePage(pair[0], pair[1])
    await page.refresh()
    for data in pair:
        watch(data, page.refresh)
        ui.timer(WATCHED, data.refresh)


class ComparePage:
    """The page, as one browser has it."""

    def __init__(self, a: RunData, b: RunData) -> None:
        self._pair = (a, b)
        self._look = DARK if is_dark() else LIGHT
        self._shown: Comparison | None = None
        self._whole, self._settings = _section("Both runs"), _section("Settings that differ")
        with ui.element("section") as self._chart_place:
            say("Mastery by module", "h2")
            say("Scores with Wilson's 95 % intervals: the final examination, or the diagnosis before it.", "muted")
            self._chart = Drawn()
        self._modules, self._stages = _section("Modules"), _section("Curriculum")

    async def refresh(self) -> None:
        """Show what is new."""
        compared = await asyncio.to_thread(self._compare)
        if compared == self._shown:
            return
        self._shown = compared
        panels = comparison_charts(compared, self._look)
        self._chart_place.set_visibility(bool(panels))
        self._chart.show(panels)
        _fill(self._whole, ("", "A", "B"), whole(compared), [_links(compared)])
        _fill(self._settings, ("key", "A", "B"), settings(compared), _none(compared.config, "No setting differs."))
        _fill(self._modules, ("module", "A", "B"), modules(compared))
        _fill(self._stages, ("stage", "A", "B"), stages(compared), _none(compared.curriculum, "No curriculum yet."))

    def _compare(self) -> Comparison:
        a, b = self._pair
        return compare_facts(a.facts, b.facts)


def _section(title: str) -> ui.element:
    with ui.element("section"):
        say(title, "h2")
        return ui.element("div").classes("scroll")


def _fill(
    place: ui.element, head: Sequence[str], rows: Sequence[Sequence[str]], more: Sequence[Callable[[], object]] = ()
) -> None:
    place.clear()
    with place:
        for make in more:
            make()
        if not rows:
            return
        with ui.element("table").classes("compared"):
            _row("th", head)
            for row in rows:
                same = len(set(row[1:])) == 1
                _row("td", row, "" if same else "differs")


def _row(kind: str, cells: Sequence[str], classes: str = "") -> None:
    with ui.element("tr").classes(classes):
        for cell in cells:
            with ui.element(kind):
                say(cell, "block-text")


def _none(what: Sequence[object], told: str) -> list[Callable[[], object]]:
    return [] if what else [lambda: say(told, "muted")]


def _links(compared: Comparison) -> Callable[[], object]:
    def make() -> None:
        with ui.element("div").classes("links"):
            for name, side in (("A", compared.a), ("B", compared.b)):
                ui.link(f"{name}: {side.run_id}", address(side.run_id))
            verdict = final(compared)
        say(verdict)

    return make


def final(compared: Comparison) -> str:
    """What the final examinations say about the two students."""
    paired = compared.final
    if paired is None:
        return "The final examinations have no item in common."
    low, high = paired.interval
    return (
        f"On {paired.n} final items that both sat, B is {100 * paired.difference:+.1f} points from A "
        f"(95 % interval {100 * low:+.1f} to {100 * high:+.1f}; {paired.test}: p = {paired.p:.3g}); "
        f"B alone right on {paired.first_only}, A alone on {paired.second_only}."
    )


def whole(compared: Comparison) -> list[tuple[str, str, str]]:
    """Both runs in numbers."""
    rows: dict[str, Callable[[RunSide], str]] = {
        "run": lambda side: side.run_id,
        "status": lambda side: side.status,
        "final examination, before": lambda side: score_words(side.before),
        "final examination, after": lambda side: score_words(side.after),
        "final examination, teacher": lambda side: score_words(side.teacher),
        "modules mastered": lambda side: f"{side.mastered} of {side.targets}",
        "lessons": lambda side: f"{side.accepted:,} accepted, {side.refused:,} refused",
        "calls": lambda side: f"{side.calls:,}",
        "tokens": lambda side: f"{side.tokens:,}",
        "cost": lambda side: money(side.usd),
        "time": lambda side: duration(side.wall_seconds),
    }
    return [(name, told(compared.a), told(compared.b)) for name, told in rows.items()]


def settings(compared: Comparison) -> list[tuple[str, str, str]]:
    """The keys in which the run files differ."""
    return [(one.key, _value(one.a), _value(one.b)) for one in compared.config]


def _value(value: Any) -> str:
    return "not set" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def modules(compared: Comparison) -> list[tuple[str, str, str]]:
    """Each module in both runs."""
    return [(one.module, _module(one.a), _module(one.b)) for one in compared.modules]


def _module(side: ModuleSide | None) -> str:
    if side is None:
        return "not in its domain"
    stage = "not taught" if side.stage is None else f"stage {side.stage}"
    verdict = {True: "mastered", False: "not mastered", None: ""}[side.mastered]
    before, after = (percent(score.mean) if score else "" for score in (side.before, side.after))
    scores = f"{before} → {after}" if after else before
    return ", ".join(part for part in (stage, verdict, scores) if part)


def stages(compared: Comparison) -> list[tuple[str, str, str]]:
    """Both curricula."""
    return [(str(one.number), _stage(one.a), _stage(one.b)) for one in compared.curriculum]


def _stage(side: StageSide | None) -> str:
    if side is None:
        return "–"
    verdict = {True: "passed", False: "not passed", None: "not examined yet"}[side.mastered]
    return f"{side.title}\n{', '.join(side.modules)}\n{side.rounds} rounds, {verdict}"
