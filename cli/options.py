"""Arguments that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

RunId = Annotated[
    str, typer.Argument(metavar="RUN", help="Id of the run: its folder's name below --runs-dir; or that folder's path.")
]
RunsDir = Annotated[Path, typer.Option("--runs-dir", help="Folder of the runs.")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="Any key of the run file: --set mastery.rounds=3")]
RunName = Annotated[str | None, typer.Option("--run-id", help="Name of the run; domain and time where none is given.")]
RunFile = Annotated[str, typer.Argument(metavar="CONFIG", help="A run file (YAML), or the name of a built-in one.")]
AsJson = Annotated[bool, typer.Option("--json", help="The same as data.")]
