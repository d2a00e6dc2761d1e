"""The chart of the training loss."""

from collections.abc import Sequence

from ioa.memory.training_log import LossPoint
from ioa.results.charts.chart_look import DASHES, Look, Options, Panel, axis, stage_panel
from ioa.results.facts import Facts

_MOST = 2000
"""Points of a line; of longer ones every second, third ... is drawn."""


def loss_charts(facts: Facts, look: Look) -> list[Panel]:
    """Loss by optimiser step, a panel a stage, a line a round."""
    stages: dict[int, dict[int, Sequence[LossPoint]]] = {}
    for (stage, round_), log in facts.training.items():
        if log.steps:
            stages.setdefault(stage, {})[round_] = log.steps
    return [_panel(stage, rounds, look) for stage, rounds in sorted(stages.items())]


def _panel(stage: int, rounds: dict[int, Sequence[LossPoint]], look: Look) -> Panel:
    series: list[Options] = []
    for place, (round_, steps) in enumerate(sorted(rounds.items())):
        colour = look.series[place % len(look.series)]
        step = -(-len(steps) // _MOST)
        mean = smooth([point.loss for point in steps])
        series.append(_line(colour, 1, 0.35, [{"value": [p.step, p.loss]} for p in steps[::step]]))
        tips = [
            {"value": [p.step, m], "tip": f"round {round_}, step {p.step}\nloss {p.loss:.3f}, mean {m:.3f}"}
            for p, m in list(zip(steps, mean, strict=True))[::step]
        ]
        line = _line(colour, 2.2, 1.0, tips)
        line["lineStyle"]["type"] = DASHES[place % len(DASHES)]
        series.append(line | {"name": f"round {round_}"})
    x = axis(look, "value", "optimiser step", nameGap=26)
    y = axis(look, "value", "loss (nats per token)", min=0, nameGap=36)
    names = [f"round {round_}" for round_ in sorted(rounds)]
    return stage_panel(look, "Training loss by optimiser step, a line a round", stage, names, x, y, series)


def _line(colour: str, width: float, opacity: float, points: list[Options]) -> Options:
    return {
        "type": "line",
        "showSymbol": False,
        "symbolSize": 7,
        "color": colour,
        "lineStyle": {"color": colour, "width": width, "opacity": opacity},
        "data": points,
    }


def smooth(values: Sequence[float]) -> list[float]:
    """Mean over a window of a tenth of the run, shorter at its ends."""
    half = len(values) // 20
    sums = [0.0]
    for value in values:
        sums.append(sums[-1] + value)
    ends = [(max(0, at - half), min(len(values), at + half + 1)) for at in range(len(values))]
    return [(sums[high] - sums[low]) / (high - low) for low, high in ends]
