"""Ordering targets into stages: equation 7, the step bound of equation 8, and the bridges that keep it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

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
    reached: float = 0.0,
) -> tuple[tuple[str, ...], ...]:
    """Eq. 7: each stage holds targets whose prerequisites among the targets lie in earlier stages.

    A prerequisite that reaches a target only through modules that are not targets still counts. Each stage begins
    with the easiest module whose prerequisites are placed, and takes in those that are most closely related to it,
    whose difficulty is within tau_ZPD of it, and which Eq. 8 allows: a module that is within the bound only after this
    stage comes after it. Where even the easiest is above the bound, no order keeps it, and those within tau_ZPD of the
    easiest take that step with it: a stage of its own would lessen theirs by less than the bound.

    Args:
        difficulty: 1 - P_S / P_T of each target.
        edges: The prerequisite graph over all modules, without circles.
        largest: Most modules in a stage.
        affinity: How closely two modules are related.
        tau_zpd: Eq. 8; see `steep_steps`.
        reached: The hardest difficulty that was mastered before.

    Returns:
        The stages, in order.
    """
    needs = _needs(difficulty, [(edge.source, edge.target) for edge in edges])
    waiting, placed = set(difficulty), set[str]()
    stages: list[tuple[str, ...]] = []
    while waiting:
        ready = sorted(module for module in waiting if needs[module] <= placed)
        stage = [min(ready, key=lambda module: (difficulty[module], module))]
        easiest = difficulty[stage[0]]
        steep = easiest > reached + tau_zpd + ROUNDING
        bound = (easiest if steep else min(easiest, reached)) + tau_zpd + ROUNDING
        near = [module for module in ready if module != stage[0] and difficulty[module] <= bound]
        while near and len(stage) < largest:
            best = max(near, key=lambda module: (sum(affinity(module, other) for other in stage), -difficulty[module]))
            stage.append(best)
            near.remove(best)
        stages.append(tuple(sorted(stage, key=lambda module: (difficulty[module], module))))
        placed |= set(stage)
        waiting -= set(stage)
        reached = max(reached, *(difficulty[module] for module in stage))
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


@dataclass(frozen=True)
class Steep:
    """A stage with modules that are harder than Eq. 8 allows after the stages before it."""

    number: int
    """Of the stage, from 1."""
    reached: float
    """The hardest difficulty that the stages before it have reached."""
    modules: Mapping[str, float]
    """Those modules, with the difficulty at which the stage teaches them."""


def steep_steps(stages: Sequence[Mapping[str, float]], tau_zpd: float, reached: float = 0.0) -> list[Steep]:
    """Eq. 8 for each module: d(k) - reached <= tau_ZPD for every k of a stage.

    The paper bounds the rise of the *mean* between adjacent stages, behind which a module at 0.95 hides in a stage
    whose mean is 0.3. Here each module is held against what is reached before its stage: the hardest difficulty that
    any earlier stage has taught. It is the hardest and not the last stage's, since a student that has come that far is
    not set back by an easier stage in between; and it begins at 0, with what the student can do untaught, so that the
    first stage is bounded too. Difficulty is d(k) = 1 - P_S(k) / P_T(k) as measured, in a bridge at its level.

    Args:
        stages: Of each stage the modules, with the difficulty at which it teaches them.
        tau_zpd: The bound.
        reached: The hardest difficulty that was mastered before these stages.
    """
    steep = []
    for number, stage in enumerate(stages, start=1):
        above = {module: d for module, d in stage.items() if d > reached + tau_zpd + ROUNDING}
        if above:
            steep.append(Steep(number, reached, above))
        reached = max(reached, *stage.values())
    return steep


def as_taught(
    stages: Sequence[Stage], difficulty: Mapping[str, float], levels: Mapping[str, Mapping[str, float]]
) -> list[dict[str, float]]:
    """Of each stage the modules, with the difficulty at which it teaches them: of a bridge, at its levels."""
    return [
        {
            module: levels[module][stage.levels[module]] if module in stage.levels else difficulty[module]
            for module in stage.modules
        }
        for stage in stages
    ]


def needless_steps(
    proposed: Sequence[Sequence[str]],
    computed: Sequence[Sequence[str]],
    difficulty: Mapping[str, float],
    tau_zpd: float,
    reached: float = 0.0,
) -> list[str]:
    """Where a proposed staging breaks Eq. 8 for a module that the computed one leads up to further, or within it."""

    def found(stages: Sequence[Sequence[str]]) -> list[Steep]:
        return steep_steps([{module: difficulty[module] for module in stage} for stage in stages], tau_zpd, reached)

    unavoidable = {module: step.reached for step in found(computed) for module in step.modules}
    return [
        f"{module} ({d:.2f}) is more than {tau_zpd:g} above what is reached before it ({step.reached:.2f}), "
        f"which could be {unavoidable.get(module, d - tau_zpd):.2f} or more"
        for step in found(proposed)
        for module, d in step.modules.items()
        if step.reached < unavoidable.get(module, d) - ROUNDING
    ]


def with_bridges(
    stages: Sequence[Stage],
    difficulty: Mapping[str, float],
    levels: Mapping[str, Mapping[str, float]],
    *,
    tau_zpd: float,
    lessons: int | None,
    reached: float = 0.0,
    most: int | None = None,
) -> list[Stage]:
    """Insert stages at easier levels before those that are too steep for a module (Eq. 8; see `steep_steps`).

    Args:
        stages: The stages, without bridges.
        difficulty: 1 - P_S / P_T of each target, at the level that is examined.
        levels: The same at the easier levels of the targets that need a bridge, easiest first.
        tau_zpd: The bound.
        lessons: Accepted lessons a module in a bridge; none for the usual number.
        reached: The hardest difficulty that was mastered before these stages.
        most: Most bridges; none for no bound.

    Returns:
        The stages, numbered anew. Of each too steep step the modules above the bound are taken over the hardest
        level that keeps it, then the next, until they are within the bound or no level is left that helps.
    """
    made: list[Stage] = []
    bridges = 0
    for stage in stages:
        for rung in _rungs({module: difficulty[module] for module in stage.modules}, levels, reached, tau_zpd):
            if most is not None and bridges >= most:
                break
            made.append(_bridge(stage, rung, reached, difficulty, tau_zpd, lessons))
            bridges += 1
            reached = max(d for d, _ in rung.values())
        made.append(stage)
        reached = max(reached, *(difficulty[module] for module in stage.modules))
    return [stage.model_copy(update={"number": number}) for number, stage in enumerate(made, start=1)]


def _rungs(
    stage: Mapping[str, float], levels: Mapping[str, Mapping[str, float]], reached: float, tau_zpd: float
) -> Iterator[dict[str, tuple[float, str]]]:
    """Of each bridge to a stage the modules, each with the difficulty and the name of its level.

    A level helps where it is at least half the bound above what is reached: less brings its module hardly nearer. Where
    it breaks the bound itself, it has to be easier than its module by the bound, or the step would be as steep as
    before. Of levels that break it the easiest comes first, for whichever module.
    """
    while True:
        near = reached + tau_zpd + ROUNDING
        helping = {
            module: [
                (d, level)
                for level, d in levels.get(module, {}).items()
                if reached + tau_zpd / 2 <= d < difficulty and d > reached and (d <= near or d < difficulty - tau_zpd)
            ]
            for module, difficulty in stage.items()
            if difficulty > near
        }
        easiest = min((d for found in helping.values() for d, _ in found), default=None)
        if easiest is None:
            return
        bound = max(near, easiest)
        rung = {m: max(within) for m, found in helping.items() if (within := [one for one in found if one[0] <= bound])}
        yield rung
        reached = max(d for d, _ in rung.values())


def _bridge(
    stage: Stage,
    rung: Mapping[str, tuple[float, str]],
    reached: float,
    difficulty: Mapping[str, float],
    tau_zpd: float,
    lessons: int | None,
) -> Stage:
    hardest = max(difficulty[module] for module in rung)
    return Stage(
        title=f"Bridge to {stage.title}",
        modules=tuple(rung),
        difficulty=sum(d for d, _ in rung.values()) / len(rung),
        levels={module: level for module, (_, level) in rung.items()},
        rationale=f"One step from {reached:.2f} to {hardest:.2f} would be more than {tau_zpd:g} at once.",
        lessons=lessons,
    )


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
