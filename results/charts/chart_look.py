"""What all charts share: colours in light and dark, text that is never taken for HTML, and drawn intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ioa.memory.plain_text import plain
from ioa.memory.records import Score
from ioa.results.report.style import BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, RULE, SERIES, SKY, VERMILION
from ioa.results.words import score_words

Options = dict[str, Any]
"""What ECharts is told. A key that begins with `:` holds JavaScript, so no key may come out of a run."""


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


LIGHT = Look(INK, MUTED, RULE, "#ffffff", ("#f6f9fc", "#5fade0"), VERMILION, BLUE, SERIES)
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


@dataclass(frozen=True)
class Panel:
    """One chart and the room that it needs."""

    options: Options
    height: int
    """In CSS pixels."""
    width: int | None = None
    """In CSS pixels; none: that of its place."""


def base(look: Look, **more: Any) -> Options:
    """Options that all charts have, and those of one."""
    return {
        "animation": False,
        "backgroundColor": "transparent",
        "textStyle": {"color": look.ink, "fontFamily": "system-ui, 'DejaVu Sans', sans-serif"},
        "aria": {"enabled": True},
        "tooltip": {
            "renderMode": "richText",  # text is drawn, not parsed
            "confine": True,
            "backgroundColor": look.back,
            "borderColor": look.rule,
            "textStyle": {"color": look.ink, "fontSize": 12},
            ":formatter": "p => (p.data && p.data.tip) || ''",
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
    look: Look, stage: int, names: Sequence[str], x: Options, y: Options, series: Sequence[Options]
) -> Panel:
    """A chart of one stage, with a line a name, and the names below each other above it."""
    named = legend(look, names) | {"top": 24, "orient": "vertical", "itemGap": 5}
    top = 40 + 20 * len(names)
    options = base(
        look,
        title={"text": f"Stage {stage}", "textStyle": {"color": look.ink, "fontSize": 13}},
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
    near, far = ("[v[0],v[1]]", "[v[0],v[2]]") if upright else ("[v[1],v[0]]", "[v[2],v[0]]")
    x, y = (shift, 0) if upright else (0, shift)
    return {
        "type": "custom",
        "silent": True,
        "tooltip": {"show": False},
        "encode": {"x": 0, "y": [1, 2]} if upright else {"x": [1, 2], "y": 0},
        "data": [list(point) for point in points],
        "z": 1,
        "clip": False,
        ":renderItem": (
            "(p, api) => { const v = [api.value(0), api.value(1), api.value(2)];"
            f" const a = api.coord({near}), b = api.coord({far});"
            f" return {{type: 'line', shape: {{x1: a[0] + {x}, y1: a[1] + {y}, x2: b[0] + {x}, y2: b[1] + {y}}},"
            f" style: {{stroke: '{colour}', lineWidth: 4, opacity: 0.4, lineCap: 'round'}}}}; }}"
        ),
    }


def rows_of_scores(
    look: Look, names: Sequence[str], series: Mapping[str, tuple[str, str, Sequence[Score | None]]], unit: str
) -> Panel:
    """Scores with their intervals, a row a name and a point a series.

    Args:
        look: Colours.
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
        grid={"left": room(names), "right": 24, "top": 34, "bottom": 42},
        legend=legend(look, list(series)),
        xAxis=axis(look, "value", unit, min=0, max=100, nameGap=26),
        yAxis=names_axis(look, names),
        series=drawn,
    )
    return Panel(options, 90 + 36 * len(names))
