"""`ioa export`, tables, and what is said when something is missing or wrong."""

import csv

import pandas
import pytest
from tests import small
from tests.results.exporters.collector import collector
from tests.results.exporters.written import HOSTILE, make_run
from typer.testing import CliRunner

from ioa.cli.main import app
from ioa.graph.config import RunConfig, override
from ioa.memory.errors import UserError
from ioa.results.exporters import check_exporters, extras
from ioa.results.exporters.export_text import clean


def export(*arguments):
    return CliRunner().invoke(app, ["export", "small", *map(str, arguments)])


def test_a_csv_has_no_formulas_and_a_parquet_has_everything(tmp_path):
    make_run(tmp_path)
    made = export("--to", "csv", "--out", tmp_path / "t.csv", "--runs-dir", tmp_path)
    assert made.exit_code == 0, made.output
    csv.field_size_limit(2**20)
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 7
    reply = next(row["reply"] for row in rows if "HYPERLINK" in row["reply"])
    assert reply.startswith("'=HYPERLINK(1)\ufffd")
    assert len(reply) < 32_767
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]

    made = export("--to", "parquet", "--out", tmp_path / "t.parquet", "--runs-dir", tmp_path)
    assert made.exit_code == 0, made.output
    frame = pandas.read_parquet(tmp_path / "t.parquet")
    assert len(frame) == 7
    assert frame.reply.dropna().str.len().max() == len(HOSTILE)
    assert frame.tokens_input.dropna().tolist() == [7, 7, 7, 7]


def test_spans_go_where_the_command_says_or_else_the_run_file(tmp_path):
    with collector() as server:
        make_run(tmp_path, config={"exporters": {"otel": {"endpoint": server.url, "content": False}}})
        made = export("--to", "otel", "--runs-dir", tmp_path)
        assert made.exit_code == 0, made.output
        assert made.output == f"8 spans: {server.url}\n"
        assert b"HYPERLINK" not in server.requests[0].SerializeToString()
        export("--to", "otel", "--endpoint", server.url, "--content", "--runs-dir", tmp_path)
        assert b"HYPERLINK" in server.requests[1].SerializeToString()


@pytest.mark.parametrize("endpoint", ["localhost:4318", "http://user:password@host", "http://"])
def test_an_address_that_is_none_is_refused(tmp_path, endpoint):
    make_run(tmp_path)
    made = export("--to", "otel", "--endpoint", endpoint, "--runs-dir", tmp_path)
    assert isinstance(made.exception, UserError)
    assert "endpoint" in str(made.exception)


def test_a_missing_extra_is_named_before_anything_is_done(monkeypatch):
    monkeypatch.setitem(extras.NEEDED, "otel", ("a_package_that_is_nowhere.inside",))
    monkeypatch.setitem(extras.NEEDED, "wandb", ("a_package_that_is_nowhere",))
    with pytest.raises(UserError, match=r"exporters.otel needs a_package_that_is_nowhere.*pip install 'ioa\[otel\]'"):
        check_exporters(override(RunConfig(), ["exporters.otel={}"]).exporters, ())
    with pytest.raises(UserError, match=r"report_to.*pip install 'ioa\[wandb\]'"):
        check_exporters(RunConfig().exporters, ("wandb",))
    check_exporters(RunConfig().exporters, ())


@pytest.mark.slow
def test_a_run_with_a_missing_extra_does_not_begin(tmp_path, monkeypatch):
    monkeypatch.setitem(extras.NEEDED, "tensorboard", ("a_package_that_is_nowhere",))
    config = small.write_config(tmp_path, training={"report_to": ["tensorboard"]})
    begun = CliRunner().invoke(app, ["run", str(config), "--run-id", "r", "--runs-dir", str(tmp_path / "runs")])
    assert isinstance(begun.exception, UserError)
    assert "pip install 'ioa[tensorboard]'" in str(begun.exception)
    assert not (tmp_path / "runs").exists()


def test_a_run_is_named_by_its_folder_too(tmp_path):
    run = make_run(tmp_path)
    made = CliRunner().invoke(app, ["export", f"{run.root}/", "--to", "csv", "--out", str(tmp_path / "t.csv")])
    assert made.exit_code == 0, made.output
    assert made.output == f"7 rows: {tmp_path / 't.csv'}\n"


def test_the_documented_setting_is_understood():
    changed = override(RunConfig(), ['exporters.otel={endpoint: "http://localhost:4318"}'])
    assert changed.exporters.otel.endpoint == "http://localhost:4318"
    assert override(RunConfig(), ["exporters.mlflow={}"]).exporters.mlflow.experiment == "ioa"


def test_half_a_character_becomes_a_question_mark():
    assert clean("a\ud800b\0", 10) == "a?b\ufffd"


@pytest.mark.parametrize(
    "options",
    [
        ("csv", "--endpoint", "http://localhost:1"),
        ("parquet", "--no-content"),
        ("mlflow", "--out", "x"),
        ("otel", "--tracking-uri", "sqlite:///x"),
        ("otel", "--endpoint", "http://localhost:1", "--out", "x"),
    ],
)
def test_an_option_that_would_count_for_nothing_is_refused(tmp_path, options):
    make_run(tmp_path)
    made = export("--to", *options, "--runs-dir", tmp_path)
    assert isinstance(made.exception, UserError)
    assert options[1].replace("--no-", "--[no-]") in str(made.exception)
    assert not (tmp_path / "x").exists()
