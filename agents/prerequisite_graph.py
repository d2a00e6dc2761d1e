"""The prerequisite graph: how the estimators' claims become edges, and how circles are broken."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import networkx as nx

from ioa.agents.gaps import ROUNDING
from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.memory.records import BrokenEdge, Claim, Edge, Measured

STATED = ("pack", "teacher")
"""Estimators that name the prerequisites they see: of the pairs they do not name they say that there is none."""


def combine(claims: Iterable[Claim], settings: DiagnosisSettings) -> tuple[Edge, ...]:
    """One edge for each ordered pair whose strength, of all estimators together, exceeds tau_dep (Eq. 3); sorted.

    How the strengths of those who have a say about a pair become one is `settings.combine`:
    `strongest` takes the largest; `mean` their mean; `agree` what more than half of them say at least, which is
    the smaller of two and the middle of three. A measuring estimator has a say where it could decide the pair. Who
    states prerequisites has one on every pair, 0 where it names none, as soon as it names any at all.

    Args:
        claims: Of all estimators; of two claims by one estimator about a pair the stronger counts.
        settings: tau_dep, how to combine, and what becomes of an uncertain edge.
    """
    every = sorted(claims, key=lambda claim: (claim.source, claim.target, claim.estimator, -claim.strength))
    stated = [name for name in STATED if any(claim.estimator == name for claim in every)]
    edges = []
    for _, group in groupby(every, key=lambda claim: (claim.source, claim.target)):
        said: dict[str, Claim] = {}
        for claim in group:
            said.setdefault(claim.estimator, claim)
        edge = _edge(said, [name for name in stated if name not in said], settings)
        if edge.strength > settings.tau_dep + ROUNDING and not (edge.uncertain and settings.uncertain == "drop"):
            edges.append(edge)
    return tuple(edges)


def _edge(said: Mapping[str, Claim], silent: Sequence[str], settings: DiagnosisSettings) -> Edge:
    """The edge of one pair; `silent` are those who state prerequisites and did not name this one."""
    ranked = sorted(said.values(), key=lambda claim: (-claim.strength, claim.estimator))
    voices = [*ranked, *(_claim_nothing(ranked[0], name) for name in silent)]
    if settings.combine == "mean":
        strength = statistics.fmean(voice.strength for voice in voices)
        interval = _mean_interval(voices)
    else:
        chosen = ranked[0] if settings.combine == "strongest" else voices[len(voices) // 2]
        strength, interval = chosen.strength, chosen.interval
    behind = [claim for claim in ranked if claim.strength > settings.tau_dep + ROUNDING] or ranked
    return Edge(
        source=ranked[0].source,
        target=ranked[0].target,
        strength=strength,
        interval=interval,
        uncertain=interval is not None and interval[0] <= settings.tau_dep + ROUNDING,
        estimator="+".join(claim.estimator for claim in behind),
        evidence="; ".join(
            f"{claim.estimator}: {claim.evidence}" if len(voices) > 1 else claim.evidence for claim in ranked
        ),
        claims=tuple(voices),
    )


def _claim_nothing(beside: Claim, estimator: str) -> Claim:
    return Claim(
        source=beside.source, target=beside.target, strength=0.0, estimator=estimator, evidence="does not name it"
    )


def _mean_interval(voices: Sequence[Claim]) -> tuple[float, float] | None:
    """The mean of the lower ends and of the upper ones, what was stated taken as certain.

    The measuring estimators share the student's answers, so their errors may well be the same: no narrower.
    """
    if all(voice.interval is None for voice in voices):
        return None
    ends = [voice.interval or (voice.strength, voice.strength) for voice in voices]
    return (statistics.fmean(low for low, _ in ends), statistics.fmean(high for _, high in ends))


def break_cycles(edges: Sequence[Edge]) -> tuple[tuple[Edge, ...], tuple[BrokenEdge, ...]]:
    """Take out the weakest of all edges that lie on a circle, until none is left.

    Of equals, one that the domain's author did not state goes first. Always the weakest of all, and not of the
    circle that happens to be found: a strong edge stays where taking out a weaker one breaks its circle too.

    Returns:
        The edges that are left, which form a DAG, and those taken out, each with a shortest circle that it was in:
        all its edges were there at that time, and none is weaker.
    """
    kept = {(edge.source, edge.target): edge for edge in edges}
    broken: list[BrokenEdge] = []
    while True:
        graph = nx.DiGraph(sorted(kept))
        part = {node: number for number, nodes in enumerate(nx.strongly_connected_components(graph)) for node in nodes}
        circular = [pair for pair in kept if part[pair[0]] == part[pair[1]]]
        if not circular:
            return tuple(kept.values()), tuple(broken)
        weakest = min(circular, key=lambda pair: (kept[pair].strength, "pack" in kept[pair].estimator, pair))
        way_back = nx.shortest_path(graph, weakest[1], weakest[0])
        broken.append(BrokenEdge(edge=kept.pop(weakest), cycle=(weakest[0], *way_back[:-1])))


def prerequisite_graph(
    stated: Iterable[Claim], measured: Measured, settings: DiagnosisSettings
) -> tuple[tuple[Edge, ...], tuple[BrokenEdge, ...]]:
    """The graph from all claims of the estimators that the settings name.

    Returns:
        The edges, without circles, and those that were taken out to break circles.
    """
    claims = [claim for claim in (*stated, *measured.claims) if claim.estimator in settings.estimators]
    return break_cycles(combine(claims, settings))
