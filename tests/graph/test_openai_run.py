"""A complete run with a teacher behind an OpenAI-compatible server: every call goes over HTTP."""

import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from tests.openai_server import completion, serve
from tests.small import ioa, write_config

from ioa.agents.tutor import open_tutor

pytestmark = pytest.mark.slow
ROLES = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}


def test_a_run_over_http_ends_like_one_with_the_embedded_teacher(tmp_path):
    tutor = open_tutor("arithmetic")

    def answer(body):
        messages = [ROLES[message["role"]](message["content"]) for message in body["messages"]]
        return completion(f"<think>Let me see.</think>\n```json\n{tutor.invoke(messages).text}\n```")

    config = write_config(tmp_path, mastery={"rounds": 0})
    with serve(answer) as server:
        done = ioa(
            "run", config, "--teacher", "openai:served", "--teacher-base-url", server.base_url,
            "--run-id", "http", cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        requests = len(server.requests)
    summary = json.loads((tmp_path / "runs/http/summary.json").read_text())
    assert summary["status"] == "finished"
    assert summary["teacher"]["spec"] == "openai:served"
    assert summary["teacher"]["calls"] == requests
    assert summary["teacher"]["tokens"] == {"input": 11 * requests, "output": 7 * requests, "estimated": False}
    lessons = (tmp_path / "runs/http/examples/stage-01.jsonl").read_text()
    assert lessons
    assert "think" not in lessons


def test_a_teacher_that_writes_nothing_usable_stops_the_run_before_more_is_paid_for(tmp_path):
    config = write_config(tmp_path, examination={"diagnosis": 20})
    with serve(lambda _: completion("I am only a language model.")) as server:
        done = ioa(
            "run", config, "--teacher", "openai:mute", "--teacher-base-url", server.base_url,
            "--run-id", "mute", cwd=tmp_path,
        )  # fmt: skip
        assert len(server.requests) < 80
    assert done.returncode == 3, done.stderr
    assert "12 unreadable" in done.stderr
    assert "ioa transcript" in done.stderr
    assert json.loads((tmp_path / "runs/mute/summary.json").read_text())["teacher"]["rejected"]["unreadable"] >= 12


@pytest.mark.parametrize(
    ("status", "message", "advice"),
    [(401, "the key has expired", "OPENAI_API_KEY"), (400, "no request is understood today", "Correct the teacher's")],
)
def test_a_teacher_that_breaks_down_stops_the_run_and_it_can_be_resumed(tmp_path, status, message, advice):
    tutor, healthy = open_tutor("arithmetic"), []

    def answer(body):
        if len(server.requests) > 12 and not healthy:
            return status, {"error": {"message": message}}
        return completion(tutor.invoke([HumanMessage(body["messages"][-1]["content"])]).text)

    config = write_config(tmp_path, mastery={"rounds": 0})
    with serve(answer) as server:
        arguments = ("--teacher", "openai:served", "--teacher-base-url", server.base_url, "--run-id", "broken")
        stopped = ioa("run", config, *arguments, cwd=tmp_path)
        assert stopped.returncode == 3
        assert "ioa resume broken" in stopped.stderr
        assert message in stopped.stderr
        assert advice in " ".join(stopped.stderr.split())
        assert "Traceback" not in stopped.stderr
        healthy.append(True)
        resumed = ioa("resume", "broken", cwd=tmp_path)
        assert resumed.returncode == 0, resumed.stderr
    assert json.loads((tmp_path / "runs/broken/summary.json").read_text())["status"] == "finished"
