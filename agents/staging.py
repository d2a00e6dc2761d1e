"""Ordering targets into stages: equation 7, and the step bound of equation 8."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated

import networkx as nx
from pydantic import Field

from ioa.memory.records import Edge, Record, Unit


class CurriculumSettings(Record):
    """What a curriculum may look like."""

    tau_zpd: Unit = 0.15
    """Eq. 8: largest rise of mean measured difficulty between adjacent stages; a larger one is reported."""
    largest_stage: Annotated[int, Field(ge=1)] = 4
    """Most modules in a stage."""
    review: bool = False
    """Stop after planning, so that a person can read and edit the curriculum."""


def admissible_stages(
    difficulty: Mapping[str, float], edges: Sequence[Edge], largest: int
) -> tuple[tuple[str, ...], ...]:
    """Eq. 7: each stage holds targets whose prerequisites among the targets lie in earlier stages.

    A prerequisite that reaches a target only through modules that are not targets still counts. Within
    what the prerequisites allow, easier modules come first, and modules of a category stay together.

    Args:
        difficulty: 1 - P_S / P_T of each target.
        edges: The prerequisite graph over all modules, without circles.
        largest: Most modules in a stage.

    Returns:
        The stages, in order.
    """
    graph: nx.DiGraph[str] = nx.DiGraph([(edge.source, edge.target) for edge in edges])
    graph.add_nodes_from(difficulty)
    closure = nx.transitive_closure_dag(graph).subgraph(difficulty)
    stages: list[tuple[str, ...]] = []
    for generation in nx.topological_generations(closure):
        ordered = sorted(generation, key=lambda module: (round(difficulty[module], 1), module))
        stages += [tuple(ordered[i : i + largest]) for i in range(0, len(ordered), largest)]
    return tuple(stages)


def required_pairs(targets: Sequence[str], edges: Sequence[Edge]) -> tuple[tuple[str, str], ...]:
    """The (earlier, later) pairs among the targets, also through other modules; without redundant ones."""
    graph: nx.DiGraph[str] = nx.DiGraph([(edge.source, edge.target) for edge in edges])
    graph.add_nodes_from(targets)
    closure = nx.transitive_closure_dag(graph).subgraph(targets)
    return tuple(sorted(nx.transitive_reduction(nx.DiGraph(closure)).edges))


def faults_of(
    stages: Sequence[Sequence[str]], targets: Sequence[str], pairs: Sequence[tuple[str, str]], largest: int
) -> list[str]:
    """Why a proposed staging cannot be used; empty when it can."""
    placed = [module for stage in stages for module in stage]
    faults = []
    if sorted(placed) != sorted(targets):
        missing, extra = set(targets) - set(placed), set(placed) - set(targets)
        faults.append(
            f"it must hold each target exactly once (missing: {sorted(missing)}, not a target: {sorted(extra)})"
        )
    faults += [f"a stage of {len(stage)} modules; {largest} is the most" for stage in stages if len(stage) > largest]
    if any(not stage for stage in stages):
        faults.append("an empty stage")
    position = {module: number for number, stage in enumerate(stages) for module in stage}
    faults += [
        f"{earlier} must come before {later}"
        for earlier, later in pairs
        if earlier in position and later in position and position[earlier] >= position[later]
    ]
    return faults


def steep_steps(difficulties: Sequence[float], tau_zpd: float) -> list[int]:
    """Eq. 8 with measured difficulty: the stages (from 1) that are harder than the one before by more than tau_ZPD."""
    return [
        number
        for number, (before, after) in enumerate(pairwise(difficulties), start=2)
        if after - before > tau_zpd + 1e-9
    ]
