"""A run in which strategies are learnt, lessons are changed, and problems are solved three times."""

import json
import re
import signal

import pytest
from tests.small import ioa, start, write_config

from ioa.memory.files import read_record, read_records
from ioa.memory.records import Example, Kind, ObservedDifficulty, StrategyRecord, TaughtLesson
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import read_attempts

pytestmark = pytest.mark.slow
SYNTHESIS = {
    "per_module": 16, "per_remedy": 8, "per_request": 4,
    "choice": "bandit", "solutions": 3, "counterfactual_share": 0.2,
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    config = write_config(folder, synthesis=SYNTHESIS, training={"observe": 6}, student={"max_new_tokens": 160})
    done = ioa("run", config, "--run-id", "whole", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def whole(place):
    return RunDirectory.at(place / "runs", "whole")


def lessons(run):
    return [example for stage in (1, 2) for example in read_records(run.examples(stage), Example)]


def test_lessons_have_their_original_beside_them_and_counterfactuals_their_source(whole):
    for lesson in lessons(whole):
        assert len(lesson.strategies) == 2
        assert lesson.original
        assert (lesson.kind is Kind.COUNTERFACTUAL) == bool(lesson.source and lesson.changed)
    kinds = {lesson.kind for lesson in lessons(whole)}
    assert kinds == {Kind.CHAIN_OF_THOUGHT, Kind.COUNTERFACTUAL, Kind.REMEDIAL}


def test_a_lesson_is_solved_until_a_majority_agrees(whole):
    events = read_attempts(whole.transcript)
    own = [event for event in events if event.context.agent == "verifier"]
    asked = [(event.context.batch, event.messages[-1].content) for event in own]
    assert asked
    assert {asked.count(prompt) for prompt in asked} == {2}  # the tutor never disagrees with itself
    first = [prompt for _, prompt in asked if '"id": "sums/long"' in prompt]
    assert first
    assert len(first) < len(asked)  # in the last stage nothing comes later


def test_every_round_is_listed_measured_and_learnt_from(whole):
    record = read_record(whole.strategies, StrategyRecord)
    assert {(use.module, use.stage, use.round) for use in record.uses} == {
        ("sums/short", 1, 0), ("sums/short", 1, 1), ("sums/long", 2, 0), ("sums/long", 2, 1)
    }  # fmt: skip
    assert [effect.strategy.value for effect in record.effects] == [
        "concretize", "decompose", "cognitive-load", "format", "language"
    ]  # fmt: skip
    by_id = {lesson.id: lesson for lesson in lessons(whole)}
    for stage, round_ in ((1, 0), (1, 1), (2, 0), (2, 1)):
        listed = read_records(whole.dataset(stage, round_), TaughtLesson)
        own = [line.example for line in listed if line.kind is not Kind.REPLAY]
        assert own == [lesson.id for lesson in by_id.values() if (lesson.stage, lesson.round) == (stage, round_)]
        observed = read_records(whole.observed(stage, round_), ObservedDifficulty)
        assert 0 < len(observed) <= 6
        assert {one.example for one in observed} <= set(own)
    assert any(line.kind is Kind.REPLAY for line in read_records(whole.dataset(2, 0), TaughtLesson))
    report = whole.report.read_text()
    for heading in (
        "Difficulty asked for and observed",
        "What the strategies brought",
        "as adapted to the student",
    ):
        assert heading in report


@pytest.mark.parametrize("moment", ["writing lessons", "verifying lessons", "training"])
def test_killed_and_resumed_it_makes_the_same_choices_and_the_same_lessons(place, whole, moment):
    run = RunDirectory.at(place / "runs", f"killed-{moment.split()[0]}")
    process = start("run", "run.yaml", "--run-id", run.run_id, cwd=place)
    for line in process.stderr:
        if re.match(rf"\s+{moment}\S*: [1-9]", line):
            process.send_signal(signal.SIGKILL)
            break
    process.stderr.close()
    assert process.wait() == -signal.SIGKILL
    resumed = ioa("resume", run.run_id, cwd=place)
    assert resumed.returncode == 0, resumed.stderr
    untraced = [[one.model_copy(update={"event": ""}) for one in lessons(which)] for which in (run, whole)]
    assert untraced[0] == untraced[1]
    assert json.loads(run.strategies.read_text()) == json.loads(whole.strategies.read_text())
    for stage, round_ in ((1, 1), (2, 1)):
        assert run.observed(stage, round_).read_bytes() == whole.observed(stage, round_).read_bytes()


def test_without_strategies_lessons_are_plain(place):
    done = ioa(
        "run", "run.yaml", "--set", "synthesis.choice=off", "--set", "mastery.rounds=0", "--run-id", "off", cwd=place
    )
    assert done.returncode == 0, done.stderr
    run = RunDirectory.at(place / "runs", "off")
    assert {(lesson.strategies, lesson.original) for lesson in lessons(run)} == {((), ())}
