"""The runs of a study, in one folder, and how they are done: one after the other, or some at a time."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from pydantic import ConfigDict

from ioa.evaluation.study_file import Cell
from ioa.graph.config import RunConfig, read_run_config
from ioa.memory.errors import UserError
from ioa.memory.files import read_record
from ioa.memory.records import Record
from ioa.memory.run_dir import RunDirectory

State = Literal["finished", "begun", "to do"]
LOOK = 0.5
"""Seconds between two looks at the runs under way."""


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

    def result(self, cell: Cell) -> Path:
        """What is kept of a finished run: a study can be read from these alone, without the runs."""
        return self.root / "results" / f"{cell.run_id}.json"

    def log(self, cell: Cell) -> Path:
        """What the run's process printed."""
        return self.root / "logs" / f"{cell.run_id}.log"

    def state(self, cell: Cell) -> State:
        """How far a run is."""
        if self.result(cell).exists():
            return "finished"
        run = self.run(cell)
        if not run.config.exists():
            return "to do"
        try:
            status = json.loads(run.summary.read_text(encoding="utf-8")).get("status")
        except (OSError, ValueError):
            status = ""
        return "finished" if status == "finished" else "begun"


def check_unchanged(folder: StudyFolder, cells: Sequence[Cell]) -> None:
    """See that runs that exist are what the study now says; arms, seeds and budgets may be added.

    Raises:
        UserError: one is not: which key, and how it was.
    """
    for cell in cells:
        now = cell.config.model_dump(mode="json")
        for place, was in _begun_with(folder, cell):
            changed = next((key for key in now if was.get(key) != now[key]), None)
            if changed:
                inner = _first_change(was.get(changed), now[changed])
                raise UserError(
                    f"{place}: this run exists, and the study now describes another: {changed}{inner}. A study whose "
                    "arms were run under two descriptions compares nothing. Undo the change, give the arm another "
                    "name, or keep the new study in another folder (--out)."
                )


def _begun_with(folder: StudyFolder, cell: Cell) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Where a run stands, and its run file; nothing of one that was not begun, and two where its result is kept."""
    run, result = folder.run(cell), folder.result(cell)
    if run.config.exists():
        yield run.root, read_run_config(run).model_dump(mode="json")
    if result.exists():  # what the tables are made of, and it may have come from elsewhere
        yield result, read_kept(result, FinishedRun).config.model_dump(mode="json")


def _first_change(was: object, now: object) -> str:
    if isinstance(was, dict) and isinstance(now, dict):
        key = next(key for key in (*now, *was) if (key in was, was.get(key)) != (key in now, now.get(key)))
        return f".{key}{_first_change(was.get(key), now.get(key))}"
    return f" was {was!r} and is {now!r}"


class FinishedRun(Record):
    """What is kept of a finished run, beside what its numbers are made of."""

    model_config = ConfigDict(extra="ignore")  # the numbers are read by who knows them

    config: RunConfig
    """Its run file, with every default."""


Kept = TypeVar("Kept", bound=FinishedRun)


def read_kept(path: Path, kind: type[Kept]) -> Kept:
    """Read what is kept of a finished run.

    Raises:
        UserError: it is not that, and what to do.
    """
    try:
        return read_record(path, kind)
    except UserError as error:
        raise UserError(
            f"{error}\nPut the file back, or delete it: then it is made anew from the run, which is done again where "
            "its folder is gone."
        ) from error


class Executor(Protocol):
    """Where the runs of a study are done, each in a process of its own."""

    def capacity(self) -> int:
        """Runs that can be under way at a time, at least 1; it may change."""
        ...

    def begin(self, cell: Cell) -> None:
        """Begin a run, or go on with it where its folder is there."""
        ...

    def ended(self) -> list[tuple[Cell, bool]]:
        """The runs that ended since this was last asked, and whether each is finished; the others failed.

        Raises:
            UserError: the place itself is lost, and which.
        """
        ...

    def interrupt(self) -> None:
        """Interrupt the runs under way, and wait until they have left their folders in order."""
        ...


Watch = Callable[[Sequence[Cell], Sequence[Cell], Sequence[Cell]], None]
"""Told now and then which runs are finished, which have failed, and which are under way."""


def work_on(folder: StudyFolder, cells: Sequence[Cell], executor: Executor, watch: Watch) -> list[Cell]:
    """Do all runs that are not finished; one that fails stops nobody.

    Returns:
        Those that failed.

    Raises:
        KeyboardInterrupt: interrupted; the runs under way were, too, and can be gone on with.
        UserError: the place where the runs are done is lost.
    """
    done = [cell for cell in cells if folder.state(cell) == "finished"]
    waiting = [cell for cell in cells if cell not in done]
    failed: list[Cell] = []
    under_way: dict[str, Cell] = {}
    try:
        while waiting or under_way:
            for _ in range(min(len(waiting), executor.capacity() - len(under_way))):
                cell = waiting.pop(0)
                executor.begin(cell)
                under_way[cell.run_id] = cell
            for cell, finished in executor.ended():
                del under_way[cell.run_id]
                (done if finished else failed).append(cell)
            watch(done, failed, list(under_way.values()))
            if under_way:
                time.sleep(LOOK)
    except BaseException:
        executor.interrupt()
        raise
    return failed


def last_line(folder: StudyFolder, cell: Cell) -> str:
    """The last thing that a run's process printed; empty where it printed nothing."""
    try:
        with folder.log(cell).open("rb") as log:
            log.seek(max(0, folder.log(cell).stat().st_size - 2_000))
            lines = log.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
