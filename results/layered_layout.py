"""Layered drawing of small directed graphs, after Sugiyama, Tagawa and Toda (1981).

Nodes are ranked by their longest path from a source, long edges get a bend in every layer they cross, each
layer is ordered to cross few edges, and coordinates are the least-squares fit to the neighbours that keeps
the order and the distances. networkx finds circles and ranks; its own layouts know neither the boxes' sizes nor bends,
and lead long edges through the boxes between. Equal input gives equal output.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from networkx import DiGraph

Arc = tuple[str, str]
"""(tail, head)."""
Point = tuple[float, float]
_Slot = tuple[str, str, int]
"""A node (name, "", layer) or the bend of a long edge (tail, head, layer)."""

_SWEEPS = 12
_BEND = 0.12
"""Half the width that a bend takes in its layer, in the unit of `sizes`."""


@dataclass(frozen=True)
class Layout:
    """Where everything goes; `across` is in the unit of the given sizes, layers are counted from 0."""

    layer: Mapping[str, int]
    """Layer of each node."""
    across: Mapping[str, float]
    """Centre of each node, across the direction of flow."""
    routes: Mapping[Arc, tuple[tuple[int, float], ...]]
    """(layer, across) of each forward edge's ends and bends, tail first."""
    back: tuple[Arc, ...]
    """Edges that close a circle, in the direction they were given."""


def lay_out(nodes: Sequence[str], arcs: Sequence[Arc], sizes: Mapping[str, float], gap: float) -> Layout:
    """Place the nodes of a directed graph.

    Args:
        nodes: names, in the order in which a search for circles starts at them.
        arcs: edges between those nodes; a repeated one counts once.
        sizes: extent of each node across the direction of flow.
        gap: least distance between two neighbours of a layer, in the same unit.
    """
    unique = list(dict.fromkeys(arcs))
    back = _back_arcs(nodes, unique)
    forward = [arc for arc in unique if arc not in back]
    layer = _rank(nodes, forward)
    routes = {arc: _slots(arc, layer) for arc in forward}
    rows = _order(_outwards(nodes, back), layer, routes)
    half = {slot: sizes[slot[0]] / 2 if not slot[1] else _BEND for row in rows for slot in row}
    across = _place(rows, routes, half, gap)
    return Layout(
        layer=layer,
        across={name: across[(name, "", layer[name])] for name in nodes},
        routes={arc: tuple((slot[2], across[slot]) for slot in slots) for arc, slots in routes.items()},
        back=tuple(arc for arc in unique if arc in back),
    )


def _back_arcs(nodes: Sequence[str], arcs: Sequence[Arc]) -> set[Arc]:
    """Edges that lead to a node from which the depth-first search came, loops included."""
    from networkx import dfs_labeled_edges

    back, open_ = set[Arc](), set[str]()
    for tail, head, label in dfs_labeled_edges(_graph(nodes, arcs)):
        if label == "forward":
            open_.add(head)
        elif label == "nontree" and head in open_:
            back.add((tail, head))
        elif label.startswith("reverse"):
            open_.discard(head)
    return back


def _rank(nodes: Sequence[str], arcs: Sequence[Arc]) -> dict[str, int]:
    """Longest path from a source, in edges."""
    from networkx import topological_generations

    generations = enumerate(topological_generations(_graph(nodes, arcs)))
    layer = {name: at for at, generation in generations for name in generation}
    return {name: layer[name] for name in nodes}


def _graph(nodes: Sequence[str], arcs: Sequence[Arc]) -> "DiGraph[str]":
    from networkx import DiGraph

    graph: DiGraph[str] = DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from(arcs)
    return graph


def _outwards(nodes: Sequence[str], back: set[Arc]) -> list[str]:
    """The nodes with those at the ends from which an edge leads back, so that it can leave to the side."""
    tails = [name for name in nodes if any(tail == name for tail, _ in back)]
    return [*tails[1::2], *(name for name in nodes if name not in tails), *tails[::2]]


def _slots(arc: Arc, layer: Mapping[str, int]) -> list[_Slot]:
    """The places an edge runs through: its tail, one bend in each layer between, its head."""
    tail, head = arc
    first, last = layer[tail], layer[head]
    return [(tail, "", first), *((tail, head, i) for i in range(first + 1, last)), (head, "", last)]


def _order(nodes: Sequence[str], layer: Mapping[str, int], routes: Mapping[Arc, list[_Slot]]) -> list[list[_Slot]]:
    """Order each layer by the barycentres of its neighbours; the best of all sweeps is kept."""
    rows: list[list[_Slot]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name in nodes:
        rows[layer[name]].append((name, "", layer[name]))
    for slots in routes.values():
        for slot in slots[1:-1]:
            rows[slot[2]].append(slot)
    links = _links(routes)
    best, fewest = rows, _crossings(rows, links)
    for sweep in range(_SWEEPS):
        rows = [list(row) for row in rows]
        down = sweep % 2 == 0
        for i in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            fixed = {slot: float(at) for at, slot in enumerate(rows[i - 1 if down else i + 1])}
            own = {slot: float(at) for at, slot in enumerate(rows[i])}
            centre = {slot: _mean(slot, links, fixed, own[slot]) for slot in rows[i]}
            rows[i].sort(key=centre.__getitem__)
        crossings = _crossings(rows, links)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _links(routes: Mapping[Arc, list[_Slot]]) -> dict[_Slot, list[_Slot]]:
    """The neighbours of each slot, above and below."""
    links: dict[_Slot, list[_Slot]] = {}
    for slots in routes.values():
        for upper, lower in pairwise(slots):
            links.setdefault(upper, []).append(lower)
            links.setdefault(lower, []).append(upper)
    return links


def _mean(slot: _Slot, links: Mapping[_Slot, list[_Slot]], at: Mapping[_Slot, float], otherwise: float) -> float:
    """Mean position of the slot's neighbours among `at`."""
    found = [at[other] for other in links.get(slot, ()) if other in at]
    return sum(found) / len(found) if found else otherwise


def _crossings(rows: list[list[_Slot]], links: Mapping[_Slot, list[_Slot]]) -> int:
    """Pairs of edges that cross between adjacent layers."""
    total = 0
    for upper, lower in pairwise(rows):
        at = {slot: i for i, slot in enumerate(lower)}
        ends = [(i, at[other]) for i, slot in enumerate(upper) for other in links.get(slot, ()) if other in at]
        total += sum(1 for a, b in ends for c, d in ends if a < c and b > d)
    return total


def _place(
    rows: list[list[_Slot]], routes: Mapping[Arc, list[_Slot]], half: Mapping[_Slot, float], gap: float
) -> dict[_Slot, float]:
    """Coordinates across: each layer in turn is fitted to its neighbours."""
    links = _links(routes)
    across: dict[_Slot, float] = {}
    for row in rows:
        across |= _fit(row, [0.0] * len(row), half, gap)
    for sweep in range(_SWEEPS + 1):  # the last one goes down, so that a chain hangs straight
        down = sweep % 2 == 0
        for i in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            fixed = {slot: across[slot] for slot in rows[i - 1 if down else i + 1]}
            across |= _fit(rows[i], [_mean(slot, links, fixed, across[slot]) for slot in rows[i]], half, gap)
    return across


def _fit(row: list[_Slot], wish: list[float], half: Mapping[_Slot, float], gap: float) -> dict[_Slot, float]:
    """The places nearest to the wished ones (least squares) that keep order and distance.

    With the required distances subtracted this is isotonic regression, solved by pooling adjacent violators.
    """
    offset, offsets = 0.0, []
    for i, slot in enumerate(row):
        offset += half[row[i - 1]] + gap + half[slot] if i else 0.0
        offsets.append(offset)
    pools: list[tuple[float, int]] = []
    for want, shift in zip(wish, offsets, strict=True):
        pools.append((want - shift, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (late, many), (early, few) = pools.pop(), pools.pop()
            pools.append(((late * many + early * few) / (many + few), many + few))
    level = [value for value, count in pools for _ in range(count)]
    return {slot: value + shift for slot, value, shift in zip(row, level, offsets, strict=True)}


def bezier(points: Sequence[Point], level: float) -> list[Point]:
    """A smooth path through the points: one start, then three points for each cubic Bezier segment.

    Args:
        points: (along, across) of ends and bends, `along` being the direction of flow.
        level: how far the path keeps its `across` on either side of a bend, so that it passes straight
            between the boxes of that layer.
    """
    sign = 1 if points[-1][0] >= points[0][0] else -1
    stops = [points[0]]
    for along, across in points[1:-1]:
        stops += [(along - sign * level, across), (along + sign * level, across)]
    stops.append(points[-1])
    path = [stops[0]]
    for (along0, across0), (along1, across1) in pairwise(stops):
        middle = (along0 + along1) / 2
        path += [(middle, across0), (middle, across1), (along1, across1)]
    return path


def sampled(path: Sequence[Point], pieces: int) -> list[Point]:
    """Points on the curves of such a path: its start, then so many of each segment."""
    found = [path[0]]
    for at in range(0, len(path) - 1, 3):
        corners = path[at : at + 4]
        for step in range(1, pieces + 1):
            t = step / pieces
            weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3)
            x, y = (sum(w * corner[k] for w, corner in zip(weights, corners, strict=True)) for k in (0, 1))
            found.append((x, y))
    return found
