"""Arguments that several commands have."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

RUNS = Path("runs")

RunId = Annotated[
    str, typer.Argument(metavar="RUN", help="Id of the run: its folder's name below --runs-dir; or that folder's path.")
]
RunsDir = Annotated[Path, typer.Option("--runs-dir", help="Folder of the runs.")]


def where(runs_dir: Path) -> str:
    """The option that a suggested command needs, with a space before it; empty for the usual folder."""
    return "" if runs_dir == RUNS else f" --runs-dir {shlex.quote(str(runs_dir))}"
