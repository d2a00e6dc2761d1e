"""Which events of a run belong to which sitting: a process that worked on it from start or resume to its end."""

from pathlib import Path

from ioa.memory.files import read_records, write_records
from ioa.memory.records import Record
from ioa.memory.run_dir import RunDirectory

WORKING = "working"
KILLED = "killed"
"""Of a sitting that did not come to write down how it ended."""


class Sitting(Record):
    """One sitting."""

    events: int
    """Events in the transcript when it began."""
    status: str = WORKING
    """How it ended; `working` until it has."""


def begin(run: RunDirectory, events: int) -> list[Sitting]:
    """Write down that a sitting begins, and return all sittings so far.

    Args:
        run: The run.
        events: Events in its transcript.
    """
    known = read_records(_path(run), Sitting) or [Sitting(events=0)]
    sittings = [
        sitting.model_copy(update={"status": KILLED}) if sitting.status == WORKING else sitting
        for sitting in known
        if sitting.events < events
    ]
    sittings.append(Sitting(events=events))
    write_records(_path(run), sittings)
    return sittings


def end(run: RunDirectory, status: str) -> None:
    """Write down how the last one ended."""
    known = read_records(_path(run), Sitting)
    if known:  # else somebody has deleted the file while the run worked
        write_records(_path(run), [*known[:-1], known[-1].model_copy(update={"status": status})])


def sittings_of(run: RunDirectory, status: str) -> list[Sitting]:
    """The sittings of a run; one where none was written down.

    Args:
        run: The run.
        status: How it ended, where that was not written down.
    """
    return read_records(_path(run), Sitting) or [Sitting(events=0, status=status)]


def _path(run: RunDirectory) -> Path:
    return run.root / "sittings.jsonl"
