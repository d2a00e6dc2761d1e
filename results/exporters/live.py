"""Telling other tools of a run while it works, from a thread of its own that reads the transcript."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

from typing_extensions import override

from ioa.graph.config import RunConfig
from ioa.graph.listeners import Listener
from ioa.memory.errors import UserError
from ioa.memory.files import read_lines
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import TranscriptEvent, TranscriptReader
from ioa.results.exporters import sittings
from ioa.results.exporters.extras import check_exporters
from ioa.results.run_names import runs_dir_option

EVERY = 1.0
"""Seconds between two looks at the transcript."""


class EventSink(Protocol):
    """Somebody who is told the events of a run."""

    lost: int
    """What was given up."""

    def take(self, events: Iterable[TranscriptEvent]) -> bool:
        """Hear what follows in the transcript; whether it could be passed on."""

    def close(self, status: str, deadline: float) -> bool:
        """Hear how the sitting ended; whether all could be passed on by that `time.monotonic`."""


class Follower:
    """Reads a transcript as it grows, in a thread that never holds up the run and never ends it."""

    def __init__(self, run: RunDirectory, name: str, where: str, sink: EventSink, say: Callable[[str], None]) -> None:
        """Start it.

        Args:
            run: The run.
            name: Of the exporter, as `ioa export --to` takes it.
            where: Where it exports to, for messages.
            sink: Told of the events.
            say: Shows a line to the person at the screen.
        """
        self._where, self._sink, self._say = where, sink, say
        self._command = f"ioa export {run.run_id} --to {name}{runs_dir_option(run.root.parent)}"
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
        if self._thread.is_alive() or self._sink.lost:
            self._say(f"Not everything reached {self._where}. Send it now: {self._command}")

    def _follow(self) -> None:
        try:
            while not self._stop.wait(EVERY):
                self._note_arrival(self._sink.take(self._reader.read()))
            self._note_arrival(self._sink.take(self._reader.read()))
            self._note_arrival(self._sink.close(self._status, self._deadline))
        except Exception as error:  # noqa: BLE001 - whatever another tool does wrong, the run goes on
            self._say(
                f"Nothing more is exported to {self._where}: {str(error)[:500]} Send it afterwards: {self._command}"
            )

    def _note_arrival(self, arrived: bool) -> None:
        if not arrived and not self._failed:
            self._failed = True
            self._say(f"{self._where} does not answer; the run goes on without it.")


class ExportListener(Listener):
    """Tells OpenTelemetry and MLflow of a run while it works; without exporters in the run file, it does nothing."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """Nothing is told yet.

        Args:
            say: Shows a line to the person at the screen; called from threads of its own.
        """
        self._say = say
        self._run: RunDirectory | None = None
        self._followers: list[tuple[Follower, float]] = []

    @override
    def prepare(self, config: RunConfig) -> None:
        """See `Listener`."""
        check_exporters(config.exporters, config.training.report_to)

    @override
    def run_begun(self, run: RunDirectory, config: RunConfig) -> None:
        """Begin to follow the transcript.

        Raises:
            UserError: a file to export to cannot be written.
        """
        from ioa.results.exporters.otel import switched_off

        exporters = config.exporters
        otel = None if switched_off() else exporters.otel
        if otel is None and exporters.mlflow is None:
            return
        from ioa.results.exporters.mlflow_store import PATIENCE, MlflowListener
        from ioa.results.exporters.otel import OtelListener, endpoint_text, open_sink

        # All that can fail comes first: nobody follows, and no sitting is written down, unless all can be told.
        sink = None if otel is None else open_sink(otel)
        told = None if exporters.mlflow is None else MlflowListener(run, exporters.mlflow)
        known = sittings.begin(run, sum(1 for _ in read_lines(run.transcript)))
        self._run = run
        if otel is not None and sink is not None:
            spans = OtelListener(run, otel, known, sink)
            follower = Follower(run, "otel", endpoint_text(otel), spans, self._say)
            self._followers.append((follower, 2 * otel.timeout))
        if told is not None:
            self._followers.append((Follower(run, "mlflow", "MLflow", told, self._say), PATIENCE))

    @override
    def run_ended(self, status: str) -> None:
        """See `Listener`; what could not be passed on in time is said."""
        if self._run is None:
            return
        with suppress(UserError, OSError):  # a full disk is said already by what ended the run
            sittings.end(self._run, status)
        for follower, patience in self._followers:
            follower.close(status, patience)
        self._run, self._followers = None, []
