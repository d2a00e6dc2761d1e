"""How well each estimator of dependencies finds a structure that was planted, and how often it sees one in nothing.

    python benchmarks/dependency_estimators.py [--worlds 20] [--only synthetic|tiny]

Two parts. Synthetic students: a random graph of prerequisites over 12 modules; a student's chance at an item of a
module is its own skill there times its chance at each prerequisite, and its scores are drawn from that chance. And a
tiny language model, trained from scratch on the spot, which looks letters up in tables that it knows in parts and
writes them once, twice or thrice: there the program's own training, sampling and examination run.

An edge counts as right where its source is an ancestor of its target (a prerequisite of a prerequisite is one);
recall is of the direct prerequisites. "Pairs" forgets the directions: the share of edges that join related modules.
"""

import argparse
import math
import random
import statistics
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import networkx as nx
from rich.console import Console
from rich.table import Table

from ioa.agents import DiagnosisSettings, Variant, intervention, population, prerequisite_graph, to_be_taught
from ioa.agents.intervals import proportion, relative_difference
from ioa.memory.records import (
    Claim,
    Difficulty,
    Example,
    ItemResult,
    Kind,
    Measured,
    Probe,
    Score,
    Split,
    Strategy,
)
from ioa.training import (
    LoraSettings,
    Sampling,
    Student,
    StudentSettings,
    StudentVariant,
    TrainingSettings,
    examine,
    score_by_module,
    train,
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


def by_population(world: World, rng: random.Random, draw: Draw, variants: int, items: int) -> Measured:
    """The product's estimator over students of that kind."""
    students = [chances(world, draw(world, rng)) for _ in range(variants)]
    population_ = [
        Variant(name=str(number), scores={m: drawn(chance, items, rng) for m, chance in student.items()})
        for number, student in enumerate(students)
    ]
    teacher = {module: drawn(0.98, items, rng) for module in world.modules}
    return population(population_, teacher, DiagnosisSettings(estimators=("population",)))


def by_intervention(world: World, rng: random.Random, items: int, spill: float) -> Measured:
    """The product's estimator on one student; lessons on a module also teach this share of its prerequisites."""
    settings = DiagnosisSettings(estimators=("intervention",))
    own = schooled(world, rng, ability=0.0)
    luck = {(module, number): rng.random() for module in world.modules for number in range(items)}
    before = _answers(world, own, luck)
    teacher = {module: drawn(0.98, items, rng) for module in world.modules}
    after = {}
    for module in to_be_taught(score_by_module(before), teacher, settings):
        taught = {**own, module: max(own[module], 0.95)}
        for need in world.needs(module):
            taught[need] += spill * max(0.0, 0.95 - taught[need])
        after[module] = _answers(world, taught, luck)
    return intervention(before, after, teacher, settings)


def _answers(world: World, own: Skills, luck: Mapping[tuple[str, int], float]) -> list[ItemResult]:
    found = chances(world, own)
    return [_item(module, number, right=luck[module, number] < found[module]) for module, number in luck]


def _item(module: str, number: int, *, right: bool) -> ItemResult:
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
    edges, _ = prerequisite_graph(stated, measured, DiagnosisSettings(estimators=tuple(names), **settings))
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


def population_tables(worlds: int) -> Iterable[Table]:
    """The population estimator by number of variants and items, for both kinds of students, with a control."""
    kinds: tuple[tuple[str, Draw], ...] = (("schooled differently", schooled), ("decoded differently", decoded))
    for kind, draw in kinds:
        table = new_table(f"population, students {kind}, {worlds} worlds of 12 modules")
        for variants, items in ((8, 10), (16, 10), (32, 10), (64, 10), (16, 20), (32, 20)):
            for independent in (False, True):
                results = []
                for seed in range(worlds):
                    rng = random.Random(f"{kind}/{variants}/{items}/{seed}")
                    world = plant(rng, independent=independent)
                    results.append(judge(world, [], by_population(world, rng, draw, variants, items)))
                name = "  the same, nothing planted" if independent else f"{variants} variants, {items} items"
                row(table, name, results)
        yield table


def combination_table(worlds: int) -> Table:
    """Each estimator alone and their combinations, on the same worlds."""
    variants, items = 16, 10
    title = f"{variants} variants schooled differently, {items} items (interventions: 20), {worlds} worlds"
    found: dict[str, list[Result]] = {}
    for seed in range(worlds):
        rng = random.Random(f"combined/{seed}")
        world = plant(rng)
        teacher, nothing = by_teacher(world, rng), Measured()
        people = by_population(world, rng, schooled, variants, items)
        clean, spilt = (by_intervention(world, rng, 20, spill) for spill in (0.0, 0.5))
        rows: list[tuple[str, Sequence[Claim], Measured, dict[str, Any]]] = [
            ("teacher", teacher, nothing, {}),
            ("population", [], people, {}),
            ("population, uncertain dropped", [], people, {"uncertain": "drop"}),
            ("population, tau_dep 0.5", [], people, {"tau_dep": 0.5}),
            ("intervention", [], clean, {}),
            ("intervention, spill", [], spilt, {}),
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
        claim = next(c for c in population(variants, teacher, settings).claims if c.source == "m/i")
        means = [proportion(statistics.fmean(score.mean for score in side), size * items) for side in sides]
        intervals = (claim.interval or (0.0, 1.0), relative_difference(*means), _bootstrap(*sides, rng))
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


LETTERS = "abcdefghijklmnopqrstuvwxyz"
TABLES, TIMES, LACKING = "FGHK", (1, 2, 3), 10
"""Tables, how often the letter that was looked up is written, and entries that the student lacks of each table."""


class Alphabet:
    """Looking a letter up in a table, and writing what was found once, twice or thrice.

    The student is schooled in all of it for some letters and lacks the others. It could write what it found twice or
    thrice if it found it: of each table both modules depend on the first, and not on one another.
    """

    def __init__(self, rng: random.Random) -> None:
        self.tasks = [name * times for name in TABLES[:3] for times in TIMES]
        self.table = {name: dict(zip(LETTERS, rng.sample(LETTERS, 26), strict=True)) for name in TABLES}
        self.lacking = {name: rng.sample(LETTERS, LACKING) for name in TABLES}
        direct = {(_module(name), _module(name * times)) for name in TABLES[:3] for times in TIMES[1:]}
        self.world = World(tuple(map(_module, self.tasks)), frozenset(direct))

    def known(self, task: str) -> list[str]:
        """Letters that the student was schooled in."""
        return [letter for letter in LETTERS if letter not in self.lacking[task[0]]]

    def example(self, task: str, letter: str) -> Example:
        """The lesson that looks this letter up."""
        found = self.table[task[0]][letter]
        return Example(
            id=f"{task}{letter}", module=_module(task), stage=1, round=0, batch="benchmark",
            kind=Kind.CHAIN_OF_THOUGHT, difficulty=Difficulty.INTERMEDIATE, level="exam",
            strategies=(Strategy.FORMAT,), prerequisites=(), problem=f"{task} {letter}",
            steps=(f"{task[0]} {letter}>{found}",), answer=found * len(task),
            verification="", teacher="benchmark", event="benchmark",
        )  # fmt: skip

    def probes(self) -> list[Probe]:
        """All that the student lacks."""
        return [
            Probe(
                id=f"diagnosis/{_module(task)}/{number:03d}", module=_module(task), split=Split.DIAGNOSIS,
                level="exam", question=f"{task} {letter}", answer=self.example(task, letter).answer,
                family="chain_sum",
            )
            for task in self.tasks
            for number, letter in enumerate(self.lacking[task[0]])
        ]  # fmt: skip


def _module(task: str) -> str:
    return f"t/{task.lower()}"


def school(alphabet: Alphabet, folder: Path, seed: int, steps: int) -> Student:
    """A tiny Llama, trained from scratch on all that lacks nothing."""
    import torch

    from ioa.training.data import collate, encode_lessons
    from ioa.training.loading import quiet
    from ioa.training.trainer import answer_loss_plain

    spec = spec_from_file_location("tiny", Path(__file__).parents[1] / "tests" / "training" / "tiny.py")
    assert spec is not None
    assert spec.loader is not None
    tiny = module_from_spec(spec)
    spec.loader.exec_module(tiny)
    with quiet():
        tiny.make_tiny_student(folder, chat=False)
    settings = StudentSettings(model=str(folder), dtype="float32", device="cpu", max_new_tokens=32, batch_size=64)
    student = Student.load(settings)
    tasks = [name * times for name in TABLES for times in TIMES]
    known = [alphabet.example(task, letter) for task in tasks for letter in alphabet.known(task)]
    lessons, _ = encode_lessons(known, student.format, 64)
    rng, model = random.Random(seed), student.model
    model.requires_grad_(requires_grad=True).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 3e-3 * min(1.0, (step + 1) / 30) * (1 - step / steps)
        batch = collate(rng.sample(lessons, min(48, len(lessons))), student.pad_id, "cpu")
        optimizer.zero_grad()
        torch.autograd.backward(answer_loss_plain(model, batch))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.requires_grad_(requires_grad=False).eval()
    return student


TEACHING = TrainingSettings(epochs=30, learning_rate=5e-4, batch_size=8, lora=LoraSettings(rank=16, alpha=32))


def lessons_on(alphabet: Alphabet, tasks: Iterable[str]) -> list[Example]:
    """What the student lacks of these tasks, and what it knows of them, against forgetting."""
    return [alphabet.example(task, letter) for task in tasks for letter in LETTERS]


def tiny_tables(seeds: int, steps: int) -> Iterable[Table]:
    """Intervention and population with a real student, its checkpoints and its decoding."""
    found: dict[str, list[Result]] = {}
    seen = Table(title="one of these students: what lessons on a module alone move (right of asked)")
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as place:
            _tiny_world(seed, Path(place), steps, found, seen)
    yield seen
    table = new_table(f"a tiny language model, {seeds} worlds of 9 modules, 6 planted prerequisites")
    for name, results in found.items():
        row(table, name, results)
    yield table


def _tiny_world(seed: int, place: Path, steps: int, found: dict[str, list[Result]], seen: Table) -> None:
    rng = random.Random(f"tiny/{seed}")
    alphabet = Alphabet(rng)
    world, probes = alphabet.world, alphabet.probes()
    student = school(alphabet, place / "student", seed, steps)
    teacher = {m: Score(k=score.n, n=score.n) for m, score in score_by_module(_all_right(probes)).items()}
    before = examine(student, probes)
    settings = DiagnosisSettings(estimators=("population", "intervention"))
    after = {}
    for module in to_be_taught(score_by_module(before), teacher, settings):
        task = module[2:].upper()
        after[module] = _taught(student, lessons_on(alphabet, [task]), place / module[2:], probes)
    causal = intervention(before, after, teacher, settings)
    decoding = [Variant(name="greedy", scores=score_by_module(before))]
    for number, temperature in enumerate((0.5, 0.8, 1.1, 0.5, 0.8, 1.1, 0.5)):
        sampled = StudentVariant(student, sampling=Sampling(temperature, number))
        decoding.append(Variant(name=f"temperature {temperature}", scores=score_by_module(examine(sampled, probes))))
    checkpoints = []
    for number in range(12):  # what runs with other curricula would leave: some modules taught, others not
        tasks = [task for task in alphabet.tasks if rng.random() < 0.25] or ["F"]
        results = _taught(student, lessons_on(alphabet, tasks), place / f"checkpoint-{number}", probes)
        checkpoints.append(Variant(name=f"checkpoint {'+'.join(tasks)}", scores=score_by_module(results)))
    few, many = (population(variants, teacher, settings) for variants in (decoding, [*decoding, *checkpoints]))
    claims, nothing = by_teacher(world, rng), Measured()
    for name, stated, measured, how in (
        ("population, 8 decodings", [], few, {}),
        ("population, and 12 checkpoints", [], many, {}),
        ("intervention", [], causal, {}),
        ("teacher (simulated)", claims, nothing, {}),
        ("teacher + population, agree", claims, many, {"combine": "agree"}),
        ("teacher + intervention, agree", claims, causal, {"combine": "agree"}),
        ("all three, agree", claims, many + causal, {"combine": "agree"}),
        ("all three, mean", claims, many + causal, {"combine": "mean"}),
    ):
        found.setdefault(name, []).append(judge(world, stated, measured, **how))
    if seed == 0:
        _show(seen, before, after)


def _show(table: Table, before: Sequence[ItemResult], after: Mapping[str, Sequence[ItemResult]]) -> None:
    bare = score_by_module(before)
    for name in ("lessons on", *bare):
        table.add_column(name, no_wrap=True)
    for name, results in (("nothing", before), *after.items()):
        table.add_row(name, *(f"{score.k}/{score.n}" for score in score_by_module(results).values()))


def _taught(student: Student, lessons: Sequence[Example], out: Path, probes: Sequence[Probe]) -> list[ItemResult]:
    train(student, lessons, start=None, out=out, settings=TEACHING, seed=1)
    student.use(out)
    results = examine(student, probes)
    student.use(None)
    return results


def _all_right(probes: Sequence[Probe]) -> list[ItemResult]:
    return [_item(probe.module, number, right=True) for number, probe in enumerate(probes)]


def main() -> None:
    """Parse the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=20, help="planted graphs of synthetic students")
    parser.add_argument("--students", type=int, default=2, help="tiny language models")
    parser.add_argument("--steps", type=int, default=350, help="with which each of them is trained from scratch")
    parser.add_argument("--only", choices=("synthetic", "tiny"), help="one of the two parts")
    options = parser.parse_args()
    console = Console(width=128)
    if options.only != "tiny":
        console.print(
            f"The simulated teacher misses {MISSED:.0%} of the prerequisites, invents {INVENTED:.0%} of the rest"
        )
        for table in population_tables(options.worlds):
            console.print(table)
        console.print(combination_table(options.worlds))
        console.print(coverage_table())
    if options.only != "synthetic":
        import torch

        torch.set_num_threads(1)
        for table in tiny_tables(options.students, options.steps):
            console.print(table)


if __name__ == "__main__":
    main()
