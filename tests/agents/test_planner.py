"""What the Curriculum Planner tells its teacher of Eq. 8, and which of its plans it takes."""

import json

import pytest
from tests.agents.plans import diagnosed

from ioa.agents.planner import CurriculumPlanner
from ioa.agents.settings.curriculum import CurriculumSettings
from ioa.agents.teacher import Teacher
from ioa.agents.teachers.scripted import ScriptedModel
from ioa.memory.transcript import Transcript

GENTLE = {"m/a": 0.1, "m/b": 0.2, "m/c": 0.95}


def reply(*stages):
    told = [{"title": "t", "modules": list(stage), "rationale": "r"} for stage in stages]
    return json.dumps({"stages": told, "note": "Go on."})


@pytest.fixture
def plan(tmp_path):
    """Plan targets of these difficulties with a teacher that writes that reply; with what it was told."""

    def made(difficulty, written, **settings):
        model = ScriptedModel(written)
        teacher = Teacher.of(model, spec="test:model", transcript=Transcript(tmp_path / "t.jsonl"))
        planner = CurriculumPlanner(teacher, CurriculumSettings(**settings), ())
        curriculum, _ = planner.plan(diagnosed(difficulty))
        teacher.close()
        return planner, curriculum, model.calls[0][1].text if model.calls else ""

    return made


@pytest.mark.parametrize(
    ("stages", "refused"),
    [
        ([["m/a"], ["m/b"], ["m/c"]], ""),
        ([["m/a", "m/b"], ["m/c"]], "m/b (0.20) is more than 0.15 above what is reached before it (0.00)"),
        ([["m/b"], ["m/a"], ["m/c"]], "m/b (0.20) is more than 0.15 above"),
        ([["m/c"], ["m/a"], ["m/b"]], "m/c (0.95) is more than 0.15 above what is reached before it (0.00)"),
        ([["m/a"], ["m/c"]], "it must hold each target exactly once"),
    ],
)
def test_a_plan_that_breaks_the_bound_needlessly_is_refused_with_the_reason(plan, stages, refused):
    _, curriculum, told = plan(GENTLE, reply(*stages))
    assert "0.15 (tau_ZPD) harder than the hardest module" in told
    assert '"tau_zpd": 0.15' in told
    computed = [("m/a",), ("m/b",), ("m/c",)]
    assert [stage.modules for stage in curriculum.stages] == (computed if refused else [tuple(s) for s in stages])
    assert refused in " ".join(curriculum.warnings)
    assert bool(curriculum.warnings) == bool(refused)


def test_what_stays_too_steep_is_said_for_the_module_and_counts_the_bridges_that_are_over(plan):
    planner, curriculum, _ = plan(GENTLE, reply(["m/a"], ["m/b"], ["m/c"]))
    bridged = planner.bridge(curriculum, GENTLE, {"m/c": {"easy": 0.5}})
    assert [dict(stage.levels) for stage in bridged.stages] == [{}, {}, {"m/c": "easy"}, {}]
    assert bridged.warnings == (
        "Stage 3 is harder than what is reached before it (0.20) by more than 0.15: m/c (0.50).",
        "Stage 4 is harder than what is reached before it (0.50) by more than 0.15: m/c (0.95).",
    )
    none_left = CurriculumSettings(most_bridges=1)
    again = CurriculumPlanner(planner._teacher, none_left, ()).bridge(
        bridged.model_copy(update={"stages": (*bridged.stages[:3], bridged.stages[3])}),
        GENTLE,
        {"m/c": {"middle": 0.7}},
        after=3,
        reached=0.2,
    )
    assert [dict(stage.levels) for stage in again.stages] == [{}, {}, {"m/c": "easy"}, {}]
    assert again.warnings[0] == bridged.warnings[0]  # of what is over
    assert again.warnings[1] == "Stage 4 is harder than what is reached before it (0.20) by more than 0.15: m/c (0.95)."


@pytest.mark.parametrize(
    ("settings", "stages"),
    [
        ({"stages": "by-difficulty", "largest_stage": 2}, [("m/b", "m/c"), ("m/a",)]),
        ({"stages": "by-difficulty", "largest_stage": 1}, [("m/b",), ("m/c",), ("m/a",)]),
        ({"stages": "one", "largest_stage": 2}, [("m/b", "m/c", "m/a")]),
    ],
)
def test_without_prerequisites_the_easiest_come_first_and_nobody_is_asked(plan, settings, stages):
    _, curriculum, told = plan({"m/a": 0.9, "m/b": 0.1, "m/c": 0.2}, "never asked for", **settings)
    assert [stage.modules for stage in curriculum.stages] == stages
    assert [stage.number for stage in curriculum.stages] == list(range(1, len(stages) + 1))
    assert told == ""
    assert all(f"curriculum.stages is `{settings['stages']}`" in stage.rationale for stage in curriculum.stages)
