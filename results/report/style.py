"""One look for all charts: colours that colour-blind readers can tell apart, and SVG that sits in a page."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito (2008). Yellow is left out: it cannot be seen on white.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, BLACK = "#CC79A7", "#56B4E9", "#000000"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)), (0, (8, 3)))
"""For what has no markers: lines that can be told apart without colours."""
MARKERS = ("o", "s", "D", "^", "v", "P", "X")

WIDTH = 9.2
"""Width of the page's column, in the inches of the charts."""

INK, MUTED, RULE = "#1c2430", "#5a6472", "#d5dae1"

_RC: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text: searchable, and in the page's own typeface
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # ships with matplotlib; wide, so any other typeface fits its boxes
    "font.size": 9,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e8ebef",
    "grid.linewidth": 0.8,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "text.color": INK,
    "text.parse_math": False,  # a name with dollars is a name
}


@contextmanager
def chart_style(name: str) -> Iterator[None]:
    """Draw in the report's look while the block lasts; ids in the SVG depend on `name` alone."""
    import matplotlib as mpl

    settings: Any = {**_RC, "svg.hashsalt": f"ioa-{name}"}
    with mpl.rc_context(settings):
        yield


def new_figure(width: float, height: float) -> "Figure":
    """A figure of that many inches that no global state knows of."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), facecolor="none", layout="constrained")


def bare(axes: "Axes") -> None:
    """Take away the ticks, and all spines but the bottom one."""
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)
    axes.set_facecolor("none")


def to_svg(figure: "Figure", name: str) -> str:
    """The figure as an `<svg>` element for a page: no date, no metadata, no ids that another chart has too."""
    out = StringIO()
    figure.savefig(out, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)  # it would apply to the whole page
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r'( id="|xlink:href="#|url\(#)', rf"\g<1>{name}-", text)
    opening, rest = text.split(">", 1)
    opening = re.sub(r' (?:width|height)="[^"]*"', "", opening)
    share = min(100.0, 100 * figure.get_figwidth() / WIDTH)  # so that letters are as large in every chart
    return f'{opening} style="max-width: {share:.1f}%">{rest}'
