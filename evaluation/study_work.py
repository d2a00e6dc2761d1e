"""The runs of a study, done on this machine: one after the other, or some at a time, each in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from ioa.evaluation.study_file import Cell, Executor
from ioa.graph.config import read_run_config
from ioa.memory.errors import UserError
from ioa.memory.files import write_text
from ioa.memory.run_dir import RunDirectory

State = Literal["finished", "begun", "to do"]
_LOOK = 0.5
"""Seconds between two looks at the processes."""
_PATIENCE = 60.0
"""Seconds that an interrupted run has to leave its folder in order."""


@dataclass(frozen=True)
class StudyFolder:
    """Where a study is kept: its runs in one folder, as `ioa run` would leave them, and what they printed."""

    root: Path

    @property
    def runs(self) -> Path:
        """The runs; any command that takes `--runs-dir` reads them."""
        return self.root / "runs"

    def run(self, cell: Cell) -> RunDirectory:
        """The folder of a run."""
        return RunDirectory.at(self.runs, cell.run_id)

    def config(self, cell: Cell) -> Path:
        """The run file that a run is begun with."""
        return self.root / "configs" / f"{cell.run_id}.yaml"

    def log(self, cell: Cell) -> Path:
        """What the run's process printed."""
        return self.root / "logs" / f"{cell.run_id}.log"

    def state(self, cell: Cell) -> State:
        """How far a run is."""
        run = self.run(cell)
        if not run.config.exists():
            return "to do"
        try:
            status = json.loads((run.root / "summary.json").read_text(encoding="utf-8")).get("status")
        except (OSError, ValueError):
            status = ""
        return "finished" if status == "finished" else "begun"


def check_unchanged(folder: StudyFolder, cells: Sequence[Cell]) -> None:
    """See that runs that exist are what the study now says; arms, seeds and budgets may be added.

    Raises:
        UserError: one is not: which key, and how it was.
    """
    for cell in cells:
        run = folder.run(cell)
        if not run.config.exists():
            continue
        was, now = read_run_config(run).model_dump(mode="json"), cell.config.model_dump(mode="json")
        changed = next((key for key in now if was.get(key) != now[key]), None)
        if changed:
            inner = _first_change(was.get(changed), now[changed])
            raise UserError(
                f"{run.root}: this run exists, and the study now describes another: {changed}{inner}. A study whose "
                "arms were run under two descriptions compares nothing. Undo the change, give the arm another name, "
                "or keep the new study in another folder (--out)."
            )


def _first_change(was: object, now: object) -> str:
    if isinstance(was, dict) and isinstance(now, dict):
        key = next(key for key in (*now, *was) if was.get(key) != now.get(key))
        return f".{key}{_first_change(was.get(key), now.get(key))}"
    return f" was {was!r} and is {now!r}"


Watch = Callable[[Sequence[Cell], Sequence[Cell], Sequence[Cell]], None]
"""Told now and then which runs are finished, which have failed, and which are under way."""


def work_on(folder: StudyFolder, cells: Sequence[Cell], executor: Executor, watch: Watch) -> list[Cell]:
    """Do all runs that are not finished; one that fails stops nobody.

    Returns:
        Those that failed.

    Raises:
        KeyboardInterrupt: interrupted; the runs under way were, too, and can be gone on with.
    """
    done = [cell for cell in cells if folder.state(cell) == "finished"]
    waiting = [cell for cell in cells if cell not in done]
    failed: list[Cell] = []
    under_way: dict[str, tuple[Cell, subprocess.Popen[bytes]]] = {}
    with _ended_with_us(under_way):
        while waiting or under_way:
            while waiting and len(under_way) < executor.jobs:
                cell = waiting.pop(0)
                under_way[cell.run_id] = cell, _begin(folder, cell, executor.threads)
            for name, (cell, process) in list(under_way.items()):
                if process.poll() is None:
                    continue
                del under_way[name]
                (done if folder.state(cell) == "finished" else failed).append(cell)
            watch(done, failed, [cell for cell, _ in under_way.values()])
            if under_way:
                time.sleep(_LOOK)
    return failed


def _begin(folder: StudyFolder, cell: Cell, threads: int) -> "subprocess.Popen[bytes]":
    run = folder.run(cell)
    if run.config.exists():
        command = ["resume", cell.run_id]
    else:
        write_text(folder.config(cell), cell.config.to_yaml())
        command = ["run", str(folder.config(cell)), "--run-id", cell.run_id]
    folder.log(cell).parent.mkdir(parents=True, exist_ok=True)
    with folder.log(cell).open("ab") as log:
        return _start([*command, "--runs-dir", str(folder.runs)], log, threads)


def _start(command: Sequence[str], log: IO[bytes], threads: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "ioa.cli.main", *command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        start_new_session=True,  # a Ctrl-C is for us to pass on, once
    )


@contextmanager
def _ended_with_us(under_way: "dict[str, tuple[Cell, subprocess.Popen[bytes]]]") -> Iterator[None]:
    """Interrupt the runs under way where this process is, and wait until they have left their folders in order."""
    try:
        yield
    except BaseException:
        processes = [process for _, process in under_way.values() if process.poll() is None]
        for process in processes:
            process.send_signal(signal.SIGINT)
        end = time.monotonic() + _PATIENCE
        for process in processes:
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
        raise


def last_line(folder: StudyFolder, cell: Cell) -> str:
    """The last thing that a run's process printed; empty where it printed nothing."""
    try:
        with folder.log(cell).open("rb") as log:
            log.seek(max(0, folder.log(cell).stat().st_size - 2_000))
            lines = log.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
