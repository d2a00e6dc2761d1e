"""What the run cost: tokens and dollars by agent, time by node, and waiting for teachers."""

from collections.abc import Mapping, Sequence

from ioa.memory.plain_text import plain
from ioa.memory.transcript import AttemptEvent
from ioa.memory.transcript.spending import Spending, by_agent, waits
from ioa.results.activities import COLUMNS, activity_rows
from ioa.results.charts.chart_look import HATCH, Look, Options, Panel, axis, base, js, legend, names_axis, room
from ioa.results.facts import Facts
from ioa.results.summary import activities_of
from ioa.results.words import NONE, duration, money

_WASTED = "could not be used"
Parts = Mapping[str, Sequence[float]]
"""Values of each row by the name of the part; the parts of a row stand end to end."""


def cost_charts(facts: Facts, look: Look) -> list[Panel]:
    """Tokens paid for, by agent, and dollars where anything cost any."""
    spent = by_agent(facts.events)
    if not spent:
        return []
    seconds = waits(facts.events)
    names = [one.name for one in spent]
    tips = [_tip(one, seconds.get(one.name, 0.0)) for one in spent]
    tokens = {"input": [one.tokens.input for one in spent], "output": [one.tokens.output for one in spent]}
    unit = "tokens paid for" + (", partly estimated" if any(one.tokens.estimated for one in spent) else "")
    panels = [_bars(look, "Tokens paid for, by agent.", names, tips, tokens, unit)]
    if any(one.usd for one in spent):
        costs = _used(names, facts.events, [event.cost or 0.0 if event.paid else 0.0 for event in facts.events])
        panels.append(_bars(look, "Cost by the price list, by agent.", names, tips, costs, "cost (US dollars)"))
    return panels


def time_charts(facts: Facts, look: Look) -> list[Panel]:
    """Where the run's time went, by activity and by node of its graph, and how long each agent waited for teachers."""
    panels = _activity_panels(facts, look)
    phases = {name: seconds for name, seconds in facts.timing.phases.items() if seconds >= 0.05} if facts.timing else {}
    if phases:
        scale, unit = _time_unit(sum(phases.values()))
        tips = [f"{plain(name)}: {duration(seconds)}" for name, seconds in phases.items()]
        bars = {"time": [round(seconds / scale, 3) for seconds in phases.values()]}
        panels.append(_bars(look, "Time spent in each node.", list(phases), tips, bars, f"time in each node ({unit})"))
    waited = waits(facts.events)
    if any(seconds >= 0.05 for seconds in waited.values()):
        scale, unit = _time_unit(sum(waited.values()))
        tips = [
            f"{plain(name)}: {duration(seconds)}; calls side by side count each" for name, seconds in waited.items()
        ]
        bars = _used(list(waited), facts.events, [event.seconds / scale for event in facts.events])
        label, title = "Time that each agent waited for its teacher.", f"waiting for teachers, by agent ({unit})"
        panels.append(_bars(look, label, list(waited), tips, bars, title))
    return panels


def _activity_panels(facts: Facts, look: Look) -> list[Panel]:
    found = {name: one for name, one in activities_of(facts).items() if one.seconds >= 0.05}
    if not found:
        return []
    scale, unit = _time_unit(sum(one.seconds for one in found.values()))
    tips = [_activity_tip(row) for row in activity_rows(found)]
    bars = {"time": [round(one.seconds / scale, 3) for one in found.values()]}
    return [_bars(look, "Where the time went.", list(found), tips, bars, f"time by activity ({unit})")]


def _activity_tip(row: Sequence[str]) -> str:
    told = [f"{name.lower()} {cell}" for name, cell in zip(COLUMNS, row, strict=True) if cell != NONE]
    return f"{row[0]}: {', '.join(told[1:])}"


def _time_unit(total: float) -> tuple[float, str]:
    """(seconds in it, its name) of the unit in which so many seconds are easiest to read."""
    if total < 180:
        return 1.0, "seconds"
    return (60.0, "minutes") if total < 3 * 3600 else (3600.0, "hours")


def _used(agents: Sequence[str], events: Sequence[AttemptEvent], values: Sequence[float]) -> dict[str, list[float]]:
    """The values added up by agent: of attempts that could be used, and of those that could not."""
    sums = {(agent, rejected): 0.0 for agent in agents for rejected in (False, True)}
    for event, value in zip(events, values, strict=True):
        sums[event.context.agent, event.rejected] += value
    parts = {"used": False, _WASTED: True}
    return {name: [round(sums[agent, rejected], 6) for agent in agents] for name, rejected in parts.items()}


def _tip(one: Spending, seconds: float) -> str:
    about = "about " if one.tokens.estimated else ""
    return (
        f"{plain(one.name)}: {one.calls:,} calls, {one.ledger:,} from the ledger, {one.failed:,} unusable\n"
        f"{about}{one.tokens.input:,} tokens in, {about}{one.tokens.output:,} out\n"
        f"{money(one.usd)}, {duration(seconds)} of waiting"
    )


def _bars(look: Look, label: str, names: Sequence[str], tips: Sequence[str], parts: Parts, unit: str) -> Panel:
    """A bar a name, its parts end to end, their sum written behind it."""
    shown = {name: values for name, values in parts.items() if any(values)} or dict(list(parts.items())[:1])
    sums = [_number(sum(values)) for values in zip(*shown.values(), strict=True)]
    drawn: list[Options] = [
        {
            "type": "bar",
            "name": name,
            "stack": "all",
            "barMaxWidth": 22,
            "itemStyle": {"color": look.series[place]} | ({"decal": HATCH} if name == _WASTED else {}),
            "data": [
                {"value": value, "tip": tip, "text": total}
                for value, tip, total in zip(values, tips, sums, strict=True)
            ],
        }
        for place, (name, values) in enumerate(shown.items())
    ]
    drawn[-1]["label"] = {"show": True, "position": "right", "color": look.ink, ":formatter": js("text")}
    several = len(shown) > 1
    options = base(
        look,
        label,
        grid={"left": room(names), "right": 56, "top": 30 if several else 8, "bottom": 42},
        xAxis=axis(look, "value", unit, nameGap=26),
        yAxis=names_axis(look, names),
        series=drawn,
        **({"legend": legend(look, list(shown))} if several else {}),
    )
    return Panel(options, 80 + 30 * len(names))


def _number(value: float) -> str:
    """Two figures after the point below ten, none above a hundred or where there is nothing behind it."""
    if value == 0 or value == round(value):
        return f"{value:,.0f}"
    if value < 0.01:
        return f"{value:.1g}"
    return f"{value:.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
