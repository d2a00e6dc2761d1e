"""A run in a real store of MLflow, read back by its client; exported twice, it is one run without double points."""

import os
import time
from collections import Counter

import pytest
from tests.results.exporters.written import KEY
from tests.results.fake_run import HOSTILE
from tests.results.fake_run import make_run as make_whole

from ioa.graph.settings.exporters import MlflowSettings
from ioa.memory.errors import UserError
from ioa.memory.files import write_text
from ioa.results.exporters.mlflow_store import MlflowListener, export_mlflow, open_client
from ioa.results.report import write_report

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """One for all: to make its tables takes longer than everything else."""
    return tmp_path_factory.mktemp("mlflow") / "mlflow.db"


@pytest.fixture
def settings(database, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return MlflowSettings(tracking_uri=f"sqlite:///{database}", experiment=tmp_path.name)


def test_a_run_exported_twice_is_one_run_with_everything_once(tmp_path, settings):
    run = make_whole(tmp_path / "runs", text=HOSTILE)
    write_report(run, "finished")
    write_text(run.config, run.config.read_text(encoding="utf-8") + f"prices: {KEY}\n")
    first = export_mlflow(run, "running", settings)
    write_text(run.config, run.config.read_text(encoding="utf-8").replace("tau_gap: 0.3", "tau_gap: 0.4"))
    assert export_mlflow(run, "finished", settings) == first
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"

    client = open_client(settings)
    experiment = client.get_experiment_by_name(settings.experiment).experiment_id
    (found,) = client.search_runs([experiment])
    assert (found.info.status, found.info.run_name) == ("FINISHED", run.run_id)
    assert found.data.params["student.model"] == "smollm2-135m"
    assert found.data.params["prices"] == "[REDACTED]"
    assert (found.data.params["diagnosis.tau_gap"], found.data.tags["changed.diagnosis.tau_gap"]) == ("0.3", "0.4")

    losses = client.get_metric_history(first, "train/loss")
    steps = Counter(metric.step for metric in losses)
    assert set(steps.values()) == {1}
    assert sorted(steps) == list(range(1, 3 * 60 + 3 * 24 + 1))
    assert found.data.metrics["final/after"] > found.data.metrics["final/before"]
    assert found.data.metrics["teacher/tokens_input"] == 420 * found.data.metrics["teacher/calls"] > 0
    gates = client.get_metric_history(first, "mastery/ratio/sums/carrying")
    assert len(gates) == len({metric.step for metric in gates}) > 1
    files = {entry.path for entry in client.list_artifacts(first)}
    assert files >= {"config.yaml", "curriculum.yaml", "summary.json", "report.html", "transcript.jsonl"}

    (trace,) = client.search_traces(locations=[experiment])
    spans = client.get_trace(trace.info.trace_id).data.spans
    events = len(run.transcript.read_text(encoding="utf-8").splitlines())
    assert len(spans) == len({span.span_id for span in spans}) == events + 1
    assert sum(span.parent_id is None for span in spans) == 1


def test_without_content_no_transcript_no_report_and_no_prompts(tmp_path, settings):
    run = make_whole(tmp_path / "runs", run_id="without")  # the trace of another test's run is in the database
    made = export_mlflow(run, "finished", settings.model_copy(update={"content": False}))
    client = open_client(settings)
    assert {entry.path for entry in client.list_artifacts(made)} == {"config.yaml", "curriculum.yaml"}
    (trace,) = client.search_traces(locations=[client.get_experiment_by_name(settings.experiment).experiment_id])
    assert "patient teacher" not in str([s.attributes for s in client.get_trace(trace.info.trace_id).data.spans])


def test_a_store_that_does_not_exist_is_one_clear_message(tmp_path, settings):
    run = make_whole(tmp_path / "runs")
    with pytest.raises(UserError, match=r"tracking_uri|did not take"):
        export_mlflow(run, "finished", settings.model_copy(update={"tracking_uri": "nonsense://x"}))


def test_an_end_that_comes_too_late_says_that_something_is_missing(tmp_path, settings):
    listener = MlflowListener(make_whole(tmp_path / "runs"), settings)
    listener.close("finished", time.monotonic() - 1)
    assert listener.lost
