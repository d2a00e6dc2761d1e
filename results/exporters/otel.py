"""Spans for OpenTelemetry: to a collector by OTLP over HTTP, or into a file of OTLP JSON lines."""

import base64
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ioa.graph.settings.exporters import OtelSettings
from ioa.memory.errors import UserError
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import TranscriptEvent, read_transcript
from ioa.results.exporters.sittings import KILLED, Sitting, sittings_of
from ioa.results.exporters.spans import Span, SpanBuilder

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

BATCH = 64
"""Spans in a request, where OTEL_BSP_MAX_EXPORT_BATCH_SIZE says nothing else."""
WAITING = 1024
"""Spans that wait for a collector that cannot be reached; older ones are given up."""
_TRACES = "/v1/traces"


class Sink(Protocol):
    """Where spans go."""

    def send(self, spans: "Sequence[ReadableSpan]") -> bool:
        """Whether they have arrived."""


class Collector:
    """A collector that takes OTLP over HTTP."""

    def __init__(self, settings: OtelSettings) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)  # what fails is said once, and by us
        patient = any(
            name in os.environ for name in ("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
        )
        self._exporter = OTLPSpanExporter(
            endpoint=_traces_endpoint(settings.endpoint), timeout=None if patient else settings.timeout
        )

    def send(self, spans: "Sequence[ReadableSpan]") -> bool:
        """One request, repeated by the library until its timeout."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        return self._exporter.export(spans) is SpanExportResult.SUCCESS


class JsonLines:
    """A file of OTLP JSON, a request a line, as the file receiver of the OpenTelemetry Collector reads it."""

    def __init__(self, path: Path, *, anew: bool = False) -> None:
        """Open the file for appending; `anew` empties it first."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("w" if anew else "a", encoding="utf-8").close()
        except OSError as error:
            raise UserError(
                f"{path} cannot be written: {error.strerror}. Choose another file for the spans."
            ) from error

    def send(self, spans: "Sequence[ReadableSpan]") -> bool:
        """Append a line."""
        from google.protobuf.json_format import MessageToDict
        from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

        request = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
        with self._path.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(_hexadecimal(request)) + "\n")
        return True


class OtelListener:
    """Sends what happens in a run while it happens; whatever goes wrong is said once, and the run goes on."""

    def __init__(self, run: RunDirectory, settings: OtelSettings, sittings: Sequence[Sitting], sink: Sink) -> None:
        """Begin before the first event of the run.

        Args:
            run: The run.
            settings: How.
            sittings: Those of the run, the one that begins last.
            sink: Where to.
        """
        self._builder = _builder(run, sittings, settings)
        self._skip = sittings[-1].events
        self._sink, self._to_sdk = sink, ReadableSpans()
        self._waiting: list[ReadableSpan] = []
        self.lost = 0
        """Spans that were given up."""

    def take(self, events: Iterable[TranscriptEvent]) -> bool:
        """Send what is new.

        Args:
            events: What follows in the transcript; those of earlier sittings have been sent before.

        Returns:
            Whether everything that should have arrived has.
        """
        for event in events:
            spans = list(self._builder.add(event))
            if self._skip:
                self._skip -= 1
                continue
            self._wait(span for span in spans if span.parent is not None or span.attributes["ioa.status"] == KILLED)
        return self._send()

    def close(self, status: str, deadline: float) -> bool:
        """Send the rest and the root, unless the collector is slower than that.

        Args:
            status: How the sitting ended.
            deadline: By `time.monotonic`.
        """
        if not self._skip:
            self._wait(self._builder.close(status))
        arrived = self._send(deadline)
        self.lost += len(self._waiting)
        return arrived

    def _wait(self, spans: Iterable[Span]) -> None:
        self._waiting += [self._to_sdk(span) for span in spans]
        surplus = len(self._waiting) - WAITING
        if surplus > 0:
            del self._waiting[:surplus]
            self.lost += surplus

    def _send(self, deadline: float = float("inf")) -> bool:
        size = batch_size()
        while self._waiting:
            if time.monotonic() > deadline or not self._sink.send(self._waiting[:size]):
                return False
            del self._waiting[:size]
        return True


class ReadableSpans:
    """Makes spans those of the OpenTelemetry SDK, without a tracer: their ids and times are known."""

    def __init__(self) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import SpanLimits
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        told = Resource.create({"openinference.project.name": "ioa"})
        named = str(told.attributes.get("service.name", "")).startswith("unknown_service")
        self._resource = told.merge(Resource({"service.name": "ioa"})) if named else told
        self._scope = InstrumentationScope("ioa")
        try:
            self._limits = SpanLimits()
        except ValueError as error:
            raise UserError(f"{error}. Change that variable, or unset it.") from error

    def __call__(self, span: Span) -> "ReadableSpan":
        """The same span."""
        from opentelemetry.attributes import BoundedAttributes
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

        def context(identity: int) -> SpanContext:
            return SpanContext(span.trace, identity, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

        return ReadableSpan(
            name=span.name,
            context=context(span.id),
            parent=context(span.parent) if span.parent is not None else None,
            resource=self._resource,
            attributes=BoundedAttributes(
                self._limits.max_span_attributes,
                span.attributes,
                max_value_len=self._limits.max_span_attribute_length,
            ),
            kind=SpanKind.CLIENT if span.remote else SpanKind.INTERNAL,
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.OK),
            start_time=span.start,
            end_time=span.end,
            instrumentation_scope=self._scope,
        )


def open_sink(settings: OtelSettings, *, anew: bool = False) -> Sink:
    """Where the settings say.

    Args:
        settings: Of the run file.
        anew: Empty a file first.

    Raises:
        UserError: the file cannot be written.
    """
    return JsonLines(Path(settings.file), anew=anew) if settings.file else Collector(settings)


def switched_off() -> bool:
    """Whether the environment wants no spans."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return off or os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none"


def export_otel(run: RunDirectory, status: str, settings: OtelSettings) -> int:
    """Send all that a run has in its transcript, and return the number of spans.

    Args:
        run: The run, finished or not.
        status: How it ended.
        settings: How and where to.

    Raises:
        UserError: they did not arrive.
    """
    sink, count = open_sink(settings, anew=True), 0
    for batch in batched_spans(run, status, settings):
        if not sink.send(batch):
            raise UserError(
                f"{endpoint_text(settings)} did not take the spans ({count} had arrived). Start the collector there, "
                "or name another: --endpoint http://HOST:4318. Sending again is safe: a span keeps its id."
            )
        count += len(batch)
    return count


def batched_spans(run: RunDirectory, status: str, settings: OtelSettings) -> "Iterator[list[ReadableSpan]]":
    """The spans of a run as its transcript has them, in portions that fit a request."""
    builder, to_sdk = _builder(run, sittings_of(run, status), settings), ReadableSpans()

    def spans() -> Iterator[Span]:
        for event in read_transcript(run.transcript):
            yield from builder.add(event)
        yield from builder.close()

    portion: list[ReadableSpan] = []
    for span in spans():
        portion.append(to_sdk(span))
        if len(portion) == batch_size():
            yield portion
            portion = []
    if portion:
        yield portion


def endpoint_text(settings: OtelSettings) -> str:
    """Where the spans go, for a message."""
    if settings.file:
        return settings.file
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    given = [settings.endpoint, *(os.environ.get(name) for name in names)]
    return next((one for one in given if one), "http://localhost:4318").rpartition("@")[2]


def batch_size() -> int:
    """Spans in a request."""
    given = os.environ.get("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "")
    return int(given) if given.isdecimal() and int(given) else BATCH


def _builder(run: RunDirectory, sittings: Sequence[Sitting], settings: OtelSettings) -> SpanBuilder:
    return SpanBuilder(run.run_id, sittings, content=settings.content, longest=settings.longest)


def _traces_endpoint(endpoint: str | None) -> str | None:
    if endpoint is None or endpoint.rstrip("/").endswith(_TRACES):
        return endpoint
    return endpoint.rstrip("/") + _TRACES


def _hexadecimal(value: Any) -> Any:
    """OTLP's JSON has ids in hexadecimal digits, where protobuf's has base64."""
    if isinstance(value, list):
        return [_hexadecimal(one) for one in value]
    if not isinstance(value, dict):
        return value
    ids = {"traceId", "spanId", "parentSpanId"}
    return {
        key: base64.b64decode(one).hex() if key in ids and isinstance(one, str) else _hexadecimal(one)
        for key, one in value.items()
    }
