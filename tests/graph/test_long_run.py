"""What a night of bad weather does to a run, and what it costs: over HTTP, from the command line."""

import json
import re
import shutil
import time

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from tests import fault_server as play
from tests.fault_server import serve_script
from tests.small import ioa, start, write_config

from ioa.agents.tutor import open_tutor
from ioa.memory.files import read_records
from ioa.memory.records import ItemResult
from ioa.memory.transcript import read_attempts

pytestmark = pytest.mark.slow
ROLES = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
PRICE = {"input": 1.0, "output": 2.0}
KEY = "not-like-any-key-0123456789"
tutor = open_tutor("arithmetic")


def answer(body):
    return play.ok(tutor.invoke([ROLES[said["role"]](said["content"]) for said in body["messages"]]).text)


def teacher(server, **settings):
    return {"model": "openai:m", "base_url": server.base_url, "price": PRICE, **settings}


def summary(folder, run):
    return json.loads((folder / "runs" / run / "summary.json").read_text())


@pytest.fixture(scope="module")
def paid(tmp_path_factory):
    """A server, what it has been asked by a run, and the folder of that run, `first`."""
    folder = tmp_path_factory.mktemp("paid")
    with serve_script([], then=answer) as server:
        config = write_config(folder, teacher=teacher(server), mastery={"rounds": 0})
        done = ioa("run", config, "--run-id", "first", cwd=folder)
        assert done.returncode == 0, done.stderr
        yield server, len(server.requests), folder


def test_a_repeated_run_pays_nothing_and_a_fresh_one_pays_again(paid, tmp_path):
    server, paid, folder = paid
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    before = len(server.requests)
    assert ioa("run", "run.yaml", "--run-id", "second", cwd=tmp_path).returncode == 0
    assert len(server.requests) == before
    assert ioa("run", "run.yaml", "--run-id", "third", "--fresh", cwd=tmp_path).returncode == 0
    assert len(server.requests) >= before + paid
    first, second = summary(tmp_path, "first")["teacher"], summary(tmp_path, "second")["teacher"]
    assert (first["calls"], second["calls"]) == (paid, 0)
    assert second["ledger"] > 0
    assert first["usd"] == pytest.approx(paid * (11 * PRICE["input"] + 7 * PRICE["output"]) / 1e6)
    assert second["usd"] == 0
    for part in ("by_agent", "by_stage", "by_module"):
        assert sum(row["usd"] for row in first[part]) == pytest.approx(first["usd"])


def test_a_teachers_score_in_a_module_is_measured_once_for_all_runs_of_a_folder(paid, tmp_path):
    def asked_of_the_examinee(name, *more):
        done = ioa("run", "run.yaml", "--run-id", name, "--set", "seed=5", *more, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        events = read_attempts(tmp_path / "runs" / name / "transcript.jsonl")
        return sum(event.context.agent == "examinee" for event in events)

    shutil.copytree(paid[2], tmp_path, dirs_exist_ok=True)
    assert asked_of_the_examinee("other-items") == 8  # the final items, 4 of each module
    scores = read_records(tmp_path / "runs/other-items/scores/diagnosis-teacher.jsonl", ItemResult)
    assert all(result.probe.startswith("first:") for result in scores)
    asked = asked_of_the_examinee("its-own", "--set", "examination.cached_teacher=false")
    own, student = (
        {result.probe for result in read_records(tmp_path / f"runs/its-own/scores/diagnosis-{who}.jsonl", ItemResult)}
        for who in ("teacher", "student")
    )
    assert own == student
    assert asked > 8 + len(own)  # the student's items of the diagnosis, and those of the gate


def test_a_budget_stops_the_run_and_more_of_it_lets_it_go_on(tmp_path):
    with serve_script([], then=answer) as server:
        config = write_config(tmp_path, teacher=teacher(server), budget={"calls": 15}, mastery={"rounds": 0})
        stopped = ioa("run", config, "--run-id", "poor", cwd=tmp_path)
        assert stopped.returncode == 3, stopped.stderr
        assert len(server.requests) == 15
        assert "15 of 15 calls" in stopped.stderr
        assert "ioa resume poor" in stopped.stderr
        assert summary(tmp_path, "poor")["status"] == "out of budget"
        assert ioa("resume", "poor", "--set", "seed=4", cwd=tmp_path).returncode == 2
        written = (tmp_path / "runs/poor/config.yaml").read_text()
        unpriced = ioa("resume", "poor", "--set", "teacher.price=null", "--set", "budget.usd=1", cwd=tmp_path)
        assert unpriced.returncode == 2
        assert "price of openai:m is not known" in unpriced.stderr
        assert (tmp_path / "runs/poor/config.yaml").read_text() == written
        resumed = ioa("resume", "poor", "--set", "budget.calls=1000", cwd=tmp_path)
        assert resumed.returncode == 0, resumed.stderr
        written = (tmp_path / "runs/poor/config.yaml").read_text()
        assert "calls: 1000" in written
        late = ioa("resume", "poor", "--set", "budget.lessons=1000", cwd=tmp_path)
        assert "Run poor is finished already; no setting was changed." in late.stderr
        assert (tmp_path / "runs/poor/config.yaml").read_text() == written  # it says what the run was taught with
        asked = [json.dumps(body["messages"]) for body in server.requests]
    assert len(asked) == len(set(asked)) == summary(tmp_path, "poor")["teacher"]["calls"]


def task_of(body):
    """Of the brief in a request."""
    return re.search(r'"task": "([a-z-]+)"', body["messages"][-1]["content"])[1]


def test_a_role_has_a_teacher_of_its_own_and_the_next_one_takes_over(tmp_path):
    with (
        serve_script([], then=answer) as general,
        serve_script([], then=play.server_error(503)) as broken,
        serve_script([], then=answer) as spare,
    ):
        adapters = [teacher(broken, model="openai:broken", breaker=2), teacher(spare, model="openai:spare")]
        config = write_config(tmp_path, teacher=teacher(general), roles={"adapter": adapters}, mastery={"rounds": 0})
        done = ioa("run", config, "--run-id", "cast", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert spare.requests
        adapter = {task_of(body) for body in spare.requests}
        assert adapter == {"template", "lessons"}
        assert not adapter & {task_of(body) for body in general.requests}
    examples = (tmp_path / "runs/cast/examples/stage-01.jsonl").read_text().splitlines()
    assert {json.loads(line)["teacher"] for line in examples} == {"openai:spare"}


def test_a_key_that_the_provider_repeats_is_nowhere_to_be_found(tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    with serve_script([], then=play.unauthorized()) as server:
        config = write_config(tmp_path, teacher=teacher(server, api_key_file=str(tmp_path / "key")))
        stopped = ioa("run", config, "--run-id", "leak", cwd=tmp_path)
        assert stopped.returncode == 3
        assert server.authorizations == [f"Bearer {KEY}"]
    assert "[REDACTED]" in stopped.stderr
    assert str(tmp_path / "key") in stopped.stderr
    written = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if KEY.encode() in path.read_bytes()]
    assert KEY not in stopped.stderr + stopped.stdout


def test_a_key_in_the_run_file_is_refused_before_it_is_written(tmp_path):
    config = write_config(tmp_path, teacher={"model": "openai:m", "options": {"api_key": "whatever-it-is"}})
    done = ioa("run", config, "--run-id", "keyed", cwd=tmp_path)
    assert done.returncode == 2
    assert "api_key_env" in done.stderr
    assert "whatever" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_after_a_kill_what_was_answered_is_kept_and_what_was_in_flight_is_said(tmp_path):
    def slow(body):
        told = answer(body)
        hangs = '"task": "lessons"' in body["messages"][-1]["content"] and not healthy
        return play.hanging(60) if hangs else told

    healthy = []
    with serve_script([], then=slow) as server:
        config = write_config(tmp_path, teacher=teacher(server, concurrency=3), mastery={"rounds": 0})
        process = start("run", config, "--run-id", "killed", cwd=tmp_path)
        deadline = time.monotonic() + 120
        while sum('"task": "lessons"' in body["messages"][-1]["content"] for body in list(server.requests)) < 3:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
        process.wait()
        process.stderr.close()
        before = len(server.requests)
        healthy.append(True)
        resumed = ioa("resume", "killed", cwd=tmp_path)
        assert resumed.returncode == 0, resumed.stderr
        assert "3 calls were in flight when the run stopped; they may be billed twice." in resumed.stderr
        first = {json.dumps(body["messages"]) for body in server.requests[: before - 3]}
        assert not first & {json.dumps(body["messages"]) for body in server.requests[before:]}
    assert summary(tmp_path, "killed")["status"] == "finished"


def test_a_teacher_that_repeats_itself_is_not_asked_again(tmp_path):
    def again(body):
        said = re.sub(r'"seed": \d+', '"seed": 5', body["messages"][-1]["content"])
        return answer({"messages": [*body["messages"][:-1], {"role": "user", "content": said}]})

    with serve_script([], then=again) as server:
        synthesis = {"per_module": 40, "per_request": 2, "passes": 5, "counterfactual_share": 0}
        config = write_config(tmp_path, teacher=teacher(server), synthesis=synthesis, mastery={"rounds": 0})
        done = ioa("run", config, "--run-id", "echo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "% were new and right: more of them were not asked for" in done.stderr
    assert not (tmp_path / "runs/echo/drafts/stage-01-round-0-pass-2").exists()


def test_a_run_stops_when_its_time_is_over(tmp_path):
    config = write_config(tmp_path, budget={"wall": 0.001})
    stopped = ioa("run", config, "--run-id", "late", cwd=tmp_path)
    assert stopped.returncode == 3
    assert "has worked for 0.001 seconds" in stopped.stderr
    assert ioa("resume", "late", "--set", "budget.wall=600", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("spec", ["openai:m", "nosuch"])
def test_the_checkup_of_a_teacher_that_is_not_there_ends_with_one_message(tmp_path, spec):
    done = ioa("teacher", "check", spec, "--base-url", "http://127.0.0.1:9/v1", cwd=tmp_path)
    assert done.returncode == 2
    assert spec in done.stderr
    assert "Traceback" not in done.stderr
