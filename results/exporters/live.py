"""Telling other tools of a run while it works, from a thread of its own that reads the transcript."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from ioa.cli.shared_options import where as where_option
from ioa.graph.settings.exporters import ExporterSettings
from ioa.memory.errors import UserError
from ioa.memory.files import read_lines
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import TranscriptEvent, TranscriptReader
from ioa.results.exporters import sittings

EVERY = 1.0
"""Seconds between two looks at the transcript."""


class Listener(Protocol):
    """Somebody who is told of a run."""

    lost: int
    """What was given up."""

    def take(self, events: Iterable[TranscriptEvent]) -> bool:
        """Hear what follows in the transcript; whether it could be passed on."""

    def close(self, status: str, deadline: float) -> bool:
        """Hear how the sitting ended; whether all could be passed on by that `time.monotonic`."""


@dataclass
class Ending:
    """How the sitting ends; set by the one who knows."""

    status: str = "finished"


class Follower:
    """Reads a transcript as it grows, in a thread that never holds up the run and never ends it."""

    def __init__(
        self, run: RunDirectory, name: str, where: str, listener: Listener, say: Callable[[str], None]
    ) -> None:
        """Start it.

        Args:
            run: The run.
            name: Of the exporter, as `ioa export --to` takes it.
            where: Where it exports to, for messages.
            listener: Told of the events.
            say: Shows a line to the person at the screen.
        """
        self._where, self._listener, self._say = where, listener, say
        self._command = f"ioa export {run.run_id} --to {name}{where_option(run.root.parent)}"
        self._reader = TranscriptReader(run.transcript)
        self._stop = threading.Event()
        self._status, self._deadline, self._failed = "", float("inf"), False
        self._thread = threading.Thread(target=self._follow, name=f"ioa-export-{name}", daemon=True)
        self._thread.start()

    def close(self, status: str, patience: float) -> None:
        """Pass on the rest, for at most that many seconds."""
        self._status, self._deadline = status, time.monotonic() + patience
        self._stop.set()
        self._thread.join(patience + 1)
        if self._thread.is_alive() or self._listener.lost:
            self._say(f"Not everything reached {self._where}. Send it now: {self._command}")

    def _follow(self) -> None:
        try:
            while not self._stop.wait(EVERY):
                self._told(self._listener.take(self._reader.read()))
            self._told(self._listener.take(self._reader.read()))
            self._told(self._listener.close(self._status, self._deadline))
        except Exception as error:  # noqa: BLE001 - whatever another tool does wrong, the run goes on
            self._say(
                f"Nothing more is exported to {self._where}: {str(error)[:500]} Send it afterwards: {self._command}"
            )

    def _told(self, arrived: bool) -> None:
        if not arrived and not self._failed:
            self._failed = True
            self._say(f"{self._where} does not answer; the run goes on without it.")


@contextmanager
def exporting(run: RunDirectory, exporters: ExporterSettings, say: Callable[[str], None]) -> Iterator[Ending]:
    """Tell other tools of what happens in the block; without exporters, nothing is done.

    Args:
        run: The run, held by this process.
        exporters: Whom to tell.
        say: Shows a line to the person at the screen.

    Yields:
        Where to write how it ended, unless it finished.

    Raises:
        UserError: a file to export to cannot be written.
    """
    from ioa.results.exporters.otel import switched_off

    ending = Ending()
    otel = None if switched_off() else exporters.otel
    if otel is None and exporters.mlflow is None:
        yield ending
        return
    events = sum(1 for _ in read_lines(run.transcript))
    known = sittings.begin(run, events)
    followers: list[tuple[Follower, float]] = []
    if otel is not None:
        from ioa.results.exporters.otel import OtelListener, open_sink, told_endpoint

        listener = OtelListener(run, otel, known, open_sink(otel))
        followers.append((Follower(run, "otel", told_endpoint(otel), listener, say), 2 * otel.timeout))
    if exporters.mlflow is not None:
        from ioa.results.exporters.mlflow_listener import PATIENCE, MlflowListener

        told = MlflowListener(run, exporters.mlflow)
        followers.append((Follower(run, "mlflow", "MLflow", told, say), PATIENCE))
    try:
        yield ending
    finally:
        with suppress(UserError, OSError):  # a full disk is said already by what ended the run
            sittings.end(run, ending.status)
        for follower, patience in followers:
            follower.close(ending.status, patience)
