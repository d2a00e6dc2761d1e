"""`ioa plan`: diagnose and plan, and stop before anything is taught."""

from pathlib import Path
from typing import Annotated

import typer

from ioa.cli.following import following, resumable
from ioa.cli.options import RunFile, RunName, RunsDir, Settings
from ioa.cli.output import echo
from ioa.memory.errors import Paused, UserError
from ioa.results.run_names import RUNS


def plan(
    config: RunFile,
    out: Annotated[Path | None, typer.Option(help="Also write the curriculum to this file.")] = None,
    settings: Settings = None,
    run_id: RunName = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Diagnose and plan, and stop before anything is taught; the run goes on with `ioa resume`."""
    from ioa.graph.config import load_config, override
    from ioa.graph.runner import new_run_id, start
    from ioa.memory.run_dir import RunDirectory, check_run_id

    configured = override(load_config(config), [*(settings or []), "curriculum.review=true"])
    name = check_run_id(run_id or new_run_id(configured.domain))
    if out is not None and not out.parent.is_dir():
        raise UserError(f"--out {out}: there is no folder {out.parent}. Make it, or choose another.")
    try:
        with resumable(name, runs_dir), following() as listener:
            start(configured, runs_dir, name, listener)
    except Paused as paused:
        from ioa.cli.review import stages_table
        from ioa.results.console import Console

        made = RunDirectory.at(runs_dir, name)
        Console().print(stages_table(made))
        if out is not None:
            out.write_text(made.curriculum.read_text(encoding="utf-8"), encoding="utf-8")
            echo(f"Edit {out}, then teach it with: ioa run {config} --curriculum {out}")
        echo(paused, err=True)
    else:
        echo("No module is a target: there is nothing to teach.")
