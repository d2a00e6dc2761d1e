"""What all charts share: colours in light and dark, text that is never taken for HTML, and drawn intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ioa.memory.plain_text import plain
from ioa.memory.records import Score
from ioa.results.words import score_words

Options = dict[str, Any]
"""What ECharts is told. A key that begins with `:` names a function, see `js`, so no key may come out of a run."""

# Okabe and Ito (2008). Yellow is left out on white, where it cannot be seen.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, BLACK = "#CC79A7", "#56B4E9", "#000000"
INK, MUTED, RULE = "#1c2430", "#5a6472", "#d5dae1"


@dataclass(frozen=True)
class Look:
    """Colours of a chart."""

    ink: str
    muted: str
    rule: str
    back: str
    shades: tuple[str, str]
    """Of a heat map, from 0 to 100 %."""
    student: str
    teacher: str
    series: tuple[str, ...]
    """Okabe and Ito's, those that can be seen on this background."""


LIGHT = Look(
    INK,
    MUTED,
    RULE,
    "#ffffff",
    ("#f6f9fc", "#5fade0"),
    VERMILION,
    BLUE,
    (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK),
)
DARK = Look(
    "#e6eaf0",
    "#a4aebb",
    "#3b4450",
    "#14181d",
    ("#1d2229", "#1e6ca0"),
    "#f0904a",
    SKY,
    (SKY, VERMILION, GREEN, PURPLE, ORANGE, "#f0e442", "#ffffff"),
)
_NAME, _LETTER = 220, 7.4
"""Pixels of a name at most, and of a letter of it."""
SYMBOLS = ("circle", "rect", "diamond", "triangle", "roundRect", "pin", "arrow")
DASHES = ("solid", [8, 3], [2, 2], [8, 3, 2, 3], [14, 4])
"""For lines without symbols: they can be told apart without colours."""
HATCH = {"symbol": "rect", "dashArrayX": [1, 0], "dashArrayY": [2, 4], "rotation": -0.785, "color": "#ffffffb0"}
"""The same for bars."""


@dataclass(frozen=True)
class Panel:
    """One chart and the room that it needs."""

    options: Options
    height: int
    """In CSS pixels."""
    width: int | None = None
    """In CSS pixels; none: that of its place."""


def js(name: str, **of: Any) -> Options:
    """A function of `chart_functions.js`, made from these values."""
    return {"name": name, "of": of}


def base(look: Look, label: str, **more: Any) -> Options:
    """Options that all charts have, and those of one; `label` says what it shows to who cannot see it."""
    return {
        "animation": False,
        "backgroundColor": "transparent",
        "textStyle": {"color": look.ink, "fontFamily": "system-ui, 'DejaVu Sans', sans-serif"},
        "aria": {"enabled": True, "label": {"description": label}},
        "tooltip": {
            "renderMode": "richText",  # text is drawn, not parsed
            "confine": True,
            "backgroundColor": look.back,
            "borderColor": look.rule,
            "textStyle": {"color": look.ink, "fontSize": 12},
            ":formatter": js("tip"),
        },
        **more,
    }


def room(names: Sequence[str]) -> int:
    """Pixels to the left of a chart that has these names there."""
    return 16 + min(_NAME, round(_LETTER * max((len(name) for name in names), default=0)))


def legend(look: Look, names: Sequence[str]) -> Options:
    """Those series and no others, above the chart; long names are cut."""
    return {
        "data": list(names),
        "top": 0,
        "left": 0,
        "itemGap": 14,
        "textStyle": {"color": look.ink, "fontSize": 12, "width": 260, "overflow": "truncate"},
    }


def stage_panel(
    look: Look, label: str, stage: int, names: Sequence[str], x: Options, y: Options, series: Sequence[Options]
) -> Panel:
    """A chart of one stage, with a line a name, and the names below each other above it."""
    named = legend(look, names) | {"top": 26, "orient": "vertical", "itemGap": 5}
    top = 44 + 20 * len(names)
    options = base(
        look,
        f"{label}, stage {stage}",
        title={"text": f"Stage {stage}", "left": 0, "top": 0, "textStyle": {"color": look.ink, "fontSize": 13}},
        grid={"left": 56, "right": 14, "top": top, "bottom": 44},
        legend=named,
        xAxis=x,
        yAxis=y,
        series=list(series),
    )
    return Panel(options, top + 240)


def axis(look: Look, kind: str, name: str = "", **more: Any) -> Options:
    """An axis with its name, which has the unit in it, in the middle."""
    return {
        "type": kind,
        "name": name,
        "nameLocation": "middle",
        "nameTextStyle": {"color": look.muted, "fontSize": 12},
        "axisLine": {"show": False},
        "axisTick": {"show": False},
        "axisLabel": {"color": look.muted, "fontSize": 12},
        "splitLine": {"show": kind == "value", "lineStyle": {"color": look.rule, "opacity": 0.6}},
        **more,
    }


def names_axis(look: Look, names: Sequence[str], **more: Any) -> Options:
    """Names from top to bottom, cut where they are long."""
    label = {"color": look.ink, "fontSize": 12, "width": _NAME, "overflow": "truncate", "interval": 0}
    return axis(look, "category", data=[plain(name) for name in names], inverse=True, axisLabel=label, **more)


def whiskers(points: Sequence[tuple[float, float, float]], colour: str, shift: int = 0, *, upright: bool) -> Options:
    """Intervals as thick, pale lines behind the points that they belong to.

    Args:
        points: Place on the axis of the names or rounds, and the interval's ends on that of the scores.
        colour: Of the series.
        shift: Pixels to the side of the place, as `symbolOffset` has them.
        upright: Whether scores go up, and not to the right.
    """
    return {
        "type": "custom",
        "silent": True,
        "tooltip": {"show": False},
        "encode": {"x": 0, "y": [1, 2]} if upright else {"x": [1, 2], "y": 0},
        "data": [list(point) for point in points],
        "z": 1,
        "clip": False,
        ":renderItem": js("whisker", colour=colour, shift=shift, upright=upright),
    }


def rows_of_scores(
    look: Look,
    label: str,
    names: Sequence[str],
    series: Mapping[str, tuple[str, str, Sequence[Score | None]]],
    unit: str,
) -> Panel:
    """Scores with their intervals, a row a name and a point a series.

    Args:
        look: Colours.
        label: What is shown, in words.
        names: Of the rows, from top to bottom.
        series: By name: colour, symbol, and a score for each row; rows that were not examined stay empty.
        unit: Name of the axis of the scores.
    """
    drawn: list[Options] = []
    middle = (len(series) - 1) / 2
    for place, (name, (colour, symbol, scores)) in enumerate(series.items()):
        shift = round(11 * (place - middle))
        asked = [(row, score) for row, score in enumerate(scores) if score and score.n]
        bars = [(row, 100 * score.interval[0], 100 * score.interval[1]) for row, score in asked]
        drawn.append(whiskers(bars, colour, shift, upright=False))
        drawn.append(
            {
                "type": "scatter",
                "name": name,
                "symbol": symbol,
                "symbolSize": 10,
                "symbolOffset": [0, shift],
                "itemStyle": {"color": colour, "borderColor": look.back, "borderWidth": 1},
                "data": [
                    {"value": [100 * score.mean, row], "tip": f"{plain(names[row])}\n{name}: {score_words(score)}"}
                    for row, score in asked
                ],
                "clip": False,
                "z": 3,
            }
        )
    options = base(
        look,
        label,
        grid={"left": room(names), "right": 24, "top": 34, "bottom": 42},
        legend=legend(look, list(series)),
        xAxis=axis(look, "value", unit, min=0, max=100, nameGap=26),
        yAxis=names_axis(look, names),
        series=drawn,
    )
    return Panel(options, 90 + 36 * len(names))
