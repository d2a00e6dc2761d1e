"""`ioa runs`: all runs of a folder."""

import shlex

from ioa.cli.options import AsJson, RunsDir
from ioa.cli.output import echo, echo_json
from ioa.memory.errors import UserError
from ioa.results.run_names import RUNS


def runs(as_json: AsJson = False, runs_dir: RunsDir = RUNS) -> None:
    """All runs of a folder: where each is, what came of it and what it cost."""
    from ioa.results.run_cards import list_runs
    from ioa.results.terminal.pager import wide_console
    from ioa.results.terminal.runs_table import runs_table

    if runs_dir != RUNS and not runs_dir.is_dir():
        raise UserError(f"--runs-dir {runs_dir}: there is no such folder. Name the one that the runs are in.")
    cards = list_runs(runs_dir)
    if as_json:
        echo_json([card.model_dump(mode="json") for card in cards])
    elif cards:
        wide_console().print(runs_table(cards))
    elif (runs_dir / "config.yaml").is_file():
        echo(f"{runs_dir} is a run, not a folder of runs: ioa show {shlex.quote(str(runs_dir))}", err=True)
    else:
        there = f"{runs_dir} has no runs" if runs_dir.is_dir() else f"There is no folder {runs_dir}"
        echo(f"{there}. Start one with `ioa run arithmetic`, or name another folder: --runs-dir.", err=True)
