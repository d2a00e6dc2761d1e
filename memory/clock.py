"""How long each phase of a run took, over all its sittings."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from ioa.memory.files import read_record, write_record
from ioa.memory.records import Record


class Timing(Record):
    """What the clock shows."""

    wall_seconds: float = 0.0
    """Time in which a process worked on the run."""
    peak_rss_bytes: int = 0
    """Largest resident memory of any process that worked on it."""
    phases: Mapping[str, float] = {}
    """Seconds in each node of the graph."""


class Clock:
    """Adds up time on disk, so that a resumed run still knows its whole cost."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = read_record(path, Timing) if path.exists() else Timing()
        self._started = time.monotonic()
        self._phases = dict(self._before.phases)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the time of the block towards that phase, also when it fails."""
        started = time.monotonic()
        try:
            yield
        finally:
            self._phases[name] = self._phases.get(name, 0.0) + time.monotonic() - started
            self.save()

    def timing(self) -> Timing:
        """The state now."""
        return Timing(
            wall_seconds=self._before.wall_seconds + time.monotonic() - self._started,
            peak_rss_bytes=max(self._before.peak_rss_bytes, peak_rss_bytes()),
            phases=self._phases,
        )

    def save(self) -> None:
        """Write the state to disk."""
        write_record(self._path, self.timing())


def peak_rss_bytes() -> int:
    """The largest resident memory this process has had, in bytes.

    Where the system does not keep it, what is resident now.
    """
    try:
        import resource
    except ImportError:  # Windows
        return int(psutil.Process().memory_info().rss)
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # getrusage counts in bytes on macOS and in kibibytes on Linux.
    return peak if sys.platform == "darwin" else peak * 1024
