"""Who gets the next lessons: right answers of a whole domain for a number of lessons, by ways of giving them out.

    python benchmarks/lesson_allocation.py [--ways even skip-mastered failed-first gone-on nearest practice]
        [--budgets 200 400 800] [--seeds 7 8 9] [--epochs 4] [--out FILE]

All modules of the pack `arithmetic` are taught from the bare SmolLM2-135M with lessons of the embedded tutor, and
examined with items that no lesson has. It is the loop without its agents, so that a way costs minutes and not a run:

- `even`: as many lessons of each module, all in one training. The rival of all others.
- `skip-mastered`: half of the lessons so, then a probe of 12 items a module; the other half goes to the modules below
  0.8, and all lessons are trained on together from the bare student.
- `failed-first`: the same, and the second half are lessons on problems that the student got wrong, of three times as
  many that it was asked (as in LLM2LLM, Lee et al. 2024).
- `gone-on`: half of the lessons evenly, then all of them in one training that goes on from there, for half the epochs.
- `nearest`: the lessons go to the third of the modules whose worked solutions the bare student finds the likeliest.
- `practice`: `even`; then the student is asked 40 new problems a module, up to four times more what it does not
  solve at once, sampled; and its training goes on, on the lessons and its own right solutions, as with `practice` in a
  run file. Its own solutions are not counted as lessons.
- `easy-practice`: the same once, with what it solves at once alone.
- `no-practice`: `even`, and the training goes on as after one practice, on the lessons alone.

What is trained and asked before the last training counts towards the seconds of processor time. Results are appended to
the file as they come, and what stands there is not measured again.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from learning_speed import lessons_of, probe_of

from ioa.graph.practice import choose_solutions, work_problems
from ioa.graph.settings.practice import PracticeSettings
from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import supply
from ioa.memory.records import Example, Generator, ItemResult, Module, Probe
from ioa.training import (
    Sampling,
    Student,
    StudentSettings,
    StudentVariant,
    TrainingSettings,
    examine,
    observe,
    split_solution,
    train,
)

EXAMINED, PROBED, LESSONS = 24, 64, 420
"""Items of a module in the examination, items for probes, and problems to teach; of a small module a share of each."""
PROBE, BAR = 12, 0.8
"""Items a module in a probe, and the share of them from which it gets no more lessons."""
ASKED = 3
"""Problems asked for each lesson on a failed one."""
PRACTICE = PracticeSettings()
"""How the student practises: as `practice` in a run file."""


@dataclass
class Work:
    """A student that is taught once or several times, and what that took."""

    student: Student
    seed: int
    epochs: int
    folder: Path
    modules: Mapping[str, Module]
    lessons: dict[str, list[Example]] = field(default_factory=dict)
    probes: dict[str, list[Probe]] = field(default_factory=dict)
    examined: dict[str, list[Probe]] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    taught: list[Example] = field(default_factory=list)
    adapter: Path | None = None
    visits: int = 0
    training: float = 0.0
    asking: float = 0.0

    def draw(self) -> None:
        """Items and lessons of all modules; no question is in two of them."""
        for ordinal, (name, module) in enumerate(self.modules.items()):
            exam = module.exam
            if not isinstance(exam, Generator):
                raise TypeError(f"{name} has no generator")
            items = list(islice(supply(exam, seed=100_000 * self.seed + 10_000 * ordinal), EXAMINED + PROBED + LESSONS))
            small = len(items) < EXAMINED + PROBED + LESSONS
            few, many = (
                (min(EXAMINED, len(items) // 4), min(PROBED // 2, len(items) // 4)) if small else (EXAMINED, PROBED)
            )
            asked = [probe_of(module, exam.family, number, item) for number, item in enumerate(items[: few + many])]
            self.examined[name], self.probes[name] = asked[:few], asked[few:]
            self.lessons[name] = list(lessons_of(module, iter(items[few + many :])))

    def take(self, module: str, count: int) -> list[Example]:
        """The next lessons of a module; fewer where it has no more."""
        own = self.lessons[module][self.taken[module] : self.taken[module] + count]
        self.taken[module] += len(own)
        return own

    def teach(
        self, more: Sequence[Example] = (), *, going_on: bool = False, after_practice: PracticeSettings | None = None
    ) -> None:
        """Train the bare student, or the taught one at half of the epochs, on all lessons taken, and on these.

        After practice the taught one, as `practice` says.
        """
        epochs, start = (max(1, self.epochs // 2), self.adapter) if going_on else (self.epochs, None)
        settings = TrainingSettings(held_out=0, frozen_weights="int8", epochs=epochs)
        if after_practice:
            start, rate = self.adapter, settings.learning_rate * after_practice.rate
            settings = settings.model_copy(update={"epochs": after_practice.epochs, "learning_rate": rate})
        self.visits += settings.epochs * (len(self.taught) + len(more))
        self.adapter = self.folder / str(self.visits)
        began = time.process_time()
        train(self.student, [*self.taught, *more], start=start, out=self.adapter, settings=settings, seed=self.seed)
        self.training += time.process_time() - began

    def ask(
        self, probes: Sequence[Probe], sampling: Sampling | None = None, begun: Mapping[str, str] | None = None
    ) -> list[ItemResult]:
        """What the student answers as it is taught now."""
        began = time.process_time()
        self.student.use(self.adapter)
        results = examine(StudentVariant(self.student, sampling=sampling, begun=begun or {}), probes)
        self.student.use(None)
        self.asking += time.process_time() - began
        return results

    def as_probe(self, lesson: Example) -> Probe:
        """The problem of a lesson, with its id."""
        return Probe.model_validate(
            {
                "id": lesson.id,
                "module": lesson.module,
                "split": "gate",
                "level": lesson.level,
                "question": lesson.problem,
                "answer": lesson.answer,
                "family": getattr(self.modules[lesson.module].exam, "family", ""),
            }
        )


def shares(count: int, modules: Sequence[str]) -> dict[str, int]:
    """The count in equal parts; what is left over goes to the first ones."""
    each, over = divmod(count, len(modules))
    return {module: each + (place < over) for place, module in enumerate(modules)}


def even(work: Work, budget: int) -> None:
    """As many of each module."""
    for module, count in shares(budget, list(work.modules)).items():
        work.taught += work.take(module, count)
    work.teach()


def skip_mastered(work: Work, budget: int, *, failed: bool = False) -> None:
    """Half of them evenly, the other half to what a probe finds below the bar."""
    even(work, budget // 2)
    results = work.ask([probe for own in work.probes.values() for probe in own[:PROBE]])
    right, asked = Counter(one.module for one in results if one.correct), Counter(one.module for one in results)
    short = [module for module in work.modules if right[module] < BAR * asked[module]] or list(work.modules)
    for module, count in shares(budget - budget // 2, short).items():
        if failed:
            looked = work.take(module, ASKED * count)
            wrong = {one.probe for one in work.ask([work.as_probe(one) for one in looked]) if not one.correct}
            work.taught += sorted(looked, key=lambda one: one.id not in wrong)[:count]
        else:
            work.taught += work.take(module, count)
    work.teach()


def gone_on(work: Work, budget: int) -> None:
    """Half of them, then all of them from there."""
    even(work, budget // 2)
    for module, count in shares(budget - budget // 2, list(work.modules)).items():
        work.taught += work.take(module, count)
    work.teach(going_on=True)


def nearest(work: Work, budget: int) -> None:
    """All of them to the third of the modules that is the likeliest to the bare student already."""
    began = time.process_time()
    nll = {}
    for module, lessons in work.lessons.items():
        found = observe(work.student, lessons[-8:], start=None, batch_size=8, max_length=512)
        nll[module] = sum(one.nll for one in found) / len(found)
    work.asking += time.process_time() - began
    near = sorted(nll, key=lambda module: nll[module])
    for module, count in shares(budget, near[: -(-len(near) // 3)]).items():
        work.taught += work.take(module, count)
    work.teach()


def practice(work: Work, budget: int, settings: PracticeSettings = PRACTICE) -> None:
    """Evenly; then also what the student solves rightly by itself, at once or after some attempts."""
    even(work, budget)
    own: list[Example] = []
    for _ in range(settings.times(bounded=True)):
        lessons = {one.id: one for module in work.modules for one in work.take(module, settings.problems)}

        def ask(probes: Sequence[Probe], attempt: int, begun: Mapping[str, str]) -> list[ItemResult]:
            seed = 1000 * work.seed + 100 * work.visits + attempt
            return work.ask(probes, Sampling(settings.temperature, seed) if attempt else None, begun)

        at_once, later = work_problems([work.as_probe(one) for one in lessons.values()], ask, settings)
        for probe, result in choose_solutions(at_once, later, settings.known) if settings.attempts else at_once:
            steps, answer = split_solution(result.reply)
            lesson = lessons[probe.id]
            own.append(lesson.model_copy(update={"id": f"own/{lesson.id}", "steps": steps, "answer": answer}))
        work.teach(own, after_practice=settings)


def no_practice(work: Work, budget: int) -> None:
    """Evenly, and on with the lessons as after a practice."""
    even(work, budget)
    work.teach(after_practice=PRACTICE)


WAYS: dict[str, Callable[[Work, int], None]] = {
    "even": even,
    "skip-mastered": skip_mastered,
    "failed-first": lambda work, budget: skip_mastered(work, budget, failed=True),
    "gone-on": gone_on,
    "nearest": nearest,
    "practice": practice,
    "no-practice": no_practice,
    "easy-practice": lambda work, budget: practice(work, budget, PracticeSettings(rounds=1, attempts=0)),
}


def measure(student: Student, way: str, budget: int, seed: int, epochs: int) -> dict[str, Any]:
    """One way of giving out the lessons, and what the student can do then."""
    modules = {module.id: module for module in load_domain("arithmetic").modules}
    with tempfile.TemporaryDirectory() as folder:
        work = Work(student, seed, epochs, Path(folder), modules)
        work.draw()
        WAYS[way](work, budget)
        asking = work.asking
        results = work.ask([probe for own in work.examined.values() for probe in own])
    return {
        "way": way,
        "budget": budget,
        "seed": seed,
        "epochs": epochs,
        "right": sum(one.correct for one in results),
        "of": len(results),
        "modules": dict(Counter(one.module for one in results if one.correct)),
        "lessons": len(work.taught),
        "visits": work.visits,
        "training_cpu_seconds": round(work.training, 1),
        "asking_cpu_seconds": round(asking, 1),
    }


def main() -> None:
    """Measure what is asked for and not yet known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--budgets", nargs="+", type=int, default=[200, 400, 800])
    parser.add_argument("--seeds", nargs="+", type=int, default=[7, 8, 9])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/lesson_allocation.jsonl"))
    options = parser.parse_args()
    lines = options.out.read_text(encoding="utf-8").splitlines() if options.out.exists() else []
    known = {(one["way"], one["budget"], one["seed"], one["epochs"]) for one in map(json.loads, lines)}
    student = Student.load(StudentSettings.model_validate({"max_new_tokens": 112}))
    for budget in options.budgets:
        for seed in options.seeds:
            for way in options.ways:
                if (way, budget, seed, options.epochs) in known:
                    continue
                found = measure(student, way, budget, seed, options.epochs)
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(found) + "\n")
                print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
