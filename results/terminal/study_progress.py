"""Telling a person how a study goes on, while its runs are done."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TimeElapsedColumn

from ioa.evaluation.study_file import Cell
from ioa.evaluation.study_work import StudyFolder, Watch, last_line
from ioa.memory.plain_text import plain
from ioa.results.console import Console
from ioa.results.terminal.progress import NameColumn

LONGEST = 70
"""Characters of what a run printed last."""


@contextmanager
def study_progress(folder: StudyFolder, runs: int) -> Iterator[Watch]:
    """How many runs are done, what each of those under way printed last, and a line for each that begins and ends."""
    columns = (NameColumn(), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield _Watcher(folder, progress, runs)


class _Watcher:
    """See `study_progress`."""

    def __init__(self, folder: StudyFolder, progress: Progress, runs: int) -> None:
        self._folder = folder
        self._progress = progress
        self._all = progress.add_task("runs", total=runs)
        self._shown: dict[str, TaskID] = {}

    def __call__(self, done: Sequence[Cell], failed: Sequence[Cell], now: Sequence[Cell]) -> None:
        """See `Watch`."""
        self._progress.update(self._all, completed=len(done) + len(failed))
        ended = {cell.run_id: "finished" for cell in done} | {cell.run_id: "failed" for cell in failed}
        for name in [name for name in self._shown if name in ended]:
            self._progress.remove_task(self._shown.pop(name))
            self._progress.console.print(f"{name}: {ended[name]}")
        for cell in now:
            text = f"  {cell.run_id}: {plain(last_line(self._folder, cell))[:LONGEST]}"
            if cell.run_id not in self._shown:
                self._progress.console.print(f"{cell.run_id}: begun")
                self._shown[cell.run_id] = self._progress.add_task(text, total=None)
            self._progress.update(self._shown[cell.run_id], description=text)
