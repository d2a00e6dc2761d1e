"""The prerequisite graph: which claims are kept, and how circles are broken."""

from collections.abc import Iterable, Sequence

import networkx as nx

from ioa.memory.records import BrokenEdge, Edge


def strongest(edges: Iterable[Edge], tau_dep: float) -> tuple[Edge, ...]:
    """The strongest claim for each ordered pair, where it exceeds tau_dep (Eq. 3); sorted."""
    best: dict[tuple[str, str], Edge] = {}
    for edge in edges:
        pair = (edge.source, edge.target)
        if edge.strength > tau_dep and (pair not in best or edge.strength > best[pair].strength):
            best[pair] = edge
    return tuple(best[pair] for pair in sorted(best))


def break_cycles(edges: Sequence[Edge]) -> tuple[tuple[Edge, ...], tuple[BrokenEdge, ...]]:
    """Take the weakest edge out of each circle until none is left.

    Returns:
        The edges that are left, which form a DAG, and those taken out with the circle they were in.
    """
    kept = {(edge.source, edge.target): edge for edge in edges}
    broken: list[BrokenEdge] = []
    while True:
        graph = nx.DiGraph(sorted(kept))
        try:
            circle = nx.find_cycle(graph)
        except nx.NetworkXNoCycle:
            return tuple(kept.values()), tuple(broken)
        weakest = min(circle, key=lambda pair: (kept[pair].strength, pair))
        broken.append(BrokenEdge(edge=kept.pop(weakest), cycle=tuple(source for source, _ in circle)))
