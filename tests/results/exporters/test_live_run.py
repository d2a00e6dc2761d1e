"""A real run that tells everybody of itself while it works; and one that tells nobody."""

import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tests import small
from tests.results.exporters.collector import attributes, collector

from ioa.graph.settings.exporters import MlflowSettings
from ioa.memory.files import read_record
from ioa.memory.run_dir import RunDirectory
from ioa.memory.training_log import TRAINING_LOG, TrainingLog
from ioa.memory.transcript import read_transcript
from ioa.results.exporters.mlflow_store import open_client
from ioa.results.exporters.wandb_run import STEP, kept_rows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.filterwarnings("ignore")]


@contextmanager
def langsmith():
    """A server in LangSmith's place; yields the paths that were asked for."""
    paths = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            paths.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def do_GET(self):
            self._answer()

        def do_POST(self):
            self._answer()

        def do_PATCH(self):
            self._answer()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()


def test_a_run_is_told_to_everybody_who_was_named(tmp_path, monkeypatch):
    store = MlflowSettings(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    with collector() as server, langsmith() as (url, paths):
        config = small.write_config(
            tmp_path,
            exporters={"otel": {"endpoint": server.url}, "mlflow": {"tracking_uri": store.tracking_uri}},
            training={"report_to": ["tensorboard", "wandb"]},
        )
        for name, value in {"TRACING": "true", "ENDPOINT": url, "API_KEY": "lsv2_not_a_key"}.items():
            monkeypatch.setitem(small.ENVIRONMENT, f"LANGSMITH_{name}", value)
        for name, value in {"MODE": "offline", "API_KEY": ""}.items():
            monkeypatch.setitem(small.ENVIRONMENT, f"WANDB_{name}", value)
        done = small.ioa_process("run", config, "--run-id", "r", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        run = RunDirectory.at(tmp_path / "runs", "r")
        told = Counter(attributes(span).get("ioa.event") for span in server.spans)
        assert told == Counter([event.id for event in read_transcript(run.transcript)] + [None])
        assert any("/runs" in path for path in paths)

    logs = [read_record(path, TrainingLog) for path in sorted(run.root.glob(f"adapters/*/{TRAINING_LOG}"))]
    steps = list(range(1, sum(len(log.steps) for log in logs) + 1))
    assert len(steps) > len(logs) > 1
    drawn = [
        point.value
        for folder in sorted((run.root / "tensorboard").glob("stage-*"))
        for point in EventAccumulator(str(folder)).Reload().Scalars("train/loss")
    ]
    assert drawn == pytest.approx([point.loss for log in logs for point in log.steps])
    rows = [row for row in kept_rows(run.root / "wandb") if "train/loss" in row]
    assert [row[STEP] for row in rows] == steps
    assert [row["train/loss"] for row in rows] == pytest.approx(drawn)
    (found,) = open_client(store).search_runs([open_client(store).get_experiment_by_name("ioa").experiment_id])
    assert found.info.status == "FINISHED"
    assert found.data.metrics["final/after"] >= 0
    assert [m.step for m in open_client(store).get_metric_history(found.info.run_id, "train/loss")] == steps


def test_ctrl_c_closes_the_exporters_and_langsmith_hears_nothing_unless_switched_on(tmp_path, monkeypatch):
    with collector() as server, langsmith() as (url, paths):
        monkeypatch.delitem(small.ENVIRONMENT, "LANGSMITH_TRACING", raising=False)
        monkeypatch.setitem(small.ENVIRONMENT, "LANGSMITH_ENDPOINT", url)
        monkeypatch.setitem(small.ENVIRONMENT, "LANGSMITH_API_KEY", "lsv2_not_a_key")
        config = small.write_config(tmp_path, exporters={"otel": {"endpoint": server.url}})
        with small.start("run", config, "--run-id", "r", cwd=tmp_path) as working:
            until = time.monotonic() + 120
            while not server.spans and time.monotonic() < until:
                time.sleep(0.1)
            working.send_signal(signal.SIGINT)
            said = working.communicate(timeout=60)[1]
        run = RunDirectory.at(tmp_path / "runs", "r")
        events = [event.id for event in read_transcript(run.transcript)]
        told = [attributes(span) for span in server.spans]
        assert Counter(one.get("ioa.event") for one in told) == Counter([*events, None]), said
        assert [one["ioa.status"] for one in told if "ioa.event" not in one] == ["interrupted"]
        assert working.returncode == 130
        assert "Traceback" not in said
        assert paths == []
