"""What is estimated before a run, against what the run then asks."""

import json
import re

import pytest
import yaml
from tests.small import ioa, write_config

from ioa.agents import TeacherSettings
from ioa.agents.estimate import estimate
from ioa.cli.teacher import plan_of
from ioa.graph.config import load_config

pytestmark = pytest.mark.slow
ROLES = ("examinee", "diagnoser", "planner", "adapter", "verifier")


def test_a_run_asks_no_less_and_no_more_than_was_estimated(finished):
    asked = json.loads((finished / "runs/whole/summary.json").read_text())["teacher"]
    config = load_config(str(finished / "run.yaml"))
    found = estimate(plan_of(config), dict.fromkeys(ROLES, config.teacher), dict.fromkeys(ROLES))
    for row in asked["by_agent"]:
        calls = [line.calls for line in found.lines if line.agent == row["name"]]
        assert sum(span.low for span in calls) <= row["calls"] <= sum(span.high for span in calls), row["name"]
    assert found.total("input").low <= asked["tokens"]["input"] <= found.total("input").high
    assert found.usd is None


def test_a_price_a_rate_and_a_teacher_of_its_own_are_counted(tmp_path):
    config = load_config(str(write_config(tmp_path)))
    slow = TeacherSettings(model="openai:m", rpm=1)
    cast = {**dict.fromkeys(ROLES, config.teacher), "adapter": slow}
    found = estimate(plan_of(config), cast, dict.fromkeys(ROLES))
    (lessons,) = [line for line in found.lines if line.task == "lessons"]
    assert found.seconds.low >= 60 * lessons.calls.low


@pytest.mark.parametrize(("stages", "more"), [("by-prerequisites", True), ("one", False)])
def test_a_consolidation_of_several_stages_asks_for_further_lessons(tmp_path, stages, more):
    most = []
    for passes in (0, 1):
        path = write_config(tmp_path, curriculum={"stages": stages}, training={"consolidation": passes})
        config = load_config(str(path))
        found = estimate(plan_of(config), dict.fromkeys(ROLES, config.teacher), dict.fromkeys(ROLES))
        most += [line.calls.high for line in found.lines if line.task == "lessons"]
    assert (most[1] > most[0]) == more


def test_a_final_examination_of_the_targets_alone_asks_a_teacher_less(tmp_path):
    asked = {}
    for scope in ("domain", "targets"):
        path = write_config(tmp_path, diagnosis={"top_share": 0.5}, examination={"final": 40, "final_scope": scope})
        config = load_config(str(path))
        found = estimate(plan_of(config), dict.fromkeys(ROLES, config.teacher), dict.fromkeys(ROLES))
        asked[scope] = next(line.calls for line in found.lines if line.agent == "examinee")
    # One of two modules is a target.
    assert asked["domain"].low - asked["targets"].low == asked["domain"].high - asked["targets"].high == 40


def test_the_command_asks_nobody_and_names_what_has_no_price(tmp_path):
    path = write_config(tmp_path, teacher={"model": "openai:unheard-of", "base_url": "http://127.0.0.1:9/v1"})
    done = ioa("estimate", path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Cost: unknown (no price is known for openai:unheard-of)" in done.stdout
    priced = ioa("estimate", path, "--set", "teacher.price={input: 1, output: 2}", cwd=tmp_path)
    least, most = map(float, re.search(r"Cost: \$([\d.]+) to \$([\d.]+)", priced.stdout).groups())
    assert 0 < least < most
    assert yaml.safe_load(path.read_text())["teacher"]["model"] == "openai:unheard-of"


def test_of_another_method_it_says_what_was_counted(tmp_path):
    write_config(tmp_path)
    told = [ioa("estimate", "run.yaml", "--set", f"method.name={name}", cwd=tmp_path) for name in ("ioa", "lion")]
    assert [done.returncode for done in told] == [0, 0]
    assert ["as lion reads it" in " ".join(done.stdout.split()) for done in told] == [False, True]
    wrong = ioa("estimate", "run.yaml", "--set", "method.name=nosuch", cwd=tmp_path)
    assert (wrong.returncode, "direct-sft" in wrong.stderr) == (2, True)
