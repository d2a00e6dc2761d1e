"""Spans arrive at a real collector, once each, with true times, and whatever goes wrong never stops a run."""

import json
import socket
import time
from contextlib import contextmanager
from datetime import datetime

import pytest
from openinference.semconv.trace import OpenInferenceSpanKindValues, SpanAttributes
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from tests.results.exporters.collector import attributes, collector
from tests.results.exporters.written import HOSTILE, KEY, lines, make_run, visit

from ioa.graph.config import RunConfig
from ioa.graph.settings.exporters import ExporterSettings, MlflowSettings, OtelSettings
from ioa.memory.errors import UserError
from ioa.memory.transcript import read_transcript
from ioa.results.exporters import ExportListener
from ioa.results.exporters.otel import export_otel
from ioa.results.exporters.sittings import sittings_of


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    import os

    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def server():
    with collector() as made:
        yield made


def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def same(spans):
    """What must not depend on how or when the spans were sent."""
    return {
        (s.span_id, s.parent_span_id, s.trace_id, s.name, s.start_time_unix_nano, s.end_time_unix_nano, s.status.code)
        for s in spans
    }


@contextmanager
def following(run, exporters, say, status="finished"):
    """A sitting of the run, whose events are exported, and that ends so."""
    listener = ExportListener(say)
    listener.run_begun(run, RunConfig(exporters=exporters))
    try:
        yield
    finally:
        listener.run_ended(status)


def test_the_transcript_becomes_a_tree_of_spans_with_its_times(tmp_path, server):
    run = make_run(tmp_path)
    assert export_otel(run, "finished", OtelSettings(endpoint=server.url)) == len(server.spans) == 8
    assert set(server.paths) == {"/v1/traces"}
    by_id = {span.span_id: span for span in server.spans}
    (root,) = [span for span in server.spans if not span.parent_span_id]
    names = {attributes(span).get("ioa.event"): span for span in server.spans}
    for event in read_transcript(run.transcript):
        span = names[event.id]
        end = round(datetime.fromisoformat(event.time).timestamp() * 1000) * 10**6
        assert span.end_time_unix_nano == end
        assert span.end_time_unix_nano - span.start_time_unix_nano == round(event.seconds * 1e9)
        above = by_id[span.parent_span_id]
        assert above is names[event.parent] if event.parent else above is root
        assert root.start_time_unix_nano <= span.start_time_unix_nano <= end <= root.end_time_unix_nano
        assert (span.status.code == 2, span.status.message) == (bool(event.error), event.error)
    resource = {a.key: a.value.string_value for a in server.requests[0].resource_spans[0].resource.attributes}
    assert resource["service.name"] == resource["openinference.project.name"] == "ioa"


def test_a_call_has_the_attributes_of_both_conventions(tmp_path, server):
    run = make_run(tmp_path)
    export_otel(run, "finished", OtelSettings(endpoint=server.url))
    call = next(attributes(span) for span in server.spans if attributes(span).get("ioa.attempt") == 2)
    assert call[gen_ai_attributes.GEN_AI_OPERATION_NAME] == "chat"
    assert call[gen_ai_attributes.GEN_AI_PROVIDER_NAME] == "openai"
    assert call[gen_ai_attributes.GEN_AI_REQUEST_MODEL] == call[SpanAttributes.LLM_MODEL_NAME] == "gpt-5-mini"
    assert call[gen_ai_attributes.GEN_AI_USAGE_INPUT_TOKENS] == call[SpanAttributes.LLM_TOKEN_COUNT_PROMPT] == 7
    assert call[gen_ai_attributes.GEN_AI_USAGE_OUTPUT_TOKENS] == call[SpanAttributes.LLM_TOKEN_COUNT_COMPLETION] == 3
    assert call[SpanAttributes.LLM_TOKEN_COUNT_TOTAL] == 10
    assert call[gen_ai_attributes.GEN_AI_AGENT_NAME] == "adapter"
    assert call[SpanAttributes.OPENINFERENCE_SPAN_KIND] == OpenInferenceSpanKindValues.LLM.value
    assert call[SpanAttributes.INPUT_VALUE] == "Again for stage 1."
    asked = json.loads(call[gen_ai_attributes.GEN_AI_INPUT_MESSAGES])
    assert asked == [{"role": "user", "parts": [{"type": "text", "content": "Again for stage 1."}]}]
    (said,) = json.loads(call[gen_ai_attributes.GEN_AI_OUTPUT_MESSAGES])
    assert [part["type"] for part in said["parts"]] == ["reasoning", "text"]
    assert (call["ioa.stage"], call["ioa.round"], call["ioa.module"]) == (1, 0, "sums/short")
    assert call["ioa.strategies"] == ["format"]
    assert call["ioa.cost"] == call["llm.cost.total"] == 0.25
    kinds = {attributes(span)[SpanAttributes.OPENINFERENCE_SPAN_KIND] for span in server.spans}
    assert kinds == {"CHAIN", "AGENT", "LLM", "EVALUATOR"} <= {kind.value for kind in OpenInferenceSpanKindValues}


def test_hostile_text_is_cut_and_cleaned_and_no_secret_leaves(tmp_path, server):
    export_otel(make_run(tmp_path), "finished", OtelSettings(endpoint=server.url, longest=500))
    everything = b"".join(request.SerializeToString() for request in server.requests)
    assert len(everything) < 50_000 < len(HOSTILE)
    assert b"\\u0000" not in everything
    assert KEY.encode() not in everything
    assert b"more characters]" in everything


def test_without_content_no_prompt_and_no_reply_is_told(tmp_path, server):
    export_otel(make_run(tmp_path), "finished", OtelSettings(endpoint=server.url, content=False))
    everything = b"".join(request.SerializeToString() for request in server.requests)
    for text in (b"Write lessons", b"no JSON ", b"HYPERLINK", b"2 lessons", b"gen_ai.input.messages", b"input.value"):
        assert text not in everything
    assert b"gpt-5-mini" in everything


def test_live_spans_are_those_of_an_export_afterwards_also_of_a_resumed_run(tmp_path, server):
    run, said = make_run(tmp_path), []
    run.transcript.unlink()
    settings = ExporterSettings(otel=OtelSettings(endpoint=server.url))
    with following(run, settings, said.append):
        visit(run, 1)
    assert len(server.spans) == 8
    with following(run, settings, said.append, "interrupted"):
        visit(run, 2)
    live = list(server.spans)
    assert len(live) == len({span.span_id for span in live}) == 16
    assert sum(not span.parent_span_id for span in live) == 2
    server.requests.clear()
    export_otel(run, "interrupted", OtelSettings(endpoint=server.url))
    assert same(server.spans) == same(live)
    assert said == []


def test_a_collector_that_is_not_there_is_told_once_and_costs_no_more_than_its_patience(tmp_path):
    run, said = make_run(tmp_path), []
    settings = ExporterSettings(otel=OtelSettings(endpoint=f"http://127.0.0.1:{closed_port()}", timeout=0.5))
    began = time.monotonic()
    with following(run, settings, said.append):
        visit(run, 2)
    assert time.monotonic() - began < 60  # it does not hang
    assert sum("does not answer" in line for line in said) == 1
    assert any("ioa export small --to otel" in line for line in said)


def test_afterwards_a_collector_that_is_not_there_or_refuses_is_an_error(tmp_path, server):
    run = make_run(tmp_path)
    with pytest.raises(UserError, match="did not take the spans"):
        export_otel(run, "finished", OtelSettings(endpoint=f"http://127.0.0.1:{closed_port()}", timeout=0.5))
    server.status = 400
    with pytest.raises(UserError, match="did not take the spans"):
        export_otel(run, "finished", OtelSettings(endpoint=server.url, timeout=0.5))


def test_the_usual_variables_hold(tmp_path, server, monkeypatch):
    run = make_run(tmp_path)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "12")
    export_otel(run, "finished", OtelSettings())
    resource = {a.key: a.value.string_value for a in server.requests[0].resource_spans[0].resource.attributes}
    assert resource["service.name"] == "mine"
    assert max(len(v) for s in server.spans for v in attributes(s).values() if isinstance(v, str)) == 12
    server.requests.clear()
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with following(run, ExporterSettings(otel=OtelSettings()), print):
        visit(run, 3)
    assert server.requests == []


def test_a_variable_that_means_nothing_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many")
    with pytest.raises(UserError, match=r"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT.*many.*unset it"):
        export_otel(make_run(tmp_path), "finished", OtelSettings(file=str(tmp_path / "spans.jsonl")))


def test_a_file_of_json_lines_needs_no_collector(tmp_path, server):
    run, file = make_run(tmp_path), tmp_path / "spans" / "out.jsonl"
    settings = OtelSettings(file=str(file))
    assert export_otel(run, "finished", settings) == export_otel(run, "finished", settings) == 8
    told = [span for line in lines(file) for span in line["resourceSpans"][0]["scopeSpans"][0]["spans"]]
    export_otel(run, "finished", OtelSettings(endpoint=server.url))
    assert {span["spanId"] for span in told} == {span.span_id.hex() for span in server.spans}
    assert {span["traceId"] for span in told} == {span.trace_id.hex() for span in server.spans}


def test_an_exporter_that_fails_is_told_and_the_run_goes_on(tmp_path):
    run, said = make_run(tmp_path), []
    with following(
        run, ExporterSettings(mlflow=MlflowSettings(tracking_uri="nonsense://x")), said.append, "interrupted"
    ):
        visit(run, 2)
    assert len(said) == 1
    assert said[0].startswith("Nothing more is exported to MLflow: exporters.mlflow.tracking_uri: ")
    assert f"ioa export small --to mlflow --runs-dir {tmp_path}" in said[0]
    assert sittings_of(run, "")[-1].status == "interrupted"


def test_without_exporters_nothing_is_written(tmp_path):
    run = make_run(tmp_path)
    before = sorted(run.root.iterdir())
    with following(run, ExporterSettings(), print):
        pass
    assert sorted(run.root.iterdir()) == before
