"""`ioa runs`, `ioa show` and `ioa diff`: what they say of runs in every state."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.results import fake_run as fake
from tests.results.fake_run import summary_of
from typer.testing import CliRunner

from ioa.cli.main import app
from ioa.memory.errors import UserError
from ioa.memory.files import append_records, read_records, write_record, write_records, write_text
from ioa.memory.records import Assessment, ItemResult, Score
from ioa.memory.run_dir import RunDirectory
from ioa.results.words import age, ago, count, duration, money, percent, score_cell, score_words, size


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    made = fake.make_run(tmp_path)
    append_records(made.transcript, fake.decisions())
    write_record(made.summary, summary_of(made, "finished"))
    return made


def ioa(*arguments: object) -> str:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_table_of_runs_has_a_line_each_and_says_what_is_broken(run: RunDirectory) -> None:
    broken = fake.make_beginning(run.root.parent, "broken")
    write_text(broken.summary, "{")
    text = ioa("runs", "--runs-dir", run.root.parent)
    line = next(line for line in text.splitlines() if line.startswith(run.run_id))
    for part in ("finished", " of 7", "%", "free", "17 min"):
        assert part in line
    assert "broken: " in text
    assert "not a summary of a run" in text
    cards = json.loads(ioa("runs", "--runs-dir", run.root.parent, "--json"))
    assert {card["run_id"]: card["status"] for card in cards} == {run.run_id: "finished", "broken": "unreadable"}


def test_an_empty_and_a_missing_folder_say_what_to_do(tmp_path: Path) -> None:
    assert "has no runs. Start one with `ioa run" in ioa("runs", "--runs-dir", tmp_path)
    missing = CliRunner().invoke(app, ["runs", "--runs-dir", str(tmp_path / "none")])
    assert isinstance(missing.exception, UserError)
    assert "there is no such folder" in str(missing.exception)
    result = CliRunner().invoke(app, ["runs", "--runs-dir", str(tmp_path), "--json"])
    assert json.loads(result.stdout) == []


def test_a_finished_run_on_a_page(run: RunDirectory) -> None:
    text = ioa("show", run.run_id, "--runs-dir", run.root.parent)
    summary = summary_of(run, "finished")
    after = summary.final.after
    assert after is not None
    low, high = after.interval
    for part in (
        f"{run.run_id}  finished",
        "School arithmetic.",
        "tutor:arithmetic",
        f"{after.k}/{after.n}  {100 * after.mean:.0f} % ({100 * low:.0f}–{100 * high:.0f})",
        "Final examination, with 95 % intervals",
        "lessons: 27 duplicate, 9 answer, 6 contaminated",
        "adapter → trainer  Carries are hard.",
        "differences/borrowing passed its gate but was below it again",
        "yes, forgotten since",
        f"ioa why {run.run_id} ",
        f"ioa transcript {run.run_id} --runs-dir {run.root.parent} --kind decision",
    ):
        assert part in text
    assert "ioa resume" not in text


def test_the_page_has_every_gate_and_its_verdict(run: RunDirectory) -> None:
    page = json.loads(ioa("show", run.run_id, "--runs-dir", run.root.parent, "--json"))
    for stage in page["stages"]:
        for module in stage["modules"]:
            for gate in module["rounds"]:
                path = run.assessment(stage["number"], gate["round"])
                found = Assessment.model_validate_json(path.read_text(encoding="utf-8"))
                result = next(one for one in found.gate if one.module == module["module"])
                assert (gate["student"]["k"], gate["mastered"]) == (result.student.k, result.mastered)
    assert [len(stage["modules"][0]["rounds"]) for stage in page["stages"]] == [2, 3, 1]
    told = [remark.split()[0] for remark in page["remarks"] if "passed its gate but was below it again" in remark]
    assert page["forgotten"] == told == ["differences/borrowing", "divisors/gcd"]
    assert {agent["agent"]: agent["calls"] for agent in page["agents"]} == {
        "diagnoser": 2,
        "planner": 2,
        "adapter": 7,
        "verifier": 5,
    }


def test_a_run_under_way_and_one_that_only_began_have_pages(run: RunDirectory) -> None:
    runs = run.root.parent
    with run.hold():
        text = ioa("show", run.run_id, "--runs-dir", runs)
    assert f"ioa transcript {run.run_id} --runs-dir {runs} --follow" in text
    fake.make_beginning(runs, "begun")
    text = ioa("show", "begun", "--runs-dir", runs)
    assert "begun  stopped" in text
    assert "ioa resume begun" in text
    assert "Curriculum" not in text


def test_two_runs_side_by_side(run: RunDirectory) -> None:
    runs = run.root.parent
    other = fake.make_run(runs, "other")
    results = [
        one.model_copy(update={"correct": True}) for one in read_records(other.scores("final-after"), ItemResult)
    ]
    write_records(other.scores("final-after"), results)
    write_record(other.summary, summary_of(other, "finished"))
    text = ioa("diff", run.run_id, "other", "--runs-dir", runs)
    wrong = len(results) - summary_of(run, "finished").final.after.k
    for part in (
        f"A: {run.run_id}",
        "B: other",
        f"On the 210 items that both sat, B - A is +{100 * wrong / 210:.0f} points",
        f"only B was right on {wrong}, only A on 0; McNemar, exact, p = ",
        "210/210  100 %",
        "Settings that differ\nnone",
        "Carrying and borrowing",
    ):
        assert part in text
    fake.make_beginning(runs, "begun")
    assert "not both runs have taken it" in ioa("diff", run.run_id, "begun", "--runs-dir", runs)


def test_numbers_read_as_a_person_reads_them() -> None:
    seconds = (None, 0.04, 0.996, 9.96, 59.4, 59.6, 125, 1985, 7500)
    told = ["-", "0.04 s", "1.0 s", "10 s", "59 s", "1 min 00 s", "2 min 05 s", "33 min", "2 h 05 min"]
    assert [duration(s) for s in seconds] == told
    now = datetime(2026, 1, 2, tzinfo=UTC)
    times = ("2026-01-01T23:59:50+00:00", "2026-01-01T23:55:00", "2026-01-01T20:00:00+00:00", "2025-12-31T00:00:00Z")
    assert [age(time, now) for time in times] == ["now", "5 min", "4 h", "2 days"]
    assert age("yesterday") == "yesterday"
    assert [ago(time, now) for time in ("", times[0], times[1])] == ["", "now", "5 min ago"]
    assert [count(n) for n in (980, 12_300, 4_140_000)] == ["980", "12,300", "4.1 M"]
    assert (percent(None), percent(Score(k=0, n=0)), percent(Score(k=1, n=2))) == ("-", "-", "50 %")
    assert (percent(0.5), percent(0.123, 1), percent(0.0)) == ("50 %", "12.3 %", "0 %")
    assert score_cell(Score(k=72, n=120)) == "72/120  60 % (51–68)"
    assert score_words(Score(k=73, n=90)) == "81 % (73 of 90; 95 % interval 72 to 88 %)"
    assert (score_words(None), score_cell(Score(k=0, n=0))) == ("-", "-")
    assert [money(usd) for usd in (None, 0, 0.0042, 12.3)] == ["unknown", "free", "$0.0042", "$12.30"]
    assert [size(count) for count in (None, 1.6e6, 2.34e9)] == ["-", "2 MB", "2.3 GB"]
