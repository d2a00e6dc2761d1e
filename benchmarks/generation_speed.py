"""The ways of decoding against one another: useful tokens per second of one student, at several batch sizes.

    python benchmarks/generation_speed.py [--batch 32 64 128] [--questions 192] [--threads 1] [--out FILE]

Two sets of replies to the same mixed questions: `untaught`, in which the student rambles to the limit, as it does, and
`taught`, in which each reply ends at a length that a table gives, as of a student that has learnt to come to an end.
The ways take turns in one process, so that other work on the machine hits all of them; the first is what others are
compared with. Useful are tokens that stand in a reply.
"""

import argparse
import json
import random
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ioa.training import Student, StudentSettings
from ioa.training.decoding_check import CONTINUOUS, CONTINUOUS_SHARED, SHRINKING, Way
from ioa.training.generation import Choose, Ending, chooser
from ioa.training.packed_weights import packed_weights

if TYPE_CHECKING:
    import torch

FAMILIES = ("chain_sum", "gcd", "simple_equations", "leg_counting", "calendar_arithmetic", "basic_arithmetic")
WAYS = {
    "shrinking": (SHRINKING, False),
    "continuous": (CONTINUOUS, False),
    "continuous, shared beginning": (CONTINUOUS_SHARED, False),
    "the same, packed weights": (CONTINUOUS_SHARED, True),
}
"""By name; and whether the weights are packed."""
LONGEST = {"untaught": 64, "taught": 96}
SHORTEST = 12
"""Tokens of the shortest reply of a student that has been taught."""
SEED = 7


def make_questions(count: int) -> list[str]:
    """Items of several families in turns, of one line to a paragraph."""
    import reasoning_gym

    own = -(-count // len(FAMILIES))
    drawn = [[item["question"] for item in reasoning_gym.create_dataset(f, size=own, seed=SEED)] for f in FAMILIES]
    return [question for row in zip(*drawn, strict=True) for question in row][:count]


def stop_by_table(prompts: Sequence[Sequence[int]], lengths: Sequence[int], stop_id: int) -> Choose:
    """Greedy, but for the token that ends a reply: it is chosen where the table says so, and never before."""
    greedy = chooser(prompts, None)
    written = [0] * len(prompts)

    def choose(logits_BV: "torch.Tensor", rows: Sequence[int]) -> "torch.Tensor":  # noqa: N803 - its shape
        logits_BV[:, stop_id] = -float("inf")
        chosen = greedy(logits_BV, rows)
        for place, row in enumerate(rows):
            if written[row] >= lengths[row]:
                chosen[place] = stop_id
            written[row] += 1
        return chosen

    return choose


def measure(
    student: Student, way: Way, packed: bool, questions: Sequence[str], replies: str, size: int
) -> dict[str, float]:
    """Decode all questions in one way."""
    encoded = sorted((student.format.encode(question) for question in questions), key=len)
    choose, stop_id = chooser(encoded, None), student.format.end_id
    if replies == "taught":
        rng = random.Random(SEED)
        lengths = [rng.randint(SHORTEST, LONGEST[replies]) for _ in encoded]
        choose = stop_by_table(encoded, lengths, stop_id)
    ending = Ending({stop_id}, [LONGEST[replies] + 1] * len(encoded))
    begin, cpu = time.perf_counter(), time.process_time()
    with packed_weights(student.model) if packed else nullcontext():
        written = way.decoder(student.model, encoded, choose, pad_id=student.pad_id, ending=ending, size=size)
    tokens, seconds, cpu = sum(map(len, written)), time.perf_counter() - begin, time.process_time() - cpu
    return {"tokens": tokens, "seconds": seconds, "cpu_seconds": cpu, "tokens_per_cpu_second": tokens / cpu}


def compare(sizes: Sequence[int], count: int) -> list[dict[str, Any]]:
    """All ways in turns, for each batch size and set of replies."""
    student, questions = Student.load(StudentSettings(dtype="float32")), make_questions(count)
    rows = []
    for replies in LONGEST:
        for size in sizes:
            found = {name: measure(student, *way, questions, replies, size) for name, way in WAYS.items()}
            base = found[next(iter(WAYS))]["tokens_per_cpu_second"]
            rows += [
                {"replies": replies, "batch": size, "way": name, **one, "ratio": one["tokens_per_cpu_second"] / base}
                for name, one in found.items()
            ]
            for row in rows[-len(WAYS) :]:
                print(
                    f"{row['replies']:<10}{row['batch']:>6}  {row['way']:<30}{row['tokens_per_cpu_second']:>8.0f}"
                    f" tokens per CPU second{row['ratio']:>8.2f}",
                    flush=True,
                )
    return rows


def main() -> None:
    """Parse the command line and print the table."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 64, 128], help="questions at a time")
    parser.add_argument("--questions", type=int, default=192)
    parser.add_argument("--threads", type=int, default=1, help="torch's threads")
    parser.add_argument("--out", type=Path, help="also write the result as JSON to this file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = compare(options.batch, options.questions)
    if options.out:
        options.out.write_text(
            json.dumps({"threads": options.threads, "rows": rows}, indent=2) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
