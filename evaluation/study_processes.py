"""A run of a study as a process: how it is started and interrupted, wherever it is; and those of this machine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ioa.evaluation.study_file import Cell, ExecutorSettings
from ioa.evaluation.study_work import LOOK, StudyFolder
from ioa.memory.files import write_text
from ioa.memory.run_dir import RunDirectory

PATIENCE = 60.0
"""Seconds that an interrupted run has to leave its folder in order."""
FREED = 120.0
"""Seconds for which a run's folder may still be held by what is left of its last process, or by its file server."""
Process = subprocess.Popen[bytes]


def start_run(folder: StudyFolder, cell: Cell, threads: int, where: Path | None = None) -> Process:
    """Begin a run as `ioa run` would, or go on with it as `ioa resume` would where its folder is there.

    What it prints goes into its log. It ends by itself, in order, when the process that started it is gone.

    Args:
        folder: The study's.
        cell: Which run.
        threads: Of PyTorch.
        where: The folder in which the command is given; the current one where none is named.
    """
    _wait_until_free(folder.run(cell))
    if folder.run(cell).config.exists():
        command = ["resume", cell.run_id]
    else:
        write_text(folder.config(cell), cell.config.to_yaml())
        command = ["run", str(folder.config(cell)), "--run-id", cell.run_id]
    folder.log(cell).parent.mkdir(parents=True, exist_ok=True)
    with folder.log(cell).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "ioa.cli.study_process", str(os.getpid()), *command, "--runs-dir", str(folder.runs)],
            cwd=where,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            start_new_session=True,  # a Ctrl-C is for us to pass on, once
        )


def _wait_until_free(run: RunDirectory) -> None:
    """What is left of a killed process puts the folder in order first, and a file server keeps a lock for a while."""
    end = time.monotonic() + FREED
    while run.held and time.monotonic() < end:
        time.sleep(LOOK)


def interrupt_runs(processes: Sequence[Process]) -> None:
    """Interrupt these runs, and wait until they have left their folders in order."""
    running = [process for process in processes if process.poll() is None]
    for process in running:
        process.send_signal(signal.SIGINT)
    end = time.monotonic() + PATIENCE
    for process in running:
        try:
            process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()


class LocalExecutor:
    """The runs as processes of this machine; see `Executor`."""

    def __init__(self, folder: StudyFolder, settings: ExecutorSettings) -> None:
        self._folder = folder
        self._settings = settings
        self._under_way: list[tuple[Cell, Process]] = []

    def capacity(self) -> int:
        """As many as the study says."""
        return self._settings.jobs or 1

    def begin(self, cell: Cell) -> None:
        """Start its process."""
        self._under_way.append((cell, start_run(self._folder, cell, self._settings.torch_threads)))

    def ended(self) -> list[tuple[Cell, bool]]:
        """Those whose process has ended."""
        ended = [cell for cell, process in self._under_way if process.poll() is not None]
        self._under_way = [(cell, process) for cell, process in self._under_way if cell not in ended]
        return [(cell, self._folder.state(cell) == "finished") for cell in ended]

    def interrupt(self) -> None:
        """Interrupt their processes."""
        interrupt_runs([process for _, process in self._under_way])
