"""The run that a person means."""

from pathlib import Path

from ioa.cli.shared_options import where
from ioa.memory.errors import UserError
from ioa.memory.run_dir import RUN_ID, RunDirectory


def open_run(runs_dir: Path, name: str) -> RunDirectory:
    """The run of that id in a folder of runs, or whose own folder that is; a slash at the end does not matter.

    Raises:
        UserError: there is no such run; the message lists the ones there are.
    """
    named = name.rstrip("/\\") or name
    if RUN_ID.fullmatch(named) and (runs_dir / named / "config.yaml").is_file():
        return RunDirectory.at(runs_dir, named)
    folder = _folder(name)
    if (folder / "config.yaml").is_file():
        return RunDirectory(folder.resolve())
    if "/" in named and folder.name not in {"", ".."}:
        return RunDirectory(folder).require()
    return RunDirectory.at(runs_dir, named).require()


def _folder(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError as error:
        raise UserError(f"{name}: there is no such person, so no such folder ({error})") from error


def option_for(run: RunDirectory, runs_dir: Path) -> str:
    """The `--runs-dir` that a suggested command needs to find the run, with a space before it; empty for the usual."""
    if (runs_dir / run.run_id).resolve() == run.root.resolve():
        return where(runs_dir)
    return where(run.root.parent)
