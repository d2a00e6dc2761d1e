"""Synthetic students whose skills truly depend on one another, and how an estimate of that is judged.

A part of `dependency_estimators.py`, which says what is measured.
"""

import math
import random
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import networkx as nx
from plain_difference import measure_by_difference
from rich.table import Table

from ioa.agents import (
    DiagnosisSettings,
    Variant,
    choose_modules_to_teach,
    measure_by_intervention,
    measure_by_population,
    prerequisite_graph,
)
from ioa.agents.measured_prerequisites import proportion, relative_difference
from ioa.memory.records import (
    Claim,
    ItemResult,
    Measured,
    Score,
)
from ioa.training import (
    score_by_module,
)

Pair = tuple[str, str]
GUESS = 0.02
"""Chance to be right without the skill."""
MISSED, INVENTED = 0.25, 0.03
"""Error rates of the simulated teacher: direct prerequisites it does not name, unrelated pairs it does."""


@dataclass(frozen=True)
class World:
    """Modules with what they truly need."""

    modules: tuple[str, ...]
    direct: frozenset[Pair]

    @property
    def closure(self) -> set[Pair]:
        """Every module with all it needs, directly or not."""
        graph = nx.DiGraph(self.direct)
        return set(nx.transitive_closure(graph).edges)

    def needs(self, module: str) -> list[str]:
        """What a module builds on directly."""
        return sorted(source for source, target in self.direct if target == module)


def plant(rng: random.Random, modules: int = 12, *, independent: bool = False) -> World:
    """A random DAG: three foundations, every other module builds on one or two earlier ones."""
    names = tuple(f"m/{number:02d}" for number in range(modules))
    direct = set()
    for number in range(3, 0 if independent else modules):
        for source in rng.sample(range(number), rng.choice((1, 1, 2))):
            direct.add((names[source], names[number]))
    return World(names, frozenset(direct))


Skills = dict[str, float]


def schooled(world: World, rng: random.Random, ability: float | None = None) -> Skills:
    """Own skills of a student who learnt some modules and not others, the more of them the abler it is."""
    share = 1 / (1 + math.exp(-(rng.gauss(0.8, 1.0) if ability is None else ability)))
    return {m: rng.betavariate(19, 1) if rng.random() < share else rng.betavariate(1, 9) for m in world.modules}


def decoded(world: World, rng: random.Random, ability: float | None = None) -> Skills:
    """Own skills of one student under other decoding: all of them rise and fall together."""
    level = rng.gauss(0.6, 1.0) if ability is None else ability
    order = random.Random(str(sorted(world.direct)))
    return {m: 1 / (1 + math.exp(-3 * (level - order.gauss(-0.3, 0.7)))) for m in world.modules}


def able(world: World, rng: random.Random, ability: float | None = None) -> Skills:
    """Own skills of one student of a class: its general ability decides, and a little its own bent in each module."""
    level = rng.gauss(0.0, 1.5) if ability is None else ability
    order = random.Random(str(sorted(world.direct)))
    return {m: 1 / (1 + math.exp(-2 * (level - order.gauss(-0.3, 0.7)) - rng.gauss(0, 0.7))) for m in world.modules}


def chances(world: World, own: Skills) -> Skills:
    """Chance to be right at an item: one's own skill, and all that it needs."""
    found: Skills = {}
    for module in world.modules:  # in topological order
        found[module] = own[module] * math.prod(found[need] for need in world.needs(module))
    return {module: GUESS + (1 - GUESS) * chance for module, chance in found.items()}


def drawn(chance: float, n: int, rng: random.Random) -> Score:
    """The right answers of n."""
    return Score(k=sum(rng.random() < chance for _ in range(n)), n=n)


Draw = Callable[[World, random.Random], Skills]


class Estimates(NamedTuple):
    """Two estimates from the same students."""

    difference: Measured
    """The plain one, as it was before."""
    equal_ability: Measured
    """The product's."""


def by_population(world: World, rng: random.Random, draw: Draw, variants: int, items: int) -> Estimates:
    """Both estimators over students of that kind."""
    students = [chances(world, draw(world, rng)) for _ in range(variants)]
    population_ = [
        Variant(name=str(number), scores={m: drawn(chance, items, rng) for m, chance in student.items()})
        for number, student in enumerate(students)
    ]
    teacher = {module: drawn(0.98, items, rng) for module in world.modules}
    settings = DiagnosisSettings(estimators=("population",))
    return Estimates(*(by(population_, teacher, settings) for by in (measure_by_difference, measure_by_population)))


def by_intervention(world: World, rng: random.Random, items: int, spill: float) -> Measured:
    """The product's estimator on one student; lessons on a module also teach this share of its prerequisites."""
    settings = DiagnosisSettings(estimators=("intervention",))
    own = schooled(world, rng, ability=0.0)
    luck = {(module, number): rng.random() for module in world.modules for number in range(items)}
    before = _answers(world, own, luck)
    teacher = {module: drawn(0.98, items, rng) for module in world.modules}
    after = {}
    for module in choose_modules_to_teach(score_by_module(before), teacher, settings):
        taught = {**own, module: max(own[module], 0.95)}
        for need in world.needs(module):
            taught[need] += spill * max(0.0, 0.95 - taught[need])
        after[module] = _answers(world, taught, luck)
    return measure_by_intervention(before, after, teacher, settings)


def _answers(world: World, own: Skills, luck: Mapping[tuple[str, int], float]) -> list[ItemResult]:
    found = chances(world, own)
    return [answered(module, number, right=luck[module, number] < found[module]) for module, number in luck]


def answered(module: str, number: int, *, right: bool) -> ItemResult:
    """An answer of which only the verdict counts."""
    place = {"probe": f"diagnosis/{module}/{number:03d}", "module": module, "question": "", "expected": ""}
    return ItemResult(**place, reply="", extracted="", correct=right)


def by_teacher(world: World, rng: random.Random) -> list[Claim]:
    """A claimant that errs at the stated rates."""
    claims, closure = [], world.closure
    for source in world.modules:
        for target in world.modules:
            pair = (source, target)
            if pair in world.direct and rng.random() >= MISSED:
                claims.append(_claim(pair, rng.uniform(0.5, 1.0)))
            elif source != target and pair not in closure and rng.random() < INVENTED:
                claims.append(_claim(pair, rng.uniform(0.3, 0.9)))
    return claims


def _claim(pair: Pair, strength: float) -> Claim:
    return Claim(source=pair[0], target=pair[1], strength=strength, estimator="teacher", evidence="simulated")


@dataclass(frozen=True)
class Result:
    """One graph against the truth; none where a share of nothing would be taken."""

    edges: int
    precision: float | None
    recall: float | None
    pairs: float | None
    decided: float
    """Share of the ordered pairs that the measuring estimators could decide."""

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; a graph without edges has 0."""
        if self.recall is None:
            return None
        precision = self.precision or 0.0
        return 2 * precision * self.recall / (precision + self.recall) if precision + self.recall else 0.0


def judge(world: World, stated: Sequence[Claim], measured: Measured, **settings: Any) -> Result:
    """What the product makes of the claims, against what was planted."""
    names = sorted({claim.estimator for claim in (*stated, *measured.claims)}) or ["population"]
    edges = prerequisite_graph(stated, measured, DiagnosisSettings(estimators=tuple(names), **settings)).edges
    found, closure = {(edge.source, edge.target) for edge in edges}, world.closure
    related = closure | {(target, source) for source, target in closure}
    possible = len(world.modules) * (len(world.modules) - 1)
    return Result(
        edges=len(found),
        precision=len(found & closure) / len(found) if found and closure else None,
        recall=len(found & world.direct) / len(world.direct) if world.direct else None,
        pairs=len(found & related) / len(found) if found and closure else None,
        decided=len({(claim.source, claim.target) for claim in measured.claims}) / possible,
    )


def row(table: Table, name: str, results: Iterable[Result]) -> None:
    """Means over the worlds, each with its standard deviation."""
    results = list(results)
    cells = [_spread([result.decided for result in results]), _spread([result.edges for result in results], 1)]
    cells += [_spread([getattr(result, part) for result in results]) for part in ("precision", "pairs", "recall", "f1")]
    table.add_row(name, *cells)


def _spread(values: Sequence[float | None], digits: int = 2) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    return f"{statistics.fmean(known):.{digits}f} ± {statistics.pstdev(known):.{digits}f}"


def new_table(title: str) -> Table:
    """The columns that all tables have."""
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(("", "decided", "edges", "precision", "pairs", "recall", "F1")):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=True)
    return table


KINDS: tuple[tuple[str, Draw], ...] = (
    ("schooled differently", schooled),
    ("decoded differently", decoded),
    ("differently able", able),
)


def population_tables(worlds: int) -> Iterable[Table]:
    """The population estimator by number of variants and items, before and after, for every kind of students."""
    for kind, draw in KINDS:
        table = new_table(f"population, students {kind}, {worlds} worlds of 12 modules")
        for variants, items in ((8, 10), (16, 10), (32, 10), (64, 10), (32, 20)):
            found: dict[str, list[Result]] = {}
            for seed in range(worlds):
                rng = random.Random(f"{kind}/{variants}/{items}/{seed}")
                world = plant(rng)
                for name, judged in _judged(world, by_population(world, rng, draw, variants, items)):
                    found.setdefault(f"{variants} variants, {items} items, {name}", []).append(judged)
            for name, results in found.items():
                row(table, name, results)
        yield table


def _judged(world: World, estimates: Estimates) -> Iterable[tuple[str, Result]]:
    yield "difference", judge(world, [], estimates.difference, uncertain="keep")
    yield "equal ability, uncertain kept", judge(world, [], estimates.equal_ability, uncertain="keep")
    yield "equal ability", judge(world, [], estimates.equal_ability)


def independent_table(worlds: int) -> Table:
    """How many edges are seen among six modules that share nothing but general ability; 15 are possible."""
    table = Table(title=f"edges among six independent modules, mean and most of {worlds} populations")
    for name in ("students", "variants", "difference", "equal ability, uncertain kept", "equal ability"):
        table.add_column(name, justify="left" if name == "students" else "right")
    for kind, draw in KINDS:
        for variants in (8, 16, 32, 64):
            found: dict[str, list[int]] = {}
            for seed in range(worlds):
                rng = random.Random(f"independent/{kind}/{variants}/{seed}")
                world = plant(rng, 6, independent=True)
                for name, judged in _judged(world, by_population(world, rng, draw, variants, 10)):
                    found.setdefault(name, []).append(judged.edges)
            cells = (f"{statistics.fmean(edges):.1f}, {max(edges)}" for edges in found.values())
            table.add_row(kind, str(variants), *cells)
    return table


def combination_table(worlds: int) -> Table:
    """Each estimator alone and their combinations, on the same worlds."""
    variants, items = 16, 10
    title = f"{variants} variants schooled differently, {items} items (interventions: 20), {worlds} worlds"
    found: dict[str, list[Result]] = {}
    for seed in range(worlds):
        rng = random.Random(f"combined/{seed}")
        world = plant(rng)
        teacher, nothing = by_teacher(world, rng), Measured()
        before, people = by_population(world, rng, schooled, variants, items)
        _, many = by_population(world, rng, schooled, 4 * variants, items)
        clean, spilt = (by_intervention(world, rng, 20, spill) for spill in (0.0, 0.5))
        rows: list[tuple[str, Sequence[Claim], Measured, dict[str, Any]]] = [
            ("teacher", teacher, nothing, {}),
            ("population, difference", [], before, {}),
            ("population, uncertain kept", [], people, {"uncertain": "keep"}),
            ("population", [], people, {}),
            ("intervention, uncertain kept", [], clean, {"uncertain": "keep"}),
            ("intervention", [], clean, {}),
            ("intervention, spill, uncertain kept", [], spilt, {"uncertain": "keep"}),
            ("intervention, spill", [], spilt, {}),
        ]
        rows += [
            (f"teacher + population, difference, {how}", teacher, before, {"combine": how})
            for how in ("strongest", "mean", "agree")
        ]
        rows += [
            ("teacher + population, agree, uncertain kept", teacher, people, {"combine": "agree", "uncertain": "keep"})
        ]
        several = {
            "teacher + population": people,
            "teacher + intervention, spill": spilt,
            "all three, spill": people + spilt,
        }
        rows += [
            (f"{name}, {how}", teacher, measured, {"combine": how})
            for name, measured in several.items()
            for how in ("strongest", "mean", "agree")
        ]
        rows.append((f"teacher + population of {4 * variants}, strongest", teacher, many, {}))
        for name, stated, measured, settings in rows:
            found.setdefault(name, []).append(judge(world, stated, measured, **settings))
    table = new_table(title)
    for name, results in found.items():
        row(table, name, results)
    return table


def coverage_table(draws: int = 300) -> Table:
    """How often intervals that should hold the truth in 95 % of the cases do, over variants that differ by nature."""
    table = Table(title=f"coverage of 95 % intervals, least and most over four truths, {draws} draws each")
    for name in ("variants a side, items", "ours", "items as if independent", "bootstrap over variants"):
        table.add_column(name)
    for size, items in ((3, 10), (3, 20), (5, 10), (10, 10)):
        rates: list[list[float]] = [[], [], []]
        for truth in ((0.8, 0.2, 4), (0.9, 0.5, 10), (0.5, 0.1, 6), (0.7, 0.6, 20)):
            rng = random.Random(str(truth))
            for method, rate in enumerate(_covered(truth, size, items, draws, rng)):
                rates[method].append(rate)
        table.add_row(f"{size}, {items}", *(f"{min(own):.2f} to {max(own):.2f}" for own in rates))
    return table


def _covered(
    truth: tuple[float, float, float], size: int, items: int, draws: int, rng: random.Random
) -> tuple[float, float, float]:
    with_it, without, alike = truth  # means of the two sides; how alike the variants of a side are
    strength = 1 - without / with_it
    hits = [0, 0, 0]
    settings = DiagnosisSettings(estimators=("population",))
    teacher = {"m/i": Score(k=1, n=1), "m/j": Score(k=1, n=1)}
    for _ in range(draws):
        sides = [
            [drawn(rng.betavariate(mean * alike, (1 - mean) * alike), items, rng) for _ in range(size)]
            for mean in (with_it, without)
        ]
        variants = [
            Variant(name="", scores={"m/i": Score(k=able, n=1), "m/j": score})
            for able, side in zip((1, 0), sides, strict=True)
            for score in side
        ]
        claim = next(c for c in measure_by_population(variants, teacher, settings).claims if c.source == "m/i")
        one, other = sides
        means = [proportion(statistics.fmean(score.mean for score in side), size * items) for side in sides]
        intervals = (claim.interval or (0.0, 1.0), relative_difference(means[0], means[1]), _bootstrap(one, other, rng))
        for method, (low, high) in enumerate(intervals):
            hits[method] += low <= strength + 1e-9 and strength - 1e-9 <= high
    return hits[0] / draws, hits[1] / draws, hits[2] / draws


def _bootstrap(
    one: Sequence[Score], other: Sequence[Score], rng: random.Random, times: int = 200
) -> tuple[float, float]:
    found = []
    for _ in range(times):
        with_it, without = (statistics.fmean(s.mean for s in rng.choices(side, k=len(side))) for side in (one, other))
        found.append(max(0.0, 1 - without / with_it) if with_it else 0.0)
    found.sort()
    return found[int(0.025 * times)], found[int(0.975 * times) - 1]
