"""A tiny language model that is schooled so that some of its skills depend on others.

A part of `dependency_estimators.py`, which says what is measured.
"""

import random
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from planted_students import Result, World, answered, by_teacher, judge, new_table, row
from rich.table import Table

from ioa.agents import (
    DiagnosisSettings,
    Variant,
    choose_modules_to_teach,
    measure_by_intervention,
    measure_by_population,
)
from ioa.memory.records import (
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

    from ioa.training.batches import collate, encode_lessons
    from ioa.training.loading import silence_libraries
    from ioa.training.losses import AnswerLoss

    spec = spec_from_file_location("tiny", Path(__file__).parents[1] / "tests" / "training" / "tiny.py")
    assert spec is not None
    assert spec.loader is not None
    tiny = module_from_spec(spec)
    spec.loader.exec_module(tiny)
    with silence_libraries():
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
        torch.autograd.backward(AnswerLoss()(model, batch))
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
    for module in choose_modules_to_teach(score_by_module(before), teacher, settings):
        task = module[2:].upper()
        after[module] = _taught(student, lessons_on(alphabet, [task]), place / module[2:], probes)
    causal = measure_by_intervention(before, after, teacher, settings)
    decoding = [Variant(name="greedy", scores=score_by_module(before))]
    for number, temperature in enumerate((0.5, 0.8, 1.1, 0.5, 0.8, 1.1, 0.5)):
        sampled = StudentVariant(student, sampling=Sampling(temperature, number))
        decoding.append(Variant(name=f"temperature {temperature}", scores=score_by_module(examine(sampled, probes))))
    checkpoints = []
    for number in range(12):  # what runs with other curricula would leave: some modules taught, others not
        tasks = [task for task in alphabet.tasks if rng.random() < 0.25] or ["F"]
        results = _taught(student, lessons_on(alphabet, tasks), place / f"checkpoint-{number}", probes)
        checkpoints.append(Variant(name=f"checkpoint {'+'.join(tasks)}", scores=score_by_module(results)))
    few, many = (
        measure_by_population(variants, teacher, settings) for variants in (decoding, [*decoding, *checkpoints])
    )
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
    return [answered(probe.module, number, right=True) for number, probe in enumerate(probes)]
