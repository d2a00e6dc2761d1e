"""Lessons written while the stage before them is taught, by a teacher that is paid and takes its time."""

import re
import signal
import time
from collections import Counter

import pytest
from langchain_core.messages import HumanMessage
from tests.graph.pupil import module, open_context
from tests.openai_server import completion, serve
from tests.small import ENVIRONMENT, ioa, start, write_config

from ioa.agents import TeacherSettings, is_here
from ioa.agents.tutor import open_tutor
from ioa.graph.builder import build_graph
from ioa.graph.nodes import training_nodes
from ioa.memory import TrainingLog
from ioa.memory.files import read_records
from ioa.memory.records import Example, Refusal, RefusalReason
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import read_attempts, read_decisions, read_transcript

A, B, C = "sums/a", "sums/b", "sums/c"
TEACHER = '''
import asyncio
import hashlib
import os
from pathlib import Path
from typing import ClassVar

from ioa.agents.tutor import TutorChatModel


class Paid(TutorChatModel):
    """The tutor, for money: each prompt that it was paid for is a line of a file."""

    free_of_charge: ClassVar[bool] = False

    async def _agenerate(self, messages, *args, **kwargs):
        text = "\\n".join(str(message.content) for message in messages)
        answer = self._generate(messages)
        later = "LESSONS" in os.environ and '"task": "lessons"' in text and "two or three digits" in text
        await asyncio.sleep(float(os.environ["LESSONS"]) if later else 0.01)
        with Path(__file__).with_name("paid.txt").open("a") as paid:
            paid.write(hashlib.sha256(text.encode()).hexdigest() + "\\n")
        return answer


def open_teacher(_name):
    return Paid()
'''


def write_teacher(folder):
    file = folder / "paid.py"
    file.write_text(TEACHER, encoding="utf-8")
    return {"model": f"{file}:open_teacher"}


@pytest.mark.parametrize(
    ("settings", "here"),
    [
        ({"model": "tutor:arithmetic"}, True),
        ({"model": "gguf:model.gguf"}, True),
        ({"model": "openai:m", "base_url": "http://127.0.0.1:8000/v1"}, True),
        ({"model": "openai:m", "base_url": "http://localhost:8000"}, True),
        ({"model": "openai:m", "base_url": "http://[::1]:8000"}, True),
        ({"model": "openai:m", "base_url": "http://10.0.0.7:8000"}, False),
        ({"model": "openai:m", "base_url": "https://api.example.com/v1"}, False),
        ({"model": "openai:m"}, False),
        ({"model": "ollama:m"}, True),
        ({"model": "ollama:m", "base_url": "http://gpu.lan:11434"}, False),
    ],
)
def test_a_teacher_is_here_if_it_works_on_this_machine(settings, here, monkeypatch):
    for name in ("OPENAI_API_BASE", "OPENAI_BASE_URL", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)
    assert is_here(TeacherSettings.model_validate(settings)) is here


@pytest.fixture
def taught(tmp_path, monkeypatch):
    """A run whose student has, after each training, the abilities that its number says."""
    opened = []

    def run(names, learnt, **sections):
        config = {
            "examination": {"diagnosis": 24, "gate": 8, "final": 2, "spare": 0},
            "synthesis": {"per_module": 6, "per_request": 3, "introductory_share": 0},
            "training": {"observe": 0, "least_new": 1},
            "mastery": {"rounds": 0},
            "curriculum": {"bridges": False, "largest_stage": 1},
            "teacher": write_teacher(tmp_path),
            **sections,
        }
        modules = [module(name, *names[:at][-1:]) for at, name in enumerate(names)]
        ctx = open_context(tmp_path, modules, dict.fromkeys(names, 0.0), **config)
        opened.append(ctx)
        pupil, trained = ctx.student(), []

        def train(_student, lessons, *, out, **_):
            trained.append(out)
            pupil.abilities |= learnt[min(len(trained), len(learnt)) - 1]
            thread = ctx.parts["ahead"]._thread
            if thread is not None:
                thread.join()
            out.mkdir(parents=True)
            return TrainingLog(steps=(), examples=len(lessons), tokens=0, seconds=0)

        monkeypatch.setattr(training_nodes, "train", train)
        build_graph(ctx).invoke({"notes": []}, {"recursion_limit": 300})
        return ctx

    yield run
    for ctx in opened:
        ctx.close()


def told(ctx, node):
    return "\n".join(d.text for d in read_decisions(ctx.run.transcript) if d.context.node == node and not d.subject)


def test_what_was_written_ahead_is_taken_over_and_nothing_is_asked_again(taught):
    ctx = taught([A, B], [{A: 1.0}, {B: 1.0}])
    assert "3 of 3 requests were answered while the stage before was taught" in told(ctx, "draft")
    assert "Writing lessons ahead: 3 of 3 requests" in told(ctx, "draft")
    assert "Verifying lessons ahead: 3 of 3 requests" in told(ctx, "verify")
    events = read_transcript(ctx.run.transcript)
    assert {event.parent for event in events} - {""} <= {event.id for event in events}
    drafts = [e for e in read_attempts(ctx.run.transcript) if e.context.stage == 2 and e.context.node == "draft"]
    second = [event for event in drafts if "/pass-0/" in event.context.batch]  # a further one may be needed later
    decisions = read_decisions(ctx.run.transcript)
    (advanced,) = (d for d in decisions if d.context.node == "advance" and d.context.stage == 1)
    assert second
    assert all(event.time < advanced.time for event in second)
    assert not ctx.run.ahead(2).exists()
    assert max(Counter((ctx.run.root.parent / "paid.txt").read_text().split()).values()) == 1


@pytest.mark.parametrize(("names", "dropped_in"), [([A, B, C], "draft"), ([A, B], "finish")])
def test_what_a_revised_plan_does_not_want_is_dropped_and_said_so(taught, names, dropped_in):
    ctx = taught(names, [dict.fromkeys([A, B], 1.0), {C: 1.0}])
    refused = [one for one in read_records(ctx.run.refusals(2), Refusal) if one.reason is RefusalReason.REPLANNED]
    assert {one.module for one in refused} == {B}
    assert len(refused) == 6
    assert "6 lessons are dropped and were paid for: written ahead for stage 2" in told(ctx, dropped_in)
    assert {example.module for example in ctx.store().examples(2)} == ({C} if C in names else set())
    assert not ctx.run.ahead(2).exists()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a run file, and two runs that are finished: with and without lessons written ahead."""
    folder = tmp_path_factory.mktemp("ahead")
    write_config(folder, teacher=write_teacher(folder))
    for name, ahead in (("one", 0), ("whole", 1)):
        done = ioa("run", "run.yaml", "--run-id", name, "--fresh", "--set", f"synthesis.ahead={ahead}", cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


def lessons(run):
    found = [example for stage in (1, 2) for example in read_records(run.examples(stage), Example)]
    return [example.model_copy(update={"event": ""}) for example in found]


@pytest.mark.slow
def test_the_lessons_are_the_same_with_and_without(place):
    one, whole = (RunDirectory.at(place / "runs", name) for name in ("one", "whole"))
    assert lessons(one) == lessons(whole)
    ahead = [d for d in read_decisions(whole.transcript) if d.read.get("ahead")]
    assert [(d.context.node, d.context.stage) for d in ahead] == [("draft", 2), ("verify", 2)]
    assert not any(d.read.get("ahead") for d in read_decisions(one.transcript))
    asked = [
        Counter((e.context.node, e.context.stage, e.context.batch) for e in read_attempts(run.transcript))
        for run in (one, whole)
    ]
    assert asked[0] == asked[1]


@pytest.mark.slow
def test_after_kill_9_it_goes_on_without_paying_twice(place):
    run = RunDirectory.at(place / "runs", "killed")
    (place / "paid.txt").unlink()
    process = start("run", "run.yaml", "--run-id", "killed", "--fresh", cwd=place)
    drafts = run.ahead(2) / "drafts.jsonl"
    while not drafts.exists():
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.stderr.close()
    process.wait()
    assert not run.examples(2).exists()
    resumed = ioa("resume", "killed", cwd=place)
    assert resumed.returncode == 0, resumed.stderr
    assert lessons(run) == lessons(RunDirectory.at(place / "runs", "whole"))
    lost = re.search(r"(\d+) calls were in flight", resumed.stderr)
    again = sum(count - 1 for count in Counter((place / "paid.txt").read_text().split()).values())
    assert again <= (int(lost[1]) if lost else 0)
    assert not run.ahead(2).exists()


@pytest.mark.slow
def test_ctrl_c_ends_what_is_written_in_the_background_at_once(place, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "LESSONS", "300")
    process = start("run", "run.yaml", "--run-id", "interrupted", "--fresh", cwd=place)
    said = []
    for line in process.stderr:
        said.append(line)
        if re.match(r"\s+training: [1-9]", line):
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            break
    said += process.stderr
    process.stderr.close()
    assert process.wait() == 130, said
    assert time.monotonic() - began < 60
    assert "Traceback" not in "".join(said)
    run = RunDirectory.at(place / "runs", "interrupted")
    assert (run.ahead(2) / "requests.jsonl").exists()
    assert not (run.ahead(2) / "drafts.jsonl").exists()  # its calls were still under way
    monkeypatch.delitem(ENVIRONMENT, "LESSONS")
    assert ioa("resume", "interrupted", cwd=place).returncode == 0
    assert lessons(run) == lessons(RunDirectory.at(place / "runs", "whole"))


@pytest.mark.slow
def test_over_http_it_is_the_same(place, tmp_path, monkeypatch):
    monkeypatch.setattr("ioa.graph.ahead.is_here", lambda _: False)  # the server is, but as a stranger
    tutor = open_tutor("arithmetic")
    with serve(lambda body: completion(tutor.invoke([HumanMessage(body["messages"][-1]["content"])]).text)) as server:
        teacher = ("--teacher", "openai:served", "--teacher-base-url", server.base_url)
        config = write_config(tmp_path)
        done = ioa("run", config, *teacher, "--run-id", "http", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        asked = len(server.requests)
    run, whole = RunDirectory.at(tmp_path / "runs", "http"), RunDirectory.at(place / "runs", "whole")
    assert sum(not event.ledger for event in read_attempts(run.transcript)) == asked
    assert [d.context.node for d in read_decisions(run.transcript) if d.read.get("ahead")] == ["draft", "verify"]
    untold = {"teacher": ""}
    assert [one.model_copy(update=untold) for one in lessons(run)] == [
        one.model_copy(update=untold) for one in lessons(whole)
    ]
