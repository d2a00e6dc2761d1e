"""Pictures of a compiled LangGraph graph, drawn without any outside program or service."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ioa.memory.errors import UserError
from ioa.memory.files import write_text
from ioa.results.layered_layout import Arc, Layout, bezier, lay_out

if TYPE_CHECKING:
    from langchain_core.runnables.graph import Edge, Graph
    from langgraph.graph.state import CompiledStateGraph
import math
from collections.abc import Iterator, Sequence
from html import escape
from io import BytesIO
from itertools import pairwise
from typing import Protocol

from ioa.results.layered_layout import Point, sampled

_FONT = "system-ui, 'DejaVu Sans', sans-serif"
_LINE, _RADIUS = 1.4, 9.0
_HEAD, _HALF = 9.0, 4.6
"""Length of an arrow's head, and half its width."""
_DASH, _SPACE = 5.0, 4.0


class Canvas(Protocol):
    """What shapes are drawn on, in pixels of the screen; y grows downwards.

    It is made from (left, top, width, height), empty and white.
    """

    def box(self, x: float, y: float, width: float, height: float, fill: str, edge: str) -> None:
        """A box with round corners, given by its upper left one."""

    def arrow(self, path: Sequence[Point], colour: str, *, dashed: bool) -> None:
        """A line along cubic Bezier segments, see `bezier`, with a head at its end."""

    def text(self, x: float, y: float, text: str, colour: str, size: float, *, centred: bool = True) -> None:
        """A line of text in the middle of (x, y), or beginning there."""

    def finish(self) -> bytes:
        """The content of the file."""


class SvgCanvas:
    """An SVG, whose text stays text."""

    def __init__(self, left: float, top: float, width: float, height: float) -> None:
        self._begin = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="{left:.1f} {top:.1f} {width:.1f} {height:.1f}" font-family="{_FONT}" stroke-width="{_LINE}">'
        )
        self._shapes = [f'<rect x="{left:.1f}" y="{top:.1f}" width="100%" height="100%" fill="#ffffff"/>']

    def box(self, x: float, y: float, width: float, height: float, fill: str, edge: str) -> None:
        """See `Canvas`."""
        radius = min(_RADIUS, height / 2)
        self._shapes.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:.1f}" '
            f'fill="{fill}" stroke="{edge}"/>'
        )

    def arrow(self, path: Sequence[Point], colour: str, *, dashed: bool) -> None:
        """See `Canvas`."""
        (x, y), *rest = path
        curves = " ".join(f"{a:.1f},{b:.1f}" for a, b in rest)
        dash = f' stroke-dasharray="{_DASH:g} {_SPACE:g}"' if dashed else ""
        self._shapes.append(f'<path d="M{x:.1f},{y:.1f} C{curves}" fill="none" stroke="{colour}"{dash}/>')
        corners = " ".join(f"{a:.1f},{b:.1f}" for a, b in _head(path))
        self._shapes.append(f'<polygon points="{corners}" fill="{colour}"/>')

    def text(self, x: float, y: float, text: str, colour: str, size: float, *, centred: bool = True) -> None:
        """See `Canvas`."""
        anchor = ' text-anchor="middle"' if centred else ""
        self._shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" dy="0.35em" font-size="{size:g}" fill="{colour}"{anchor}>'
            f"{escape(text)}</text>"
        )

    def finish(self) -> bytes:
        """See `Canvas`."""
        return "\n".join([self._begin, *self._shapes, "</svg>\n"]).encode()


class PngCanvas:
    """A PNG of twice the screen's resolution, in Pillow's own typeface."""

    _SCALE, _FINER = 2, 2
    """Pixels a pixel of the screen; and those it is drawn in, of which each pixel of the file is the mean."""

    def __init__(self, left: float, top: float, width: float, height: float) -> None:
        from PIL import Image, ImageDraw

        self._left, self._top, self._by = left, top, self._SCALE * self._FINER
        self._image = Image.new("RGB", (round(width * self._by), round(height * self._by)), "#ffffff")
        self._draw = ImageDraw.Draw(self._image)

    def box(self, x: float, y: float, width: float, height: float, fill: str, edge: str) -> None:
        """See `Canvas`."""
        corners = self._places([(x, y), (x + width, y + height)])
        radius, line = min(_RADIUS, height / 2) * self._by, round(_LINE * self._by)
        self._draw.rounded_rectangle(corners, radius, fill, edge, line)

    def arrow(self, path: Sequence[Point], colour: str, *, dashed: bool) -> None:
        """See `Canvas`."""
        points = sampled(path, 40)
        for line in _dashes(points) if dashed else [points]:
            self._draw.line(self._places(line), colour, round(_LINE * self._by), joint="curve")
        self._draw.polygon(self._places(_head(path)), colour)

    def text(self, x: float, y: float, text: str, colour: str, size: float, *, centred: bool = True) -> None:
        """See `Canvas`."""
        from PIL import ImageFont

        font = ImageFont.load_default(size * self._by)
        self._draw.text(self._places([(x, y)])[0], text, colour, font, anchor="mm" if centred else "lm")

    def finish(self) -> bytes:
        """See `Canvas`."""
        out = BytesIO()
        self._image.reduce(self._FINER).save(out, "PNG", optimize=True)
        return out.getvalue()

    def _places(self, points: Sequence[Point]) -> list[Point]:
        return [((x - self._left) * self._by, (y - self._top) * self._by) for x, y in points]


def _head(path: Sequence[Point]) -> list[Point]:
    """The corners of the arrow's head, in the direction in which the path ends."""
    x, y = path[-1]
    before = next(point for point in reversed(path) if math.dist(point, path[-1]) > 1e-6)
    length = math.dist(before, path[-1])
    dx, dy = (x - before[0]) / length, (y - before[1]) / length
    back = (x - _HEAD * dx, y - _HEAD * dy)
    return [(x, y), (back[0] - _HALF * dy, back[1] + _HALF * dx), (back[0] + _HALF * dy, back[1] - _HALF * dx)]


def _dashes(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Short pieces of a line, with spaces between them."""
    ends, drawing, left, piece = list(points), True, _DASH, [points[0]]
    for start, end in pairwise(ends):
        here, rest = start, math.dist(start, end)
        while rest >= left:
            share = left / rest
            here = (here[0] + share * (end[0] - here[0]), here[1] + share * (end[1] - here[1]))
            rest -= left
            if drawing:
                yield [*piece, here]
            drawing, left, piece = not drawing, _SPACE if drawing else _DASH, [here]
        left -= rest
        piece.append(end)
    if drawing:
        yield piece


_SUFFIXES = (".png", ".svg", ".mmd", ".md")
_STEP, _HIGH, _GAP, _PAD, _MARGIN = 83, 40, 38, 38, 38
"""Pixels: from layer to layer, height of a box, between neighbours, around a subgraph, around the picture."""
_LANE = 23
"""Pixels between two edges that lead back on the same side."""
_INK, _MUTED, _BACK, _EDGE, _FILL, _GROUND = "#1c2430", "#5a6472", "#D55E00", "#0072B2", "#eef4fa", "#f7f8fa"


def mermaid(graph: "CompiledStateGraph[Any, Any, Any, Any]") -> str:
    """The graph as Mermaid text, subgraphs opened."""
    return str(graph.get_graph(xray=True).draw_mermaid())


def draw(graph: "CompiledStateGraph[Any, Any, Any, Any]", path: Path) -> None:
    """Write a picture (.png, .svg) or the Mermaid text (.mmd, .md) of a graph.

    Flow goes from top to bottom; edges that lead back run along the sides, conditional edges are dashed.

    Raises:
        UserError: the file's suffix is none of these.
    """
    suffix = path.suffix.lower()
    if suffix not in _SUFFIXES:
        raise UserError(
            f"Cannot draw the graph to {path}: the suffix {suffix!r} is not one of {', '.join(_SUFFIXES)}. "
            "Choose one of these."
        )
    if suffix in (".png", ".svg"):
        canvas: type[PngCanvas | SvgCanvas] = PngCanvas if suffix == ".png" else SvgCanvas
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_picture(graph.get_graph(xray=True), canvas))
    else:
        text = mermaid(graph)
        write_text(path, text if suffix == ".mmd" else f"```mermaid\n{text.strip()}\n```\n")


def _picture(graph: "Graph", new: Callable[[float, float, float, float], Canvas]) -> bytes:
    nodes = list(graph.nodes)
    widths = {name: _width(name, nodes) for name in nodes}
    layout = lay_out(nodes, [(edge.source, edge.target) for edge in graph.edges], widths, _GAP)
    lanes = {arc: _lane(layout, arc, widths) for arc in layout.back}
    left, right = _extent(layout, widths, lanes)
    canvas = new(left, -_MARGIN, right - left, _STEP * max(layout.layer.values()) + 2 * _MARGIN)
    _frames(canvas, layout, widths)
    for edge in graph.edges:
        _edge(canvas, edge, layout, lanes)
    for name in nodes:
        _node(canvas, name, layout)
    return canvas.finish()


def _cluster(name: str) -> str:
    """The subgraph that a node belongs to: what LangGraph writes before the last colon; empty at the top."""
    return name.rpartition(":")[0]


def _title(name: str) -> str:
    return name.rpartition(":")[2].strip("_").replace("_", " ")


def _is_port(name: str) -> bool:
    """Entry or exit of a subgraph, drawn as a dot."""
    return bool(_cluster(name)) and name.endswith(("__start__", "__end__"))


def _half(name: str) -> tuple[float, float]:
    """Half the width and half the height of what is drawn for a node."""
    return (5.0, 5.0) if _is_port(name) else (max(86.0, 9.0 * len(_title(name)) + 34) / 2, _HIGH / 2)


def _width(name: str, nodes: Iterable[str]) -> float:
    """The width to keep free; that of the frame for a subgraph's nodes, so that no other edge enters it."""
    if not _cluster(name):
        return 2 * _half(name)[0]
    return max(2 * _half(other)[0] for other in nodes if _cluster(other) == _cluster(name)) + 2 * _PAD


def _at(layout: Layout, name: str) -> tuple[float, float]:
    return layout.across[name], _STEP * layout.layer[name]


def _lane(layout: Layout, arc: Arc, widths: Mapping[str, float]) -> float:
    """Where an edge that leads back runs upwards: inside its subgraph's frame, or beside everything."""
    tail, head = arc
    if _cluster(tail) and _cluster(tail) == _cluster(head):
        return layout.across[tail] + widths[tail] / 2 - _PAD / 2
    low, high = layout.layer[head], layout.layer[tail]
    same_rank = [layout.across[n] for n in layout.layer if layout.layer[n] == high]
    side = -1 if layout.across[tail] < sum(same_rank) / len(same_rank) else 1
    passed = [side * layout.across[n] + widths[n] / 2 for n in layout.layer if low <= layout.layer[n] <= high]
    passed += [side * x for route in layout.routes.values() for layer, x in route if low <= layer <= high]
    nearer = [other for other in layout.back if layout.across[other[0]] * side > layout.across[tail] * side]
    return side * (max(passed) + _LANE * (1 + len(nearer)))


def _extent(layout: Layout, widths: Mapping[str, float], lanes: Mapping[Arc, float]) -> tuple[float, float]:
    """Left and right end of the picture, in pixels."""
    bends = [x for route in layout.routes.values() for _, x in route]
    ends = [layout.across[name] + sign * width / 2 for name, width in widths.items() for sign in (-1, 1)]
    everything = [*ends, *bends, *lanes.values()]
    return min(everything) - _MARGIN, max(everything) + _MARGIN


def _frames(canvas: Canvas, layout: Layout, widths: Mapping[str, float]) -> None:
    for cluster in dict.fromkeys(_cluster(name) for name in layout.layer if _cluster(name)):
        inside = [name for name in layout.layer if _cluster(name) == cluster]
        left = min(layout.across[n] - widths[n] / 2 for n in inside)
        right = max(layout.across[n] + widths[n] / 2 for n in inside)
        top, bottom = (_STEP * end(layout.layer[n] for n in inside) for end in (min, max))
        canvas.box(left, top - 23, right - left, bottom - top + 46, _GROUND, "#c3cad3")
        canvas.text(left + 12, bottom + 14, _title(cluster), _MUTED, 12, centred=False)


def _node(canvas: Canvas, name: str, layout: Layout) -> None:
    x, y = _at(layout, name)
    wide, high = _half(name)
    if _is_port(name):
        canvas.box(x - wide, y - high, 2 * wide, 2 * high, _MUTED, _MUTED)
        return
    ends = name in ("__start__", "__end__")
    canvas.box(x - wide, y - high, 2 * wide, 2 * high, _INK if ends else _FILL, _INK if ends else _EDGE)
    canvas.text(x, y, _title(name), "#ffffff" if ends else _INK, 13)


def _edge(canvas: Canvas, edge: "Edge", layout: Layout, lanes: Mapping[Arc, float]) -> None:
    arc = (edge.source, edge.target)
    points = _back_path(layout, arc, lanes[arc]) if arc in lanes else _forward_path(layout, arc)
    canvas.arrow(points, _BACK if arc in lanes else _MUTED, dashed=edge.conditional)
    if edge.data is not None:
        x, y = points[len(points) // 6 * 3]  # the end of a segment, near the middle
        if arc not in lanes and len(points) == 4:
            x, y = (points[0][0] + points[3][0]) / 2, (points[0][1] + points[3][1]) / 2
        label = str(edge.data)
        canvas.box(x - 3.2 * len(label) - 3, y - 8, 6.4 * len(label) + 6, 16, "#ffffff", "#ffffff")
        canvas.text(x, y, label, _MUTED, 11)


def _forward_path(layout: Layout, arc: Arc) -> list[tuple[float, float]]:
    """From the bottom of the upper box to the top of the lower one, around what lies between."""
    tail, head = arc
    points = [(float(_STEP * layer), x) for layer, x in layout.routes[arc]]
    points[0] = (points[0][0] + _half(tail)[1], points[0][1])
    points[-1] = (points[-1][0] - _half(head)[1] - 2, points[-1][1])
    return [(x, y) for y, x in bezier(points, _HIGH / 2)]


def _back_path(layout: Layout, arc: Arc, lane: float) -> list[tuple[float, float]]:
    """Out of the side of the lower box, up along the lane, into the side of the upper one."""
    (x0, y0), (x1, y1) = (_at(layout, name) for name in arc)
    side = 1 if lane > x0 else -1
    x0, x1 = x0 + side * _half(arc[0])[0], x1 + side * (_half(arc[1])[0] + 2)
    turn = min(29.0, (y0 - y1) / 2)
    down, up = (lane, y0 - turn), (lane, y1 + turn)
    return [(x0, y0), (lane, y0), (lane, y0), down, down, up, up, (lane, y1), (lane, y1), (x1, y1)]
