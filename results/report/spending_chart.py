"""The chart of what each agent cost and how long it waited for the teacher."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ioa.memory.transcript import AttemptEvent
from ioa.memory.transcript.spending import by_agent
from ioa.results.facts import Facts
from ioa.results.report.style import BLUE, INK, ORANGE, VERMILION, WIDTH, bare, chart_style, new_figure, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Part = tuple[str, str, str, Sequence[float]]
"""(label, colour, hatch, value of each agent)."""


def spending_chart(facts: Facts) -> str | None:
    """Cost and time by agent, side by side: US dollars where the price list knows them, otherwise tokens."""
    events = facts.events
    if not events:
        return None
    agents = list(dict.fromkeys(event.context.agent for event in events))
    with chart_style("spending"):
        figure = new_figure(WIDTH, 1.35 + 0.36 * len(agents))
        left, right = figure.subplots(1, 2, sharey=True)
        _money(left, events, agents) if _priced(events) else _tokens(left, events, agents)
        scale, unit = _time_unit(events)
        _bars(right, agents, _used(agents, events, [event.seconds / scale for event in events]))
        right.set_xlabel(f"time waiting for the teacher ({unit})")
        return to_svg(figure, "spending")


def _time_unit(events: Sequence[AttemptEvent]) -> tuple[float, str]:
    """(seconds in it, its name) of the unit in which their sum is easiest to read."""
    total = sum(event.seconds for event in events)
    if total < 180:
        return 1.0, "s"
    return (60.0, "min") if total < 3 * 3600 else (3600.0, "h")


def _priced(events: Sequence[AttemptEvent]) -> bool:
    return all(one.usd is not None for one in by_agent(events)) and any(event.cost for event in events)


def _money(axes: "Axes", events: Sequence[AttemptEvent], agents: Sequence[str]) -> None:
    _bars(axes, agents, _used(agents, events, [event.cost or 0.0 if event.paid else 0.0 for event in events]))
    axes.set_xlabel("cost by the price list (US dollars)")


def _tokens(axes: "Axes", events: Sequence[AttemptEvent], agents: Sequence[str]) -> None:
    spent = {one.name: one.tokens for one in by_agent(events)}
    parts: list[Part] = [
        ("tokens in", BLUE, "", [spent[agent].input / 1000 for agent in agents]),
        ("tokens out", ORANGE, "....", [spent[agent].output / 1000 for agent in agents]),
    ]
    _bars(axes, agents, parts)
    axes.set_xlabel("tokens paid for (thousands)")


def _used(agents: Sequence[str], events: Sequence[AttemptEvent], values: Sequence[float]) -> list[Part]:
    """The values added up by agent: of attempts that could be used, and of those that could not."""
    sums = {(agent, rejected): 0.0 for agent in agents for rejected in (False, True)}
    for event, value in zip(events, values, strict=True):
        sums[event.context.agent, event.rejected] += value
    return [
        ("used", BLUE, "", [sums[agent, False] for agent in agents]),
        ("could not be used", VERMILION, "////", [sums[agent, True] for agent in agents]),
    ]


def _bars(axes: "Axes", agents: Sequence[str], parts: Sequence[Part]) -> None:
    """One bar an agent, its parts end to end, their sum written behind it."""
    ends = [0.0] * len(agents)
    for label, colour, hatch, values in parts:
        if any(values):
            axes.barh(
                range(len(agents)),
                values,
                left=ends,
                height=0.62,
                color=colour,
                hatch=hatch,
                ec="white",
                lw=0.6,
                label=label,
            )
            ends = [end + value for end, value in zip(ends, values, strict=True)]
    for row, end in enumerate(ends):
        axes.annotate(
            _number(end), (end, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8, color=INK
        )
    axes.set(ylim=(len(agents) - 0.4, -0.6), xlim=(0, 1.18 * (max(ends) or 1.0)), yticks=range(len(agents)))
    axes.set_yticklabels(agents)
    axes.grid(axis="x")
    bare(axes)
    if len(axes.get_legend_handles_labels()[0]) > 1:
        axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=2, borderaxespad=0.2, handletextpad=0.5)


def _number(value: float) -> str:
    """Two figures after the point below ten, none above a hundred."""
    if value == 0:
        return "0"
    if value < 0.01:
        return f"{value:.1g}"
    return f"{value:.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"
