"""How a run's targets and stages depend on each threshold of the method, from what the run has recorded.

    python benchmarks/sensitivity.py runs/RUN [--values tau_gap=0.2,0.3,0.4 ...]

One threshold at a time takes other values; gaps, prerequisites, targets and stages are computed again from the scores
and prerequisites in the run's `diagnosis.json`. Nobody is asked and nothing is trained: a second. The stages are the
computed ones, also where a teacher or a person had arranged them otherwise. Prerequisites that were weaker than the
run's own tau_dep are not recorded, so a lower one changes nothing here.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ioa.agents.gaps import find_gaps
from ioa.agents.prerequisite_graph import break_cycles
from ioa.agents.staging import admissible_stages, steep_steps
from ioa.graph.config import RunConfig, override
from ioa.graph.config_docs import SYMBOLS, key_of
from ioa.memory.errors import UserError
from ioa.memory.files import read_record
from ioa.memory.records import Diagnosis
from ioa.memory.run_dir import RunDirectory
from ioa.memory.yaml_source import validate

VALUES: Mapping[str, tuple[float, ...]] = {
    "tau_gap": (0.1, 0.2, 0.3, 0.4, 0.5, 0.7),
    "tau_dep": (0.2, 0.3, 0.5, 0.7, 0.9),
    "alpha": (0.0, 0.3, 0.5, 0.7, 0.9, 1.0),
    "top-m": (0.1, 0.2, 0.25, 0.3, 0.5, 1.0),
    "tau_ZPD": (0.05, 0.1, 0.15, 0.2, 0.3),
}
"""What each threshold is set to, by its symbol."""


class Planned(NamedTuple):
    """What comes of a diagnosis under some thresholds."""

    edges: int
    deficient: int
    targets: tuple[str, ...]
    """In the order of the domain."""
    stages: tuple[tuple[str, ...], ...]
    largest_rise: float
    """From what is reached before a module's stage to the module; 0 where nothing is harder."""
    steep: int
    """Stages with a module that is more than tau_ZPD above what is reached before it."""


def plan(diagnosis: Diagnosis, config: RunConfig) -> Planned:
    """Gaps, targets and stages from a diagnosis's scores and prerequisites (Eq. 2 to 8)."""
    claims = (*diagnosis.edges, *(broken.edge for broken in diagnosis.broken))
    edges, _ = break_cycles([edge for edge in claims if edge.strength > config.diagnosis.tau_dep])
    student = {gap.module: gap.student for gap in diagnosis.gaps}
    teacher = {gap.module: gap.teacher for gap in diagnosis.gaps}
    gaps = find_gaps(student, teacher, edges, config.diagnosis)
    difficulty = {gap.module: max(0.0, gap.delta or 0.0) for gap in gaps if gap.targeted}
    settings = config.curriculum
    stages = admissible_stages(difficulty, edges, settings.largest_stage, tau_zpd=settings.tau_zpd)
    taught = [{module: difficulty[module] for module in stage} for stage in stages]
    rises = [d - step.reached for step in steep_steps(taught, 0.0) for d in step.modules.values()]
    return Planned(
        edges=len(edges),
        deficient=sum(gap.deficient for gap in gaps),
        targets=tuple(difficulty),
        stages=stages,
        largest_rise=max(rises, default=0.0),
        steep=len(steep_steps(taught, settings.tau_zpd)),
    )


def sweep(
    diagnosis: Diagnosis, config: RunConfig, values: Mapping[str, Sequence[float]] = VALUES
) -> dict[str, list[tuple[float, Planned]]]:
    """(value, plan) for each value of each threshold, the others as the run had them."""
    found = {}
    for symbol, tried in values.items():
        key = key_of(symbol) if symbol in SYMBOLS else None
        if key is None:
            raise UserError(f"{symbol} is no symbol with a key. Known: {', '.join(VALUES)}.")
        found[symbol] = [(value, plan(diagnosis, override(config, [f"{key.name}={value}"]))) for value in tried]
    return found


def read_run(folder: Path) -> tuple[Diagnosis, RunConfig]:
    """A run's diagnosis and config.

    Raises:
        UserError: the folder is no run, or the run has not been diagnosed.
    """
    run = RunDirectory(folder).require()
    if not run.diagnosis.exists():
        raise UserError(f"Run {run.run_id} has not been diagnosed yet: there is no {run.diagnosis}.")
    return read_record(run.diagnosis, Diagnosis), validate(run.config, RunConfig)


def show(now: Planned, found: Mapping[str, Sequence[tuple[float, Planned]]], config: RunConfig) -> None:
    """Print one line for each value."""
    from rich.table import Table

    from ioa.results.console import Console

    table = Table(title=f"As the run was: {_said(now)}", title_justify="left")
    for name in ("threshold", "value", "edges", "deficient", "targets", "stages", "largest rise", "steep", "changed"):
        table.add_column(name, justify="left" if name in {"threshold", "changed"} else "right")
    for symbol, lines in found.items():
        key = key_of(symbol)
        own = config.model_dump()
        for part in key.name.split(".") if key else ():
            own = own[part]
        for value, made in lines:
            counts = (made.edges, made.deficient, len(made.targets), len(made.stages))
            table.add_row(
                symbol,
                f"{value:g}{' *' if value == own else ''}",
                *map(str, counts),
                f"{made.largest_rise:.2f}",
                str(made.steep),
                _changes(now, made),
            )
        table.add_section()
    Console().print(table)
    print("* the run's own value")


def _said(made: Planned) -> str:
    stages = " | ".join(", ".join(stage) for stage in made.stages)
    return f"{len(made.targets)} targets in {len(made.stages)} stages: {stages}"


def _changes(now: Planned, made: Planned) -> str:
    """Targets that come and go, and those whose stage is another."""
    parts = [f"+{module}" for module in made.targets if module not in now.targets]
    parts += [f"-{module}" for module in now.targets if module not in made.targets]
    before, after = _places(now), _places(made)
    parts += [
        f"{module} {before[module]}>{after[module]}"
        for module in made.targets
        if module in before and before[module] != after[module]
    ]
    return ", ".join(parts)


def _places(made: Planned) -> dict[str, int]:
    return {module: number for number, stage in enumerate(made.stages, start=1) for module in stage}


def _values(text: str) -> tuple[str, tuple[float, ...]]:
    symbol, _, listed = text.partition("=")
    return symbol, tuple(map(float, listed.split(",")))


def main() -> None:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a run that has been diagnosed")
    parser.add_argument("--values", type=_values, nargs="*", help="symbol=value,value,...; all thresholds if none")
    options = parser.parse_args()
    try:
        diagnosis, config = read_run(options.run)
        found = sweep(diagnosis, config, dict(options.values) if options.values else VALUES)
    except UserError as error:
        parser.error(str(error))
    show(plan(diagnosis, config), found, config)


if __name__ == "__main__":
    main()
