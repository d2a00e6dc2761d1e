"""Ordering targets into stages: equation 7, the step bound of equation 8, and the bridges that keep it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise

import networkx as nx

from ioa.memory.embedding import Embedder
from ioa.memory.records import Edge, Module, Stage

Affinity = Callable[[str, str], float]
"""How closely two modules are related, in [-1, 1]."""

ROUNDING = 1e-9
"""So that a step of exactly tau_ZPD, such as 0.45 - 0.3, is not too high by what floating point adds to it."""


def same_category(one: str, other: str) -> float:
    """1 for modules of one category, else 0."""
    return float(one.split("/", 1)[0] == other.split("/", 1)[0])


def admissible_stages(
    difficulty: Mapping[str, float],
    edges: Sequence[Edge],
    largest: int,
    *,
    affinity: Affinity = same_category,
    tau_zpd: float = 1.0,
) -> tuple[tuple[str, ...], ...]:
    """Eq. 7: each stage holds targets whose prerequisites among the targets lie in earlier stages.

    A prerequisite that reaches a target only through modules that are not targets still counts. Each stage begins
    with the easiest module whose prerequisites are placed, and takes in those that are most closely related to it
    and whose difficulty is within tau_ZPD of it.

    Args:
        difficulty: 1 - P_S / P_T of each target.
        edges: The prerequisite graph over all modules, without circles.
        largest: Most modules in a stage.
        affinity: How closely two modules are related.
        tau_zpd: Eq. 8.

    Returns:
        The stages, in order.
    """
    needs = _needs(difficulty, [(edge.source, edge.target) for edge in edges])
    waiting, placed = set(difficulty), set[str]()
    stages: list[tuple[str, ...]] = []
    while waiting:
        ready = sorted(module for module in waiting if needs[module] <= placed)
        stage = [min(ready, key=lambda module: (difficulty[module], module))]
        bound = difficulty[stage[0]] + tau_zpd + ROUNDING
        near = [module for module in ready if module != stage[0] and difficulty[module] <= bound]
        while near and len(stage) < largest:
            best = max(near, key=lambda module: (sum(affinity(module, other) for other in stage), -difficulty[module]))
            stage.append(best)
            near.remove(best)
        stages.append(tuple(sorted(stage, key=lambda module: (difficulty[module], module))))
        placed |= set(stage)
        waiting -= set(stage)
    return tuple(stages)


def _needs(targets: Collection[str], pairs: Collection[tuple[str, str]]) -> dict[str, set[str]]:
    """Of each target the targets that must come before it, also through other modules."""
    graph: nx.DiGraph[str] = nx.DiGraph(list(pairs))
    graph.add_nodes_from(targets)
    return {module: set(nx.ancestors(graph, module)) & set(targets) for module in targets}


def required_pairs(targets: Sequence[str], edges: Sequence[Edge]) -> tuple[tuple[str, str], ...]:
    """The (earlier, later) pairs among the targets, also through other modules; without redundant ones."""
    graph: nx.DiGraph[str] = nx.DiGraph([(edge.source, edge.target) for edge in edges])
    graph.add_nodes_from(targets)
    closure = nx.transitive_closure_dag(graph).subgraph(targets)
    return tuple(sorted(nx.transitive_reduction(nx.DiGraph(closure)).edges))


def dependents(modules: Collection[str], among: Collection[str], pairs: Collection[tuple[str, str]]) -> set[str]:
    """Those of `among` that need one of the modules by these (earlier, later) pairs, also through others."""
    needs = _needs({*modules, *among}, pairs)
    return {module for module in among if needs[module] & set(modules)}


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
        if after - before > tau_zpd + ROUNDING
    ]


def too_steep(stages: Sequence[Stage], difficulty: Mapping[str, float], tau_zpd: float) -> list[str]:
    """The modules that make a step too steep: those in a steep stage that lie above the bound themselves."""
    steep = steep_steps([stage.difficulty for stage in stages], tau_zpd)
    return [
        module
        for number in steep
        for module in stages[number - 1].modules
        if difficulty[module] > stages[number - 2].difficulty + tau_zpd + ROUNDING
    ]


def with_bridges(
    stages: Sequence[Stage],
    difficulty: Mapping[str, float],
    levels: Mapping[str, Mapping[str, float]],
    *,
    tau_zpd: float,
    lessons: int | None,
) -> list[Stage]:
    """Insert stages at easier levels before those that are too steep (Eq. 8).

    Args:
        stages: The stages, without bridges.
        difficulty: 1 - P_S / P_T of each target, at the level that is examined.
        levels: The same at the easier levels of the targets that need a bridge, easiest first.
        tau_zpd: The bound.
        lessons: Accepted lessons a module in a bridge; none for the usual number.

    Returns:
        The stages, numbered anew. Of each too steep step the modules above the bound are taken over the hardest
        level that keeps it, then the next, until the step is within the bound or no level is left.
    """
    made: list[Stage] = []
    for stage in stages:
        if made and stage.difficulty > made[-1].difficulty + tau_zpd + ROUNDING:
            made += _chain(made[-1].difficulty, stage, difficulty, levels, tau_zpd, lessons)
        made.append(stage)
    return [stage.model_copy(update={"number": number}) for number, stage in enumerate(made, start=1)]


def _chain(
    reached: float,
    stage: Stage,
    difficulty: Mapping[str, float],
    levels: Mapping[str, Mapping[str, float]],
    tau_zpd: float,
    lessons: int | None,
) -> list[Stage]:
    left = {
        module: [(d, level) for level, d in levels.get(module, {}).items() if reached < d < difficulty[module]]
        for module in stage.modules
        if difficulty[module] > reached + tau_zpd + ROUNDING
    }
    bridges: list[Stage] = []
    while stage.difficulty > reached + tau_zpd + ROUNDING:
        chosen = {}
        for module, open_ in left.items():
            if open_:
                within = [pair for pair in open_ if pair[0] <= reached + tau_zpd + ROUNDING]
                chosen[module] = max(within) if within else min(open_)
        if not chosen:
            break
        reached = sum(d for d, _ in chosen.values()) / len(chosen)
        done = {module: max(reached, chosen[module][0] if module in chosen else 0.0) for module in left}
        left = {module: [pair for pair in open_ if pair[0] > done[module]] for module, open_ in left.items()}
        bridges.append(
            Stage(
                title=f"Bridge to {stage.title}",
                modules=tuple(chosen),
                difficulty=reached,
                levels={module: level for module, (_, level) in chosen.items()},
                rationale=f"One step to {stage.difficulty:.2f} would be more than {tau_zpd:g} at once.",
                lessons=lessons,
            )
        )
    return bridges


SAME_CATEGORY = 0.2
"""What a common category adds to the cosine of two descriptions."""


def relatedness(modules: Sequence[Module], embedder: Embedder) -> Affinity:
    """How closely two of the modules are related: the cosine of their descriptions, and more within a category.

    Args:
        modules: All that will be asked about.
        embedder: Turns a description into a vector of norm 1.
    """
    vectors = embedder.embed(
        [f"{module.id.replace('/', ' ').replace('-', ' ')}. {module.description}" for module in modules]
    )
    place = {module.id: number for number, module in enumerate(modules)}

    def affinity(one: str, other: str) -> float:
        cosine = float(vectors[place[one]] @ vectors[place[other]])
        return cosine + SAME_CATEGORY * same_category(one, other)

    return affinity
