"""A run as a run of MLflow: found again by its tag, so that exporting twice makes no second one."""

import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ioa.graph.settings.exporters import MlflowSettings, OtelSettings
from ioa.memory.errors import UserError
from ioa.memory.redaction import redact_strings
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import TranscriptReader
from ioa.memory.yaml_values import read_value
from ioa.results.exporters.export_text import clean
from ioa.results.exporters.measures import Point, all_points
from ioa.results.facts import read_facts
from ioa.results.summary import summarise

if TYPE_CHECKING:
    from mlflow import MlflowClient
from collections.abc import Iterable

from ioa.memory.transcript import DecisionEvent, TranscriptEvent

TAG = "ioa.run"
_STATUS = {"finished": "FINISHED", "running": "RUNNING", "failed": "FAILED", "out of budget": "FAILED"}
_AT_ONCE = 500
"""Metrics in a request; MLflow takes a thousand."""
_LONGEST = 5_000
"""Characters of a parameter; MLflow takes six thousand."""


def open_client(settings: MlflowSettings) -> "MlflowClient":
    """A client of the store that the settings name, with MLflow's own telemetry off and short patience.

    Raises:
        UserError: MLflow has no such store.
    """
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    for name, value in {"TIMEOUT": "10", "MAX_RETRIES": "1"}.items():
        os.environ.setdefault(f"MLFLOW_HTTP_REQUEST_{name}", value)
    os.environ.setdefault("MLFLOW_MODEL_CATALOG_URI", "")  # else it asks GitHub for the prices of models
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)  # how it makes its tables
    try:
        return MlflowClient(tracking_uri=tracking_uri(settings))
    except MlflowException as error:
        raise UserError(f"exporters.mlflow.tracking_uri: {error.message}") from error


def tracking_uri(settings: MlflowSettings) -> str:
    """Where MLflow keeps the run."""
    return settings.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"


def export_mlflow(run: RunDirectory, status: str, settings: MlflowSettings, *, traces: bool | None = None) -> str:
    """Bring the run's MLflow run up to date, and return its id.

    Args:
        run: The run, finished or not.
        status: How it ended, or `running`.
        settings: Where to, and how much.
        traces: Send the trace as well; none: as the settings say.

    Raises:
        UserError: a file of the run cannot be read, or MLflow does not take it.
    """
    from mlflow.exceptions import MlflowException

    facts = read_facts(run, status)
    client = open_client(settings)
    try:
        experiment = _experiment(client, settings)
        target = _find_or_create(client, experiment, run)
        _log_params(client, target, _params(run))
        _log_metrics(client, target, all_points(facts, summarise(facts)))
        _log_artifacts(client, target, run, content=settings.content)
        if settings.traces if traces is None else traces:
            _log_trace(client, experiment, target, run, status, settings)
        client.set_tag(target, "ioa.status", status)
        client.update_run(target, status=_STATUS.get(status, "KILLED"))
    except MlflowException as error:
        raise UserError(
            f"MLflow at {uri_text(tracking_uri(settings))} did not take the run: {error.message}"
        ) from error
    return target


def identity(run: RunDirectory) -> str:
    """What tells the run from another one of the same name: when its transcript begins."""
    first = next(iter(TranscriptReader(run.transcript).read()), None)
    return f"{run.run_id} {first.time}" if first else run.run_id


def _experiment(client: "MlflowClient", settings: MlflowSettings) -> str:
    known = client.get_experiment_by_name(settings.experiment)
    if known is not None:
        return str(known.experiment_id)
    file = re.fullmatch(r"sqlite:///(.+)", tracking_uri(settings))
    place = (Path(file[1]).resolve().parent / "mlartifacts").as_uri() if file else None
    return str(client.create_experiment(settings.experiment, artifact_location=place))


def _find_or_create(client: "MlflowClient", experiment: str, run: RunDirectory) -> str:
    name = identity(run)
    found = client.search_runs([experiment], filter_string=f"tags.`{TAG}` = '{name}'", max_results=1)
    if found:
        return str(found[0].info.run_id)
    made = client.create_run(experiment, run_name=run.run_id, tags={TAG: name, "mlflow.source.name": "ioa"})
    return str(made.info.run_id)


def _params(run: RunDirectory) -> dict[str, str]:
    config = redact_strings(read_value(run.config.read_text(encoding="utf-8")))
    return {_key(name): clean(str(value), _LONGEST) for name, value in _flat(config, "")}


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _flat(below, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _key(name: str) -> str:
    """A name with the characters and the length that MLflow takes."""
    return re.sub(r"[^\w./ -]", "_", clean(name, 230), flags=re.ASCII)


def _log_params(client: "MlflowClient", target: str, params: Mapping[str, str]) -> None:
    """MLflow's parameters do not change: what a resumed run has changed becomes a tag."""
    from mlflow.entities import Param, RunTag

    known = client.get_run(target).data.params
    new = [Param(key, value) for key, value in params.items() if key not in known]
    for start in range(0, len(new), 100):
        client.log_batch(target, params=new[start : start + 100])
    tags = [RunTag(f"changed.{key}", value) for key, value in params.items() if known.get(key, value) != value]
    if tags:
        client.log_batch(target, tags=tags)


def _log_metrics(client: "MlflowClient", target: str, points: list[Point]) -> None:
    """Only what is new or has changed, so that no curve has a point twice."""
    from mlflow.entities import Metric

    now = round(time.time() * 1000)
    known = {
        name: {metric.step: metric.value for metric in client.get_metric_history(target, name)}
        for name in {_key(point.name) for point in points}
    }
    new = [
        Metric(_key(point.name), point.value, now, point.step)
        for point in points
        if known[_key(point.name)].get(point.step) != point.value
    ]
    for start in range(0, len(new), _AT_ONCE):
        client.log_batch(target, metrics=new[start : start + _AT_ONCE])


def _log_artifacts(client: "MlflowClient", target: str, run: RunDirectory, *, content: bool) -> None:
    files = [run.config, run.summary, run.curriculum]
    files += [run.report, run.transcript] if content else []
    for file in files:
        if file.is_file():
            client.log_artifact(target, str(file))


def _log_trace(
    client: "MlflowClient", experiment: str, target: str, run: RunDirectory, status: str, settings: MlflowSettings
) -> None:
    """The spans that OpenTelemetry gets; MLflow puts one that it has in its place."""
    from mlflow.entities import Span
    from mlflow.tracing.client import TracingClient
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    from ioa.results.exporters.otel import batched_spans

    tracing = TracingClient(tracking_uri(settings))
    manner = OtelSettings(content=settings.content, longest=settings.longest)
    trace = ""
    for batch in batched_spans(run, status, manner):
        encoded = encode_spans(batch)
        spans = [
            Span.from_otel_proto(span, resource=one.resource)
            for one in encoded.resource_spans
            for scope in one.scope_spans
            for span in scope.spans
        ]
        tracing.log_spans(experiment, spans)
        trace = spans[-1].trace_id
    if trace:
        client.set_trace_tag(trace, "mlflow.traceName", run.run_id)
        client.link_traces_to_run([trace], target)


def uri_text(uri: str) -> str:
    """The address without name and password."""
    return re.sub(r"//[^/@]+@", "//", uri)


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
