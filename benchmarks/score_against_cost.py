"""What a way of teaching scores for its cost: the final examination against lessons, visits and seconds.

    python benchmarks/score_against_cost.py [--config configs/arithmetic.yaml] [--budgets 200 400 800 1600]
        [--seeds 7 8 9] [--arms plain ioa ...] [--runs DIR] [--out FILE]

Each point is a whole run of `ioa run` with `budget.lessons`, in a folder of its own; a run that was interrupted is
resumed, and one that stands in the file is not made again. An arm is what differs from the run file, and all else is
the same: seeds, items, teacher, student. `plain` is the rival: all that is deficient is taught at once, lessons shared
out evenly, one training of four epochs, no gate that decides anything; `plain-10` and `plain-20` are the same with as
many epochs, and `direct-10` takes the teacher's plain solutions in place of adapted ones. `ioa` teaches as `plain-10`,
and then has the student practise by itself, which asks no teacher (docs/method.md says why the run file's stages are
not among it). Others are named on the command line, `NAME:KEY=VALUE,KEY=VALUE`. The points `ioa-anew` are of an earlier
form: four epochs, two practices, and after each a training anew.

The sums are those of the final examination: of all modules that it asked, and of the targets among them.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from ioa.memory.files import read_records
from ioa.memory.records import Example, ItemResult, Kind

TOGETHER: dict[str, Any] = {
    "diagnosis.top_share": 1.0,
    "curriculum.stages": "one",
    "curriculum.cycles": 1,
    "examination.spare": 0,
    "synthesis.portion": None,
    "synthesis.introductory_share": 0,
    "training.epochs": 4,
    "mastery.rounds": 0,
}
"""All that is deficient is taught side by side."""
LONGER: dict[str, Any] = {**TOGETHER, "practice.rounds": 0, "training.held_out": 0}
"""Without practice, through all its epochs."""
ARMS: dict[str, dict[str, Any]] = {
    "plain": {**TOGETHER, "practice.rounds": 0},
    "plain-10": {**LONGER, "training.epochs": 10},
    "plain-20": {**LONGER, "training.epochs": 20},
    "direct-10": {**LONGER, "training.epochs": 10, "method.name": "direct-sft"},
    "ioa": {**LONGER, "training.epochs": 10, "practice.rounds": 1},
}
SCORES = ("final-before", "final-after", "final-teacher")


def settings_of(arm: str) -> tuple[str, dict[str, Any]]:
    """Name and settings of an arm, by its name or as `NAME:KEY=VALUE,KEY=VALUE`."""
    name, _, text = arm.partition(":")
    pairs = (pair.partition("=") for pair in filter(None, text.split(",")))
    return name, {**ARMS.get(name, {}), **{key: yaml.safe_load(value) for key, _, value in pairs}}


def run_once(config: Path, arm: str, budget: int, seed: int, runs: Path) -> dict[str, Any]:
    """One run, gone on with where it was interrupted, and what came of it."""
    name, settings = settings_of(arm)
    run_id = f"{name}-{budget}-{seed}"
    ioa = [sys.executable, "-m", "ioa.cli.main"]
    place = ["--runs-dir", str(runs)]
    if (runs / run_id).exists():
        command = [*ioa, "resume", run_id, *place]
    else:
        everything = {**settings, "budget.lessons": budget, "synthesis.per_module": budget, "seed": seed}
        given = [f"--set={key}={json.dumps(value)}" for key, value in everything.items()]
        command = [*ioa, "run", str(config), "--run-id", run_id, *place, *given]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {"arm": name, "settings": settings, "budget": budget, "seed": seed, **measure(runs / run_id)}


def measure(run: Path) -> dict[str, Any]:
    """Cost and scores of a finished run."""
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    asked = [read_records(run / "scores" / f"{name}.jsonl", ItemResult) for name in SCORES]
    right = [sum(result.correct for result in results) for results in asked]
    done = summary["activities"]
    examples = [one for path in sorted((run / "examples").glob("stage-*.jsonl")) for one in read_records(path, Example)]
    practised = sum(example.kind is Kind.PRACTICE for example in examples)
    return {
        "lessons": len(examples) - practised,
        "practised": practised,
        "visits": done["training"]["items"],
        "training_seconds": round(done["training"]["seconds"], 1),
        "seconds": round(summary["wall_seconds"], 1),
        "right": dict(zip(("before", "after", "teacher"), right, strict=True)),
        "of": len(asked[1]),
        "modules": {
            module: sum(one.correct for one in asked[1] if one.module == module)
            for module in sorted({one.module for one in asked[1]})
        },
    }


def known(out: Path) -> list[dict[str, Any]]:
    """The points that were measured."""
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] if out.exists() else []


def missing(options: argparse.Namespace) -> Iterator[tuple[str, int, int]]:
    """What has to be measured yet, all arms of a budget and seed one after the other."""
    done = {(point["arm"], point["budget"], point["seed"]) for point in known(options.out)}
    for budget, seed, arm in product(options.budgets, options.seeds, options.arms):
        if (settings_of(arm)[0], budget, seed) not in done:
            yield arm, budget, seed


def show(points: Sequence[dict[str, Any]]) -> None:
    """A row for each arm and budget: means over the seeds, and each seed's score."""
    from rich.table import Table

    from ioa.results.console import Console

    table = Table()
    for title in ("lessons allowed", "arm", "seeds", "right, by seed", "mean", "of", "lessons", "visits", "training s"):
        table.add_column(title, justify="left" if title == "arm" else "right")
    for budget, arm in sorted({(point["budget"], point["arm"]) for point in points}):
        own = sorted((p for p in points if (p["budget"], p["arm"]) == (budget, arm)), key=lambda point: point["seed"])
        table.add_row(
            str(budget),
            arm,
            ", ".join(str(point["seed"]) for point in own),
            ", ".join(str(point["right"]["after"]) for point in own),
            f"{sum(point['right']['after'] for point in own) / len(own):.1f}",
            "/".join(sorted({str(point["of"]) for point in own})),
            *(f"{sum(p[key] for p in own) / len(own):.0f}" for key in ("lessons", "visits", "training_seconds")),
        )
    Console().print(table)


def main() -> None:
    """Measure what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("configs/arithmetic.yaml"))
    parser.add_argument("--budgets", type=int, nargs="+", default=[200, 400, 800, 1600])
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8, 9])
    parser.add_argument("--arms", nargs="+", default=["plain-10", "ioa"])
    parser.add_argument("--runs", type=Path, default=Path("runs/score-against-cost"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/score_against_cost.jsonl"))
    options = parser.parse_args()
    for arm, budget, seed in missing(options):
        point = run_once(options.config, arm, budget, seed, options.runs)
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(point) + "\n")
        print(f"{arm} {budget} {seed}: {point['right']} of {point['of']}, {point['lessons']} lessons", flush=True)
    show(known(options.out))


if __name__ == "__main__":
    main()
