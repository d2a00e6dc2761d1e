"""Keeping a run's MLflow run up to date while it works."""

import time
from collections.abc import Iterable

from ioa.graph.settings.exporters import MlflowSettings
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import DecisionEvent, TranscriptEvent
from ioa.results.exporters.mlflow_store import export_mlflow

PATIENCE = 120.0
"""Seconds that the end of a run waits for MLflow; a long trace in SQLite takes some."""
_NEWS = {"diagnose", "plan", "assess"}
"""Nodes after which there are new numbers."""


class MlflowListener:
    """Exports anew where there is something new; the trace only at the end."""

    lost = 0
    """1 where the end came too late for the last export."""

    def __init__(self, run: RunDirectory, settings: MlflowSettings) -> None:
        self._run, self._settings = run, settings

    def take(self, events: Iterable[TranscriptEvent]) -> bool:
        """Export the numbers after a node that brings some."""
        if any(isinstance(event, DecisionEvent) and event.context.node in _NEWS for event in events):
            export_mlflow(self._run, "running", self._settings, traces=False)
        return True

    def close(self, status: str, deadline: float) -> bool:
        """Export everything."""
        if time.monotonic() < deadline:
            export_mlflow(self._run, status, self._settings)
        else:
            self.lost = 1
        return True
