"""The prerequisite graph: foundations on the left, what builds on them to the right."""

from typing import TYPE_CHECKING, Any

from ioa.results.facts import Facts
from ioa.results.layered_layout import Arc, Layout, bezier, lay_out
from ioa.results.report.style import INK, MUTED, RULE, SERIES, VERMILION, chart_style, new_figure, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STEP, _WIDE, _HIGH = 2.3, 1.75, 0.48
"""Inches from layer to layer, and a box's width and height."""
_LONGEST = 19
"""Characters of a name that fit into a box; longer ones are set smaller."""


def prerequisite_chart(facts: Facts) -> str | None:
    """Modules and their edges; targets framed in their stage's colour, broken edges dashed.

    An edge that follows from others is left out: with it a dozen modules are already a thicket.
    """
    from networkx import DiGraph, transitive_reduction

    if not facts.diagnosis or not facts.module_ids:
        return None
    nodes = facts.module_ids
    edges = {(e.source, e.target): e.strength for e in facts.diagnosis.edges}
    needed = transitive_reduction(DiGraph(arc for arc in edges if set(arc) <= set(nodes))).edges
    edges = {arc: strength for arc, strength in edges.items() if arc in needed}
    broken = [(b.edge.source, b.edge.target) for b in facts.diagnosis.broken]
    broken = [arc for arc in broken if set(arc) <= set(nodes)]
    # A broken edge runs against the order; its reverse does not, and finds it a way between the boxes.
    layout = lay_out(nodes, [*edges, *((head, tail) for tail, head in broken)], dict.fromkeys(nodes, _HIGH), 0.16)
    with chart_style("prerequisites"):
        ys = [*layout.across.values(), *(y for route in layout.routes.values() for _, y in route)]
        width = _STEP * max(layout.layer.values()) + _WIDE + 0.3
        height = max(ys) - min(ys) + _HIGH + 0.3
        figure = new_figure(width, height)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-_WIDE / 2 - 0.15, width - _WIDE / 2 - 0.15))
        axes.set(ylim=(max(ys) + _HIGH / 2 + 0.15, min(ys) - _HIGH / 2 - 0.15))
        axes.set_axis_off()
        for arc, strength in edges.items():
            _arrow(axes, layout, arc, MUTED, 0.5 + 1.3 * strength)
        for tail, head in broken:
            _arrow(axes, layout, (head, tail), VERMILION, 1.3, against=True)
        for name in nodes:
            _box(axes, name, layout, facts)
        return to_svg(figure, "prerequisites")


def stage_colour(number: int) -> str:
    """The colour of a stage, the same in the graph and in its legend."""
    return SERIES[(number - 1) % len(SERIES)]


def _arrow(axes: "Axes", layout: Layout, arc: Arc, colour: str, width: float, *, against: bool = False) -> None:
    """An edge along its route; `against` the order it is dashed and drawn from the route's end to its start."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    route = layout.routes.get(arc)
    if route is None:
        return
    shift = 0.11 if against else 0.0  # beside the edge that runs the other way between the same boxes
    points = [(_STEP * layer, y + shift) for layer, y in route]
    points[0] = (points[0][0] + _WIDE / 2 + 0.02, points[0][1])
    points[-1] = (points[-1][0] - _WIDE / 2 - 0.02, points[-1][1])
    path = bezier(points[::-1] if against else points, _WIDE / 2)
    axes.add_patch(
        FancyArrowPatch(
            path=Path(path, [Path.MOVETO, *[Path.CURVE4] * (len(path) - 1)]),
            arrowstyle="-|>,head_length=4,head_width=2",
            color=colour,
            lw=width,
            ls=(0, (4, 3)) if against else "solid",
            zorder=2 if against else 1,
        )
    )


def _box(axes: "Axes", name: str, layout: Layout, facts: Facts) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y = _STEP * layout.layer[name], layout.across[name]
    stage = facts.stage_of.get(name)
    targeted = facts.diagnosis is not None and name in facts.diagnosis.targets
    colour = stage_colour(stage) if stage else INK if targeted else RULE
    axes.add_patch(
        FancyBboxPatch(
            (x - _WIDE / 2, y - _HIGH / 2),
            _WIDE,
            _HIGH,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor="white",
            edgecolor=colour,
            lw=2.4 if targeted else 1,
            zorder=3,
        )
    )
    category, _, title = name.rpartition("/")
    small = 8.2 * min(1.0, _LONGEST / len(title))
    place: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 4}
    axes.text(x, y - 0.1, category, fontsize=6.8, color=MUTED, **place)
    weight = "bold" if targeted else "normal"
    axes.text(x, y + 0.07, title, fontsize=small, weight=weight, color=INK if targeted else MUTED, **place)
    if stage:
        axes.text(
            x + _WIDE / 2 - 0.05,
            y - _HIGH / 2 + 0.03,
            str(stage),
            fontsize=7,
            weight="bold",
            color="white",
            ha="center",
            va="center",
            zorder=6,
            bbox={"boxstyle": "circle,pad=0.25", "facecolor": colour, "edgecolor": "white", "lw": 1},
        )
