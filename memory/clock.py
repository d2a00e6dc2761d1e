"""How long a run took, over all its sittings: by node of its graph, and by what it waited for meanwhile."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Literal, Protocol

import psutil

from ioa.memory.files import read_record, write_record
from ioa.memory.records import Record

Activity = Literal["training", "generation", "teacher"]
ACTIVITIES: tuple[Activity, ...] = ("training", "generation", "teacher")
"""What a run does; where several go on at once, their time counts towards the first of them alone."""


class Work(Record):
    """What was done in one activity."""

    seconds: float = 0.0
    """Time in which it went on and nothing before it in `ACTIVITIES` did."""
    items: int = 0
    """Lessons trained, replies written, answers of teachers; a lesson counts each time it is trained."""
    tokens: int = 0
    """Of the lessons, prompts included; of the replies that were written; of the teachers' answers. Without padding."""
    flops: float = 0.0
    """Floating-point operations, as `ForwardCost` counts them; 0 where they are not known."""


class Timing(Record):
    """What the clock shows."""

    wall_seconds: float = 0.0
    """Time in which a process worked on the run."""
    peak_rss_bytes: int = 0
    """Largest resident memory of any process that worked on it."""
    phases: Mapping[str, float] = {}
    """Seconds in each node of the graph."""
    metered_seconds: float = 0.0
    """The part of `wall_seconds` in which activities were counted: all of it, unless an earlier version of the program
    began the run."""
    activities: Mapping[Activity, Work] = {}
    """What was done in them; empty where they were not counted."""


class Meter(Protocol):
    """Told by those who do a run's work how long it takes and how much it is."""

    def during(self, activity: Activity) -> AbstractContextManager[None]:
        """Count the time of the block towards the activity."""
        ...

    def count(self, activity: Activity, *, items: int = 0, tokens: int = 0, flops: float = 0.0) -> None:
        """Count what was done."""
        ...


class Unmetered:
    """A `Meter` that counts nothing, for work outside of any run."""

    def during(self, _: Activity) -> AbstractContextManager[None]:
        """See `Meter`."""
        return nullcontext()

    def count(self, activity: Activity, *, items: int = 0, tokens: int = 0, flops: float = 0.0) -> None:
        """See `Meter`."""


class Clock:
    """Adds up time on disk, so that a resumed run still knows its whole cost; a `Meter` that any thread may use."""

    def __init__(self, path: Path, began: float | None = None) -> None:
        """Go on from what is on disk.

        Args:
            path: The file.
            began: Since when this process works on the run, by `time.monotonic`; none: since now.
        """
        self._path = path
        self._before = read_record(path, Timing) if path.exists() else Timing()
        self._started = time.monotonic() if began is None else began
        self._phases = dict(self._before.phases)
        self._lock = threading.Lock()
        self._under_way: Counter[Activity] = Counter()
        self._settled = time.monotonic()
        self._work = {activity: self._before.activities.get(activity, Work()) for activity in ACTIVITIES}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the time of the block towards that phase, also when it fails."""
        started = time.monotonic()
        try:
            yield
        finally:
            self._phases[name] = self._phases.get(name, 0.0) + time.monotonic() - started
            self.save()

    @contextmanager
    def during(self, activity: Activity) -> Iterator[None]:
        """See `Meter`."""
        self._change(activity, 1)
        try:
            yield
        finally:
            self._change(activity, -1)

    def count(self, activity: Activity, *, items: int = 0, tokens: int = 0, flops: float = 0.0) -> None:
        """See `Meter`."""
        with self._lock:
            self._add(activity, Work(items=items, tokens=tokens, flops=flops))

    def _change(self, activity: Activity, by: int) -> None:
        with self._lock:
            self._settle()
            self._under_way[activity] += by

    def _settle(self) -> None:
        """Give the time since this was last called to what went on in it."""
        now = time.monotonic()
        first = next((activity for activity in ACTIVITIES if self._under_way[activity]), None)
        if first is not None:
            self._add(first, Work(seconds=now - self._settled))
        self._settled = now

    def _add(self, activity: Activity, more: Work) -> None:
        done = self._work[activity]
        self._work[activity] = Work(
            seconds=done.seconds + more.seconds,
            items=done.items + more.items,
            tokens=done.tokens + more.tokens,
            flops=done.flops + more.flops,
        )

    def timing(self) -> Timing:
        """The state now."""
        with self._lock:
            self._settle()
            passed = self._settled - self._started
            return Timing(
                wall_seconds=self._before.wall_seconds + passed,
                peak_rss_bytes=max(self._before.peak_rss_bytes, peak_rss_bytes()),
                phases=dict(self._phases),
                metered_seconds=self._before.metered_seconds + passed,
                activities=dict(self._work),
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
