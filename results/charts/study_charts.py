"""Charts of a study: what the arms came to, and what that took."""

from collections.abc import Callable, Sequence

from ioa.results.charts.chart_look import (
    DASHES,
    SYMBOLS,
    Look,
    Options,
    Panel,
    axis,
    base,
    legend,
    names_axis,
    room,
    whiskers,
)
from ioa.results.study_results import BudgetResults, RunScores, StudyResults

_HIGH = 320
"""Of a curve, in CSS pixels."""


def score_charts(found: StudyResults, look: Look) -> list[Panel]:
    """Right answers of the whole domain by arm, a panel a budget: each seed, their mean, and its interval."""
    return [_scores(found, own, look) for own in found.by_budget if own.scores]


def _scores(found: StudyResults, own: BudgetResults, look: Look) -> Panel:
    arms = [arm for arm in found.arms if arm in own.scores]
    seeds = [
        {
            "value": [100 * run.scores.all.mean, arms.index(run.arm)],
            "tip": f"{run.arm}, seed {run.seed}: {run.scores.all.k} of {run.scores.all.n}",
        }
        for run in found.chosen
        if run.budget == own.budget and run.scores is not None
    ]
    means = [
        {"value": [100 * own.scores[arm].mean, place], "tip": f"{arm}: {own.scores[arm].mean:.1%}, mean of the seeds"}
        for place, arm in enumerate(arms)
    ]
    known = [(place, own.scores[arm]) for place, arm in enumerate(arms)]
    bars = [(at, 100 * one.low, 100 * one.high) for at, one in known if one.low is not None and one.high is not None]
    drawn = [
        whiskers(bars, look.teacher, upright=False),
        _points("a seed", look.muted, "emptyCircle", 7, seeds),
        _points("mean, with its 95 % interval", look.teacher, "circle", 11, means),
    ]
    options = base(
        look,
        f"Right answers of the whole domain by arm, {own.budget}",
        grid={"left": room(arms), "right": 24, "top": 34, "bottom": 42},
        legend=legend(look, ["a seed", "mean, with its 95 % interval"]),
        xAxis=axis(look, "value", f"right answers of the whole domain (%), {own.budget}", min=0, nameGap=26),
        yAxis=names_axis(look, arms),
        series=drawn,
    )
    return Panel(options, 90 + 34 * len(arms))


def _points(name: str, colour: str, symbol: str, size: int, data: Sequence[Options]) -> Options:
    return {
        "type": "scatter",
        "name": name,
        "symbol": symbol,
        "symbolSize": size,
        "itemStyle": {"color": colour},
        "data": list(data),
        "clip": False,
        "z": 3,
    }


COSTS: dict[str, Callable[[RunScores], float]] = {
    "lessons": lambda run: run.lessons,
    "training tokens (thousands)": lambda run: run.training_tokens / 1000,
    "time (minutes)": lambda run: sum(run.seconds.values()) / 60,
}


def cost_charts(found: StudyResults, look: Look) -> list[Panel]:
    """Score against cost: a line an arm over the budgets, by lessons, by training tokens, and by time."""
    return [_curve(found, name, cost, look) for name, cost in COSTS.items()] if found.chosen else []


def _curve(found: StudyResults, name: str, cost: Callable[[RunScores], float], look: Look) -> Panel:
    arms = [arm for arm in found.arms if any(found.of(arm, budget) for budget in found.budgets)]
    series: list[Options] = []
    for place, arm in enumerate(arms):
        colour = look.series[place % len(look.series)]
        points: list[tuple[float, float, str]] = []
        for budget in found.budgets:
            own = found.of(arm, budget)
            if own:
                x = sum(map(cost, own)) / len(own)
                y = 100 * sum(run.all.mean for run in own) / len(own)
                points.append((x, y, f"{arm}, {budget}: {y:.1f} % for {x:,.0f} {name}"))
        series.append(
            {
                "type": "line",
                "name": arm,
                "color": colour,
                "symbol": SYMBOLS[place % len(SYMBOLS)],
                "symbolSize": 9,
                "lineStyle": {"color": colour, "width": 2, "type": DASHES[place % len(DASHES)]},
                "data": [{"value": [x, y], "tip": tip} for x, y, tip in sorted(points)],
            }
        )
    named = legend(look, arms)
    options = base(
        look,
        f"Right answers of the whole domain against {name}, a line an arm",
        grid={"left": 52, "right": 18, "top": 30 + 22 * -(-len(arms) // 3), "bottom": 46},
        legend=named,
        xAxis=axis(look, "value", name, min=0, nameGap=28),
        yAxis=axis(look, "value", "right (%)", min=0, nameGap=34),
        series=series,
    )
    return Panel(options, _HIGH)
