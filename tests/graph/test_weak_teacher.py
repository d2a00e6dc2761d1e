"""A real and weak language model as a teacher: SmolLM2 behind llama.cpp, asked over HTTP, held to the schema."""

import json
import re
from pathlib import Path

import pytest
import yaml
from tests.roads import smollm2
from tests.small import PACK, ioa, write_config

from ioa.memory.files import read_records
from ioa.memory.records import Refusal
from ioa.memory.transcript import read_attempts

PATIENCE = 1200
"""Seconds: on two cores the model has one to itself, and reads a request for lessons at about 100 tokens a second."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(PATIENCE + 300)]


@pytest.fixture
def weak():
    """The model that the student is made of; the penalty ends the lines that it would repeat for ever."""
    return {
        "model": f"gguf:{smollm2()}",
        "max_tokens": 200,
        "temperature": 0.3,
        "options": {"frequency_penalty": 1.0, "seed": 1},
    }


def one_module(config: Path) -> None:
    pack = config.parent / "sums.yaml"
    pack.write_text(yaml.safe_dump({**PACK, "modules": PACK["modules"][:1]}), encoding="utf-8")


def test_its_wrong_lessons_are_refused_and_the_run_ends_and_says_so(tmp_path, weak):
    config = write_config(
        tmp_path,
        roles={"diagnoser": weak, "planner": weak, "adapter": weak},
        examination={"diagnosis": 3, "gate": 3, "final": 3},
        synthesis={"per_module": 2, "per_request": 1, "passes": 1},
        mastery={"rounds": 0},
    )
    one_module(config)
    done = ioa("run", config, "--run-id", "weak", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "refused" in done.stderr
    run = tmp_path / "runs/weak"
    events = read_attempts(run / "transcript.jsonl")
    spoken = [event for event in events if event.teacher == weak["model"]]
    assert {event.context.agent for event in spoken} == {"diagnoser", "planner", "adapter"}
    assert all(not event.tokens.estimated for event in spoken if event.answered)
    assert any(event.parsed for event in spoken)
    refused = read_records(run / "examples/refused-01.jsonl", Refusal)
    assert refused
    accepted = run / "examples/stage-01.jsonl"
    for line in accepted.read_text().splitlines() if accepted.exists() else ():  # whatever got through is true
        lesson = json.loads(line)
        left, right = lesson["problem"].rstrip("?. ").split()[-3::2]
        assert int(left) + int(right) == int(lesson["answer"])
    assert json.loads((run / "summary.json").read_text())["status"] == "finished"


def test_what_it_cannot_do_itself_is_not_taught(tmp_path, weak):
    config = write_config(tmp_path, teacher=weak, examination={"diagnosis": 3, "gate": 3, "final": 3})
    one_module(config)
    done = ioa("run", config, "--run-id", "weak", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    # Less than diagnosis.least_teacher: at most one of three.
    assert re.search(r"The teacher itself cannot do sums/short \([01]/3(, \d unread)?\): not taught\.", done.stderr)
