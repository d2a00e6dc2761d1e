"""How well each estimator of dependencies finds a structure that was planted, and how often it sees one in nothing.

    python benchmarks/dependency_estimators.py [--worlds 20] [--only synthetic|tiny]

Two parts. Synthetic students: a random graph of prerequisites over 12 modules; a student's chance at an item of a
module is its own skill there times its chance at each prerequisite, and its scores are drawn from that chance. And a
tiny language model, trained from scratch on the spot, which looks letters up in tables that it knows in parts and
writes them once, twice or thrice: there the program's own training, sampling and examination run.

The estimator over a population stands beside what it was before, the plain difference between groups (`difference`).

An edge counts as right where its source is an ancestor of its target (a prerequisite of a prerequisite is one);
recall is of the direct prerequisites. "Pairs" forgets the directions: the share of edges that join related modules.
"""

import argparse

from planted_language_model import tiny_tables
from planted_students import (
    INVENTED,
    MISSED,
    combination_table,
    coverage_table,
    independent_table,
    population_tables,
)

from ioa.results.console import Console


def main() -> None:
    """Parse the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=20, help="planted graphs of synthetic students")
    parser.add_argument("--students", type=int, default=2, help="tiny language models")
    parser.add_argument("--steps", type=int, default=350, help="with which each of them is trained from scratch")
    parser.add_argument("--only", choices=("synthetic", "tiny"), help="one of the two parts")
    options = parser.parse_args()
    console = Console(width=150)
    if options.only != "tiny":
        console.print(
            f"The simulated teacher misses {MISSED:.0%} of the prerequisites, invents {INVENTED:.0%} of the rest"
        )
        for table in population_tables(options.worlds):
            console.print(table)
        console.print(independent_table(options.worlds))
        console.print(combination_table(options.worlds))
        console.print(coverage_table())
    if options.only != "synthetic":
        import torch

        torch.set_num_threads(1)
        for table in tiny_tables(options.students, options.steps):
            console.print(table)


if __name__ == "__main__":
    main()
