"""What a training teaches for its time: right answers on unseen items against seconds, for one setting and another.

    python benchmarks/learning_speed.py [--try batch_size=4,learning_rate=2e-3 ...] [--packs arithmetic algebra]
        [--seeds 7 8 9] [--lessons 60] [--probes 24] [--threads N] [--out FILE]

Three modules of a pack are taught together from the bare SmolLM2-135M, with the same lessons of the embedded tutor for
all settings, and examined with items that no lesson has. A setting is what differs from the defaults, in the names of
the run file's section `training`; `lora.` and `student.` reach the sections of these names. Results are appended to the
file as they come, and what stands there is not measured again.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ioa.agents.tutor.skills import solve_problem
from ioa.agents.tutor.solution_wording import Manner, write_steps
from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import Item, supply
from ioa.memory.records import Difficulty, Example, Generator, Kind, Module, Probe, Split, Strategy
from ioa.training import Student, StudentSettings, TrainingSettings, examine, train

MODULES = {
    "arithmetic": ("addition/carrying", "multiplication/two-by-one", "number-theory/gcd"),
    "algebra": ("integers/sums", "equations/two-step", "complex/sums"),
    "word-problems": ("one-step/groups", "two-steps/comparison", "money/prices"),
}
TRL = "trl:"
"""Begins a setting that TRL teaches by."""
SWEPT = ("batch_size", "ending", "ending_share", "epochs", "frozen_weights", "held_out", "learning_rate")
STRATEGIES = (Strategy.FORMAT, Strategy.COGNITIVE_LOAD)


def draw(pack: str, seed: int, lessons: int, probes: int) -> tuple[list[Example], list[Probe]]:
    """The lessons of all modules and the items they are examined with; no question is in both."""
    taught: list[Example] = []
    asked: list[Probe] = []
    known = {module.id: module for module in load_domain(pack).modules}
    for ordinal, name in enumerate(MODULES[pack]):
        exam = known[name].exam
        if not isinstance(exam, Generator):
            raise TypeError(f"{name} has no generator")
        items = supply(exam, seed=100_000 * seed + 10_000 * ordinal)
        asked += [probe_of(known[name], exam.family, number, item) for number, item in enumerate(islice(items, probes))]
        taught += islice(lessons_of(known[name], items), lessons)
    return taught, asked


def lessons_of(module: Module, items: Iterator[Item]) -> Iterator[Example]:
    """The tutor's lessons on these problems."""
    for number, item in enumerate(items):
        worked = solve_problem(item.question)
        if worked is None:
            continue
        yield Example(
            id=f"{module.id}/{number}",
            module=module.id,
            stage=1,
            round=0,
            batch="benchmark",
            kind=Kind.CHAIN_OF_THOUGHT,
            difficulty=Difficulty.INTERMEDIATE,
            level=module.exam_level,
            strategies=STRATEGIES,
            prerequisites=(),
            problem=item.question,
            steps=write_steps(worked, Manner(STRATEGIES)),
            answer=worked.answer,
            verification="",
            teacher="tutor",
            event="benchmark",
        )


def probe_of(module: Module, family: str, number: int, item: Item) -> Probe:
    """The problem as an item of the final examination."""
    return Probe(
        id=f"final/{module.id}/{number:03d}",
        module=module.id,
        split=Split.FINAL,
        level=module.exam_level,
        question=item.question,
        answer=item.answer,
        family=family,
        metadata=item.metadata,
        scorer=item.scorer,
    )


def parse(text: str) -> tuple[TrainingSettings, dict[str, Any]]:
    """Settings of the training and of the student from `key=value,key=value`."""
    training: dict[str, Any] = {}
    student: dict[str, Any] = {}
    for pair in filter(None, text.removeprefix(TRL).split(",")):
        key, value = pair.split("=")
        if key.startswith("student."):
            student[key.removeprefix("student.")] = value
        elif key.startswith("lora."):
            training.setdefault("lora", {})[key.removeprefix("lora.")] = value
        else:
            training[key] = value
    return TrainingSettings.model_validate(training), student


def name_in_full(text: str) -> str:
    """A setting with what was swept said in full, so that it means the same when a default has changed."""
    settings, _ = parse(text)
    given = dict(pair.split("=") for pair in filter(None, text.removeprefix(TRL).split(",")))
    known = {name: str(getattr(settings, name)) for name in SWEPT} | given
    told = ",".join(f"{name}={_plain(known[name])}" for name in sorted(known))
    return TRL * text.startswith(TRL) + told


def _plain(value: str) -> str:
    try:
        return f"{float(value):g}"
    except ValueError:
        return value


def measure(student: Student, text: str, pack: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """One training and its examination."""
    import torch

    settings, own = parse(text)
    lessons, probes = draw(pack, seed, options.lessons, options.probes)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "adapter"
        # A student of its own for TRL, which leaves its LoRA on the model.
        taught = load_student(own) if text.startswith(TRL) else student
        began, began_cpu = time.perf_counter(), time.process_time()
        if text.startswith(TRL):
            losses = train_with_trl(taught, lessons, settings, out, seed)
        else:
            log = train(taught, lessons, start=None, out=out, settings=settings, seed=seed)
            losses = [point.loss for point in log.steps]
        seconds, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        student.use(out)
        results = examine(student, probes)
        student.use(None)
    right = {name: sum(r.correct for r in results if r.module == name) for name in MODULES[pack]}
    return {
        "setting": text,
        "pack": pack,
        "seed": seed,
        "lessons": options.lessons,
        "right": sum(right.values()),
        "of": len(probes),
        "by_module": right,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "steps": len(losses),
        "loss": round(sum(losses[-10:]) / len(losses[-10:]), 4),
        "threads": torch.get_num_threads(),
    }


def train_with_trl(
    student: Student, lessons: list[Example], settings: TrainingSettings, out: Path, seed: int
) -> list[float]:
    """The losses of TRL's steps; its adapter is in `out` then."""
    from transformers import TrainerCallback
    from trl_training import make_trainer

    losses: list[float] = []

    class Note(TrainerCallback):
        def on_log(self, *_: Any, logs: dict[str, float] | None = None, **__: Any) -> None:
            losses.extend([logs["loss"]] if logs and "loss" in logs else [])

    trainer = make_trainer(student, lessons, settings, out, seed, [Note()])
    trainer.train()
    trainer.save_model(str(out))
    return losses


def load_student(own: dict[str, Any]) -> Student:
    """The bare student with its own settings."""
    return Student.load(StudentSettings.model_validate({"max_new_tokens": 112, **own}))


def main() -> None:
    """Measure what is asked for and not yet known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--try", dest="tried", nargs="*", default=[""])
    parser.add_argument("--packs", nargs="*", default=list(MODULES))
    parser.add_argument("--seeds", nargs="*", type=int, default=[7, 8, 9])
    parser.add_argument("--lessons", type=int, default=60)
    parser.add_argument("--probes", type=int, default=24)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--out", type=Path, default=Path("learning_speed.jsonl"))
    options = parser.parse_args()
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    lines = options.out.read_text(encoding="utf-8").splitlines() if options.out.exists() else []
    known = {_key(json.loads(line)) for line in lines}
    students: dict[str, Student] = {}
    for seed in options.seeds:
        for pack in options.packs:
            for text in map(name_in_full, options.tried):
                if (text, pack, seed, options.lessons) in known:
                    continue
                _, own = parse(text)
                name = json.dumps(own)
                if name not in students:
                    students[name] = load_student(own)
                found = measure(students[name], text, pack, seed, options)
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(found) + "\n")
                print(json.dumps(found), flush=True)


def _key(found: dict[str, Any]) -> tuple[Any, ...]:
    return found["setting"], found["pack"], found["seed"], found["lessons"]


if __name__ == "__main__":
    main()
