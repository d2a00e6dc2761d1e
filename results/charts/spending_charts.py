"""What the run cost: tokens and dollars by agent, time by node."""

from collections.abc import Sequence

from ioa.memory.plain_text import plain
from ioa.results.charts.chart_look import Look, Options, Panel, axis, base, legend, names_axis, room
from ioa.results.facts import Facts
from ioa.results.spending import Spending, by_agent, waits
from ioa.results.words import money


def cost_charts(facts: Facts, look: Look) -> list[Panel]:
    """Tokens paid for, by agent, and dollars where anything cost any."""
    spent = by_agent(facts.events)
    if not spent:
        return []
    seconds = waits(facts.events)
    tips = [_tip(one, seconds.get(one.name, 0.0)) for one in spent]
    names = [one.name for one in spent]
    panels = [
        _bars(
            look,
            names,
            tips,
            {"input": [one.tokens.input for one in spent], "output": [one.tokens.output for one in spent]},
            "tokens paid for" + (", partly estimated" if any(one.tokens.estimated for one in spent) else ""),
        )
    ]
    if any(one.usd for one in spent):
        panels.append(_bars(look, names, tips, {"cost": [one.usd or 0.0 for one in spent]}, "cost (US dollars)"))
    return panels


def time_charts(facts: Facts, look: Look) -> list[Panel]:
    """Seconds that the run spent in each node of its graph, and that each agent waited for teachers."""
    panels = []
    phases = {name: seconds for name, seconds in facts.timing.phases.items() if seconds >= 0.05} if facts.timing else {}
    if phases:
        tips = [f"{plain(name)}: {seconds:,.1f} s" for name, seconds in phases.items()]
        bars = {"time": [round(seconds / 60, 3) for seconds in phases.values()]}
        panels.append(_bars(look, list(phases), tips, bars, "time in each node (minutes)"))
    waited = waits(facts.events)
    if any(seconds >= 0.05 for seconds in waited.values()):
        tips = [f"{plain(name)}: {seconds:,.1f} s; calls side by side count each" for name, seconds in waited.items()]
        bars = {"wait": [round(seconds / 60, 3) for seconds in waited.values()]}
        panels.append(_bars(look, list(waited), tips, bars, "waiting for teachers, by agent (minutes)"))
    return panels


def _tip(one: Spending, seconds: float) -> str:
    about = "about " if one.tokens.estimated else ""
    return (
        f"{plain(one.name)}: {one.calls:,} calls, {one.ledger:,} from the ledger, {one.failed:,} unusable\n"
        f"{about}{one.tokens.input:,} tokens in, {about}{one.tokens.output:,} out\n"
        f"{money(one.usd)}, {seconds:,.1f} s of waiting"
    )


def _bars(look: Look, names: Sequence[str], tips: Sequence[str], series: dict[str, list[float]], unit: str) -> Panel:
    drawn: list[Options] = [
        {
            "type": "bar",
            "name": name,
            "stack": "all",
            "barMaxWidth": 22,
            "itemStyle": {"color": look.series[place]},
            "data": [{"value": value, "tip": tip} for value, tip in zip(values, tips, strict=True)],
        }
        for place, (name, values) in enumerate(series.items())
    ]
    several = len(series) > 1
    options = base(
        look,
        grid={"left": room(names), "right": 24, "top": 30 if several else 8, "bottom": 42},
        xAxis=axis(look, "value", unit, nameGap=26),
        yAxis=names_axis(look, names),
        series=drawn,
        **({"legend": legend(look, list(series))} if several else {}),
    )
    return Panel(options, 80 + 30 * len(names))
