"""Our training loop against TRL's SFTTrainer: the same student, LoRA, lessons and batch size.

    python benchmarks/training_speed.py [--rounds 2] [--steps 12] [--batch-size 16] [--threads N] [--out FILE]

Each measurement is a process of its own, so that its peak memory is its own; the two take turns, so that
other work on the machine hits both. Needs the extra `bench` (TRL).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from trl_training import make_trainer

from ioa.memory.clock import peak_rss_bytes
from ioa.memory.records import Difficulty, Example, Kind, Strategy
from ioa.training import Student, StudentSettings, TrainingProgress, TrainingSettings, train
from ioa.training.batches import batch_order, encode_lessons

WARM_UP = 2
"""First steps of a measurement, which allocate and plan, and do not count."""
SEED = 7


def make_examples(count: int) -> list[Example]:
    """Additions of three numbers, worked step by step: about 65 tokens each, prompt included."""
    import reasoning_gym

    items = reasoning_gym.create_dataset(
        "chain_sum", size=count, seed=SEED, min_terms=3, max_terms=3, min_digits=2, max_digits=3
    )
    return [_example(i, item) for i, item in enumerate(items)]


def _example(number: int, item: dict[str, Any]) -> Example:
    expression = item["metadata"]["expression"]
    first, sign, second, *rest = expression.split()
    partial = int(first) + int(second) * (1 if sign == "+" else -1)
    steps = (f"{first} {sign} {second} = {partial}", f"{partial} {' '.join(rest)} = {item['answer']}")
    return Example(
        id=str(number),
        module="sums/three",
        stage=1,
        round=0,
        batch="benchmark",
        kind=Kind.CHAIN_OF_THOUGHT,
        difficulty=Difficulty.INTRODUCTORY,
        level="exam",
        strategies=(Strategy.DECOMPOSE,),
        prerequisites=(),
        problem=item["question"],
        steps=steps,
        answer=item["answer"],
        verification="",
        teacher="benchmark",
        event="benchmark",
    )


def measure_ours(examples: list[Example], settings: TrainingSettings) -> list[float]:
    """Tokens per second of each step of our loop."""
    student = Student.load(StudentSettings())
    lengths = [len(lesson.ids) for lesson in encode_lessons(examples, student.format, settings.max_length)[0]]
    tokens = [
        sum(lengths[i] for i in batch) for batch in batch_order(lengths, settings.batch_size, settings.epochs, SEED)
    ]
    ends: list[float] = []

    def note(progress: TrainingProgress) -> None:
        del progress
        ends.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        train(student, examples, start=None, out=Path(folder), settings=settings, seed=SEED, on_step=note)
    return [n / (end - begin) for n, begin, end in zip(tokens[1:], ends, ends[1:], strict=False)]


def measure_trl(examples: list[Example], settings: TrainingSettings) -> list[float]:
    """Tokens per second of each step of SFTTrainer with the loss on the completion alone."""
    from transformers import TrainerCallback

    student = Student.load(StudentSettings())
    tokens: list[int] = []
    ends: list[float] = []

    class Note(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            ends.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        trainer = make_trainer(student, examples, settings, Path(folder), SEED, [Note()])
        collate = trainer.data_collator

        def counted(batch: list[dict[str, Any]]) -> dict[str, Any]:
            collated: dict[str, Any] = collate(batch)
            tokens.append(int(collated["attention_mask"].sum()))
            return collated

        trainer.data_collator = counted
        trainer.train()
    return [n / (end - begin) for n, begin, end in zip(tokens[1:], ends, ends[1:], strict=False)]


LOOPS = {"ours": measure_ours, "trl": measure_trl}


def measure(loop: str, steps: int, batch_size: int, threads: int | None) -> dict[str, Any]:
    """One measurement in this process."""
    import torch

    if threads is not None:
        torch.set_num_threads(threads)
    settings = TrainingSettings(epochs=1, batch_size=batch_size, checkpoint_every=1000)
    rates = LOOPS[loop](make_examples((steps + WARM_UP) * batch_size), settings)[WARM_UP - 1 :]
    return {"loop": loop, "tokens_per_second": rates, "peak_rss_bytes": peak_rss_bytes()}


def compare(rounds: int, steps: int, batch_size: int, threads: int | None) -> dict[str, Any]:
    """Measure both in turn, each in its own process."""
    runs: dict[str, list[dict[str, Any]]] = {loop: [] for loop in LOOPS}
    for _ in range(rounds):
        for loop, done in runs.items():
            arguments = ["--measure", loop, "--steps", str(steps), "--batch-size", str(batch_size)]
            arguments += [] if threads is None else ["--threads", str(threads)]
            process = subprocess.run([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, check=True)
            done.append(json.loads(process.stdout.splitlines()[-1]))
    result: dict[str, Any] = {"steps": steps, "rounds": rounds, "batch_size": batch_size, "threads": threads}
    for loop, done in runs.items():
        result[loop] = {
            "median_tokens_per_second": statistics.median(r for run in done for r in run["tokens_per_second"]),
            "peak_rss_bytes": max(run["peak_rss_bytes"] for run in done),
        }
    result["ratio"] = result["ours"]["median_tokens_per_second"] / result["trl"]["median_tokens_per_second"]
    return result


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="measurements of each")
    parser.add_argument("--steps", type=int, default=12, help="steps that count in a measurement")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--threads", type=int, help="torch's threads; fewer than the cores on a busy machine")
    parser.add_argument("--out", type=Path, help="also write the result as JSON to this file")
    parser.add_argument("--measure", choices=sorted(LOOPS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.steps, options.batch_size, options.threads)))
        return
    result = compare(options.rounds, options.steps, options.batch_size, options.threads)
    print(f"{'loop':<14}{'tokens/s':>10}{'peak GB':>10}")
    for loop, name in (("ours", "ioa.training"), ("trl", "SFTTrainer")):
        row = result[loop]
        print(f"{name:<14}{row['median_tokens_per_second']:>10.0f}{row['peak_rss_bytes'] / 1e9:>10.1f}")
    print(f"ratio {result['ratio']:.2f}")
    if options.out:
        options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
