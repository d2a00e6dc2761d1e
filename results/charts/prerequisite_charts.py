"""The prerequisite graph: foundations on the left, what builds on them to the right; a module can be clicked."""

import re
from collections.abc import Sequence

from ioa.memory.plain_text import plain
from ioa.results.charts.chart_look import Look, Options, Panel, base, js
from ioa.results.facts import Facts
from ioa.results.layered_layout import Arc, Layout, bezier, lay_out, sampled

_STEP, _WIDE, _HIGH = 176, 138, 40
"""Pixels from layer to layer, and a box's width and height."""
_GAP, _EDGE = 14, 14
"""Least distance between boxes, and the margin around all."""
_POINTS = 10
"""Points in which each piece of a curve is drawn."""


def prerequisite_charts(facts: Facts, look: Look, selected: str | None = None) -> list[Panel]:
    """Modules and their edges; targets framed in their stage's colour, broken edges dashed.

    An edge that follows from others is left out. `selected` is the module whose story is told.
    """
    from networkx import DiGraph, transitive_reduction

    if not facts.diagnosis or not facts.module_ids:
        return []
    nodes = facts.module_ids
    edges = {(e.source, e.target): e.strength for e in facts.diagnosis.edges}
    needed = transitive_reduction(DiGraph(arc for arc in edges if set(arc) <= set(nodes))).edges
    broken = [(b.edge.source, b.edge.target) for b in facts.diagnosis.broken]
    broken = [arc for arc in broken if set(arc) <= set(nodes)]
    # A broken edge runs against the order; its reverse does not, and finds it a way between the boxes.
    arcs = [*needed, *((head, tail) for tail, head in broken)]
    layout = lay_out(nodes, arcs, dict.fromkeys(nodes, float(_HIGH)), _GAP)
    heights = [*layout.across.values(), *(y for route in layout.routes.values() for _, y in route)]
    top, bottom = min(heights) - _HIGH / 2 - _EDGE, max(heights) + _HIGH / 2 + _EDGE
    left, right = -_WIDE / 2 - _EDGE, _STEP * max(layout.layer.values()) + _WIDE / 2 + _EDGE
    hidden = {"show": False, "type": "value"}
    lines = [_edge(layout, arc, f"strength {edges[arc]:.2f}", look.muted, 0.8 + 1.6 * edges[arc]) for arc in needed]
    lines += [
        _edge(layout, (head, tail), "left out: it closed a circle", look.student, 1.6, against=True)
        for tail, head in broken
    ]
    options = base(
        look,
        "Prerequisite graph of the modules, foundations on the left.",
        grid={"left": 0, "right": 0, "top": 0, "bottom": 0},
        xAxis=hidden | {"min": left, "max": right},
        yAxis=hidden | {"min": top, "max": bottom, "inverse": True},
        series=[
            {
                "type": "lines",
                "coordinateSystem": "cartesian2d",
                "polyline": True,
                "data": [line for line in lines if line],
                "z": 1,
            },
            _frames(nodes, layout, facts, look, selected),
            {
                "type": "scatter",
                "symbol": "rect",
                "symbolSize": [_WIDE, _HIGH],
                "itemStyle": {"color": "transparent"},
                "cursor": "pointer",
                "data": [_box(name, layout, facts, look, chosen=name == selected) for name in nodes],
                "z": 3,
            },
            {
                "type": "scatter",
                "symbol": "circle",
                "symbolSize": 17,
                "silent": True,
                "data": [
                    _badge(name, layout, stage, look) for name, stage in facts.stage_of.items() if name in layout.layer
                ],
                "z": 4,
            },
            {
                "type": "scatter",
                "symbol": "triangle",
                "symbolSize": [7, 8],
                "silent": True,
                "data": [_head(line) for line in lines if line],
                "z": 2,
            },
        ],
    )
    return [Panel(options, round(bottom - top), width=round(right - left))]


def _edge(layout: Layout, arc: Arc, tip: str, colour: str, width: float, *, against: bool = False) -> Options | None:
    """An edge along its route; `against` the order it is dashed and drawn from the route's end to its start."""
    route = layout.routes.get(arc)
    if route is None:
        return None
    shift = 9.0 if against else 0.0  # beside the edge that runs the other way between the same boxes
    points = [(float(_STEP * layer), y + shift) for layer, y in route]
    points[0] = (points[0][0] + _WIDE / 2, points[0][1])
    points[-1] = (points[-1][0] - _WIDE / 2 - 1, points[-1][1])
    path = bezier(points[::-1] if against else points, _WIDE / 2)
    ends = (arc[1], arc[0]) if against else arc
    return {
        "coords": [[round(x, 1), round(y, 1)] for x, y in sampled(path, _POINTS)],
        "lineStyle": {"color": colour, "width": width, "type": "dashed" if against else "solid", "opacity": 0.9},
        "tip": f"{plain(ends[0])} → {plain(ends[1])}\n{tip}",
    }


def _head(line: Options) -> Options:
    """The arrow at a line's end, which arrives level; ECharts draws none on lines of several points."""
    (x0, _), (x, y) = line["coords"][-2:]
    right = x > x0
    return {
        "value": [x - 4 if right else x + 4, y],
        "symbolRotate": -90 if right else 90,
        "itemStyle": {"color": line["lineStyle"]["color"]},
    }


def _frames(nodes: Sequence[str], layout: Layout, facts: Facts, look: Look, selected: str | None) -> Options:
    """The boxes without their names."""
    targets = facts.diagnosis.targets if facts.diagnosis else ()
    styles = []
    for name in nodes:
        stage, targeted, chosen = facts.stage_of.get(name), name in targets, name == selected
        colour = stage_colour(stage, look) if stage else look.ink if targeted else look.rule
        styles.append([look.rule if chosen else look.back, colour, 3 if chosen or targeted else 1.2])
    return {
        "type": "custom",
        "silent": True,
        "tooltip": {"show": False},
        "data": [_centre(name, layout) for name in nodes],
        "z": 2,
        ":renderItem": js("frame", styles=styles, width=_WIDE, height=_HIGH),
    }


def _centre(name: str, layout: Layout) -> list[float]:
    return [_STEP * layout.layer[name], round(layout.across[name], 1)]


def _box(name: str, layout: Layout, facts: Facts, look: Look, *, chosen: bool) -> Options:
    """A module's name, and what is clicked."""
    stage = facts.stage_of.get(name)
    targeted = facts.diagnosis is not None and name in facts.diagnosis.targets
    category, _, title = name.rpartition("/")
    ink = look.ink if targeted or chosen else look.muted
    return {
        "value": _centre(name, layout),
        "name": name,
        "tip": plain(name) + (f"\nstage {stage}" if stage else "\nnot taught"),
        "label": {
            "show": True,
            ":formatter": js("text"),
            "rich": {
                "c": {"color": look.muted, "fontSize": 10, "lineHeight": 14},
                "t": {"color": ink, "fontSize": 12, "fontWeight": "bold" if targeted else "normal", "lineHeight": 15},
            },
        },
        "text": f"{{c|{_cut(category, 24)}}}\n{{t|{_cut(title, 20)}}}",
    }


def _cut(text: str, longest: int) -> str:
    """Text for a label, without the braces and bars that would style it."""
    text = re.sub(r"[{}|\s]", " ", plain(text))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _badge(name: str, layout: Layout, stage: int, look: Look) -> Options:
    place = [_STEP * layout.layer[name] + _WIDE / 2 - 4, round(layout.across[name] - _HIGH / 2 + 3, 1)]
    return {
        "value": place,
        "itemStyle": {"color": stage_colour(stage, look), "borderColor": look.back, "borderWidth": 1},
        "label": {"show": True, "formatter": str(stage), "color": look.back, "fontSize": 10, "fontWeight": "bold"},
    }


def stage_colour(number: int, look: Look) -> str:
    """The colour of a stage, the same in the graph and wherever it is named."""
    return look.series[(number - 1) % len(look.series)]
