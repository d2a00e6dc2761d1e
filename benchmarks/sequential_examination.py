"""What asking in portions saves, and how often it changes a decision: exactly, at true rates from 0 to 1.

No student is asked: the figures are those of the sequential test (`ioa.training.exams.sequential`), which counts the
paths of answers. Run it with other settings to see what they would do:

    python benchmarks/sequential_examination.py                                   # configs/arithmetic.yaml
    python benchmarks/sequential_examination.py my-run.yaml --set examination.portion=4
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace

from ioa.graph.config import RunConfig, load_config, override
from ioa.memory.records import Split
from ioa.training import Design, SequentialTest, sequential_test

TRUE = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0]
TEACHERS = [1.0, 0.9]
ERRORS = [0.0, 0.01, 0.05]


def designs(config: RunConfig) -> Iterator[tuple[str, Design]]:
    """The examinations of a run that decide something."""
    settings = config.examination
    for name, split, share, early_pass, spares in (
        ("diagnosis", Split.DIAGNOSIS, 1 - config.diagnosis.tau_gap, True, True),
        ("gate, taught now", Split.GATE, config.mastery.tau_mastery, False, True),
        ("gate, taught before", Split.GATE, config.mastery.tau_mastery, False, False),
    ):
        yield (
            f"{name}: {settings.size(split)} items, share {share:.2g}, spare {settings.spares(split) if spares else 0}",
            Design.of(
                settings,
                split,
                items=settings.size(split) + (settings.spares(split) if spares else 0),
                share=share,
                early_pass=early_pass,
            ),
        )


def show(name: str, design: Design) -> None:
    """One table: a row for each true rate of the student, for each bound on the error the items and the chance."""
    bounds = sorted({*ERRORS, design.early_error})
    tests = [sequential_test(replace(design, early_error=bound)) for bound in bounds]
    full = sequential_test(replace(design, portion=0))
    for rate in TEACHERS:
        print(f"\n### {name}; the teacher's true rate {rate:g}\n")
        heads = [f"items, error <= {bound:g} | other decision | bias" for bound in bounds]
        print("| true rate | items in full | " + " | ".join(heads) + " |")
        print("|---" * (2 + 3 * len(bounds)) + "|")
        for p in TRUE:
            cells = [f"{full.items([p], [rate]).item():.1f}", *(figures(test, p, rate) for test in tests)]
            print(f"| {p:g} | " + " | ".join(cells) + " |")
    print(f"\nLargest chance at any true rates: {', '.join(f'{test.worst_error:.4f}' for test in tests)}.")


def figures(test: SequentialTest, p: float, rate: float) -> str:
    """Items, chance of another decision, and bias of the score."""
    items, error, mean = (of([p], [rate]).item() for of in (test.items, test.error, test.mean_score))
    return f"{items:.1f} | {error:.4f} | {mean - p:+.3f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("config", nargs="?", default="configs/arithmetic.yaml", help="run file")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="changes")
    given = parser.parse_args()
    for name, design in designs(override(load_config(given.config), given.changes)):
        show(name, design)


if __name__ == "__main__":
    main()
