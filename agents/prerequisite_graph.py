"""The prerequisite graph: how the estimators' claims become edges, and how circles are broken."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import networkx as nx

from ioa.agents.gaps import ROUNDING
from ioa.agents.settings.diagnosis import DiagnosisSettings
from ioa.memory.records import BrokenEdge, Claim, Edge, Measured, Prerequisites

STATED = ("pack", "teacher")
"""Estimators that name the prerequisites they see: of the pairs they do not name they say that there is none."""


def combine(claims: Iterable[Claim], settings: DiagnosisSettings) -> tuple[Edge, ...]:
    """One edge for each ordered pair whose strength, of all estimators together, exceeds tau_dep (Eq. 3); sorted.

    What is stated counts no more than a measurement of the same pair leaves possible: it is lowered to the upper end of
    the interval, which is as wide as little was measured.

    How the strengths of those who have a say about a pair become one is `settings.combine`: `strongest` takes the
    largest; `mean` their mean; `agree` what more than half of them say at least, which is the smaller of two and the
    middle of three. A measuring estimator has a say where it could decide the pair. Who states prerequisites has one
    on every pair, 0 where it names none, as soon as it names any at all.

    Args:
        claims: Of all estimators; of two claims by one estimator about a pair the stronger counts.
        settings: tau_dep, how to combine, and what becomes of an uncertain edge.
    """
    return tuple(edge for edge in _weighed(claims, settings) if _is_kept(edge, settings))


def _is_kept(edge: Edge, settings: DiagnosisSettings) -> bool:
    return _exceeds(edge.strength, settings) and not (edge.uncertain and settings.uncertain == "drop")


def _exceeds(strength: float, settings: DiagnosisSettings) -> bool:
    return strength > settings.tau_dep + ROUNDING


def _weighed(claims: Iterable[Claim], settings: DiagnosisSettings) -> list[Edge]:
    """What all say together about each pair of which anybody says anything, also where that is no edge."""
    every = sorted(claims, key=lambda claim: (claim.source, claim.target, claim.estimator, -claim.strength))
    stated = [name for name in STATED if any(claim.estimator == name for claim in every)]
    found = []
    for _, group in groupby(every, key=lambda claim: (claim.source, claim.target)):
        said: dict[str, Claim] = {}
        for claim in group:
            said.setdefault(claim.estimator, claim)
        found.append(_edge(said, [name for name in stated if name not in said], settings))
    return found


def _edge(said: Mapping[str, Claim], silent: Sequence[str], settings: DiagnosisSettings) -> Edge:
    """The edge of one pair; `silent` are those who state prerequisites and did not name this one."""
    ranked = sorted(_lowered(said), key=lambda claim: (-claim.strength, claim.estimator))
    voices = [*ranked, *(_claim_nothing(ranked[0], name) for name in silent)]
    if settings.combine == "mean":
        strength = statistics.fmean(voice.strength for voice in voices)
        interval = _mean_interval(voices)
    else:
        chosen = _strongest(ranked, settings) if settings.combine == "strongest" else voices[len(voices) // 2]
        strength, interval = chosen.strength, chosen.interval
    behind = [claim for claim in ranked if _exceeds(claim.strength, settings)] or ranked
    return Edge(
        source=ranked[0].source,
        target=ranked[0].target,
        strength=strength,
        interval=interval,
        uncertain=interval is not None and not _exceeds(interval[0], settings),
        estimator="+".join(claim.estimator for claim in behind),
        evidence="; ".join(
            f"{claim.estimator}: {claim.evidence}" if len(voices) > 1 else claim.evidence for claim in ranked
        ),
        claims=tuple(said.get(voice.estimator, voice) for voice in voices),
    )


def _lowered(said: Mapping[str, Claim]) -> list[Claim]:
    """The claims about a pair, those that were stated no stronger than every measurement leaves possible."""
    measured = [(claim.interval[1], claim.estimator) for claim in said.values() if claim.interval]
    most, who = min(measured, default=(1.0, ""))
    return [
        claim.model_copy(
            update={
                "strength": most,
                "evidence": f"{claim.evidence} (lowered from {claim.strength:.2f} to {most:.2f}, the most that {who} "
                "leaves possible)",
            }
        )
        if claim.interval is None and claim.strength > most
        else claim
        for claim in said.values()
    ]


def _strongest(ranked: Sequence[Claim], settings: DiagnosisSettings) -> Claim:
    """The strongest claim; where uncertain edges are dropped, one that is certain of an edge before one that is not.

    Else a measurement that only supports what is stated, at a higher strength, would take the edge away.
    """
    if settings.uncertain == "keep":
        return ranked[0]
    certain = (c for c in ranked if _exceeds(c.interval[0] if c.interval else c.strength, settings))
    return next(certain, ranked[0])


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


def prerequisite_graph(stated: Iterable[Claim], measured: Measured, settings: DiagnosisSettings) -> Prerequisites:
    """The graph from all claims of the estimators that the settings name, with what was left out of it and why."""
    claims = [claim for claim in (*stated, *measured.claims) if claim.estimator in settings.estimators]
    weighed = _weighed(claims, settings)
    edges, broken = break_cycles([edge for edge in weighed if _is_kept(edge, settings)])
    left_out = [edge for edge in weighed if not _is_kept(edge, settings) and _is_claimed(edge, settings)]
    return Prerequisites(edges=edges, broken=broken, left_out=tuple(left_out), undecided=measured.undecided)


def _is_claimed(edge: Edge, settings: DiagnosisSettings) -> bool:
    return any(_exceeds(claim.strength, settings) for claim in edge.claims)
