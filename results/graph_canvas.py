"""What a picture of a graph is drawn on: text of an SVG, or pixels of a PNG."""

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
