"""Where a run is shown besides its own folder."""

from typing import Annotated

from pydantic import Field

from ioa.memory.records import Record


class OtelSettings(Record):
    """Spans for OpenTelemetry: Phoenix, Jaeger, Grafana Tempo and their likes."""

    endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/[^\s@]*)?$")] | None = None
    """Address of a collector that takes OTLP over HTTP, such as `http://localhost:4318`; none for that of the
    OTEL_EXPORTER_OTLP_* variables. Headers with keys belong into OTEL_EXPORTER_OTLP_HEADERS."""
    file: str | None = None
    """File to which the spans are appended as OTLP JSON lines, instead of being sent."""
    content: bool = True
    """Whether prompts and replies are part of the spans."""
    longest: Annotated[int, Field(ge=100)] = 30_000
    """Characters of a prompt or a reply after which it is cut off."""
    timeout: Annotated[float, Field(gt=0, le=60)] = 3.0
    """Seconds that a request to the collector may take; also how long the end of a run waits for it."""


class MlflowSettings(Record):
    """A run of MLflow, updated after each assessment: parameters, metrics, artifacts and the trace."""

    tracking_uri: str | None = None
    """Where MLflow keeps it: `sqlite:///mlflow.db`, or the address of a server; none for MLFLOW_TRACKING_URI, and
    without that `sqlite:///mlflow.db` in the current folder."""
    experiment: Annotated[str, Field(min_length=1)] = "ioa"
    """Name of the experiment; made where it does not exist."""
    traces: bool = True
    """Whether the transcript goes along as a trace."""
    content: bool = True
    """Whether prompts and replies are part of it, and the transcript and the report are among the artifacts."""
    longest: Annotated[int, Field(ge=100)] = 30_000
    """Characters of a prompt or a reply in the trace after which it is cut off."""


class ExporterSettings(Record):
    """Other tools that are told of the run; see docs/exporters.md."""

    otel: OtelSettings | None = None
    """OpenTelemetry: `{endpoint: http://localhost:4318}`; none for no spans."""
    mlflow: MlflowSettings | None = None
    """MLflow: `{}` for a database in the current folder; none for no run there."""
