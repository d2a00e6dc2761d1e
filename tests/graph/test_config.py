"""What may be set about a run, before it and on its way."""

import pytest

from ioa.agents import Roles, TeacherSettings
from ioa.graph.config import RunConfig, changed, override
from ioa.memory.errors import UserError

CONFIG = RunConfig(roles=Roles(adapter=(TeacherSettings(model="openai:one"), TeacherSettings(model="openai:two"))))


def test_a_teacher_of_a_role_is_set_by_its_place():
    found = override(CONFIG, ["roles.adapter.1.timeout=7"])
    assert [teacher.timeout for teacher in found.roles.adapter] == [120.0, 7.0]
    assert changed(CONFIG, ["roles.adapter.0.base_url=http://127.0.0.1:1/v1"]).roles.adapter[0].base_url


@pytest.mark.parametrize(
    "settings",
    [
        ["student.chat_template_kwargs={enable_thinking: true, reasoning_effort: low}"],
        ["student.chat_template_kwargs.enable_thinking=true", "student.chat_template_kwargs.reasoning_effort=low"],
    ],
)
def test_a_mapping_of_any_names_is_set_as_a_whole_or_name_by_name(settings):
    found = override(CONFIG, settings)
    assert found.student.chat_template_kwargs == {"enable_thinking": True, "reasoning_effort": "low"}
    assert override(found, []) == found


@pytest.mark.parametrize("key", ["roles.adapter.2.timeout", "roles.adapter.x.timeout", "roles.nobody.0.timeout"])
def test_a_place_that_is_not_there_is_named(key):
    with pytest.raises(UserError, match="there is no key"):
        override(CONFIG, [f"{key}=7"])


@pytest.mark.parametrize("setting", ["seed=4", "teacher.model=openai:m", "roles.adapter.0.model=openai:m", "domain=x"])
def test_what_a_run_under_way_depends_on_may_not_change(setting):
    with pytest.raises(UserError, match="a run under way keeps its"):
        changed(CONFIG, [setting])


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("mastery.tau_mastery=2", ["mastery.tau_mastery", "got 2", "number, > 0, ≤ 1"]),
        ("diagnosis.tau_gap=-1", ["diagnosis.tau_gap", "got -1", "number, ≥ 0, ≤ 1"]),
        ("diagnosis.tau_dep=high", ["diagnosis.tau_dep", "got 'high'", "number, ≥ 0, ≤ 1"]),
        ("diagnosis.top_share=0", ["diagnosis.top_share", "got 0", "number, > 0, ≤ 1"]),
        ("curriculum.tau_zpd=null", ["curriculum.tau_zpd", "got None", "number, ≥ 0, ≤ 1"]),
        ("synthesis.per_request=51", ["synthesis.per_request", "got 51", "whole number, ≥ 1, ≤ 50"]),
        ("synthesis.duplicate_jaccard=0", ["synthesis.duplicate_jaccard", "got 0", "≥ 0.1, ≤ 1"]),
        ("synthesis.benchmarks=a.jsonl", ["synthesis.benchmarks", "got 'a.jsonl'", "list of texts"]),
        ("mastery.rounds=many", ["mastery.rounds", "got 'many'", "whole number, ≥ 0"]),
        ("mastery.on_failure=maybe", ["mastery.on_failure", "one of continue, skip, stop"]),
        ("training.betas=[0.9,1.5]", ["training.betas.1", "got 1.5", "≥ 0, < 1"]),
        ("roles.adapter.0.timeout=0", ["roles.adapter.0.timeout", "got 0", "number, > 0"]),
        ("diagnosis=3", ["diagnosis", "got 3", "a mapping of tau_gap, tau_dep"]),
        ("mastery.tau=1", ["no key mastery.tau", "The keys of mastery: tau_mastery, rounds,"]),
        ("nothing.at.all=1", ["no key nothing.at.all", "The keys of a run file: domain, seed"]),
        ("mastery.rounds=[", ["mastery.rounds=[", "not YAML"]),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_key_value_and_range(setting, words):
    with pytest.raises(UserError) as caught:
        override(CONFIG, [setting])
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_secret_that_was_put_in_the_wrong_place_is_not_repeated():
    with pytest.raises(UserError) as caught:
        override(CONFIG, ["teacher.base_url=http://me:hidden@host/v1"])
    assert "hidden" not in str(caught.value)
    assert "api_key_env" in str(caught.value)
