"""`ioa resume`: go on with a run."""

from typing import Annotated

import typer

from ioa.cli.following import following, resumable, show_closing
from ioa.cli.options import RunId, RunsDir
from ioa.results.run_names import RUNS


def resume(
    run_id: RunId,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A key that may change on the way: --set budget.usd=5, --set teacher.rpm=60"),
    ] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Go on with a run that was interrupted, killed or stopped by an error."""
    from ioa.graph import runner

    with resumable(run_id, runs_dir), following() as listener:
        made = runner.resume(runs_dir, run_id, listener, settings or [])
    show_closing(made)
