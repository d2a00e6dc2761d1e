"""Lessons shared out over misconceptions, and requests that are counted and named apart."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.agents.adapter import PedagogicalAdapter
from ioa.agents.planner import CurriculumPlanner
from ioa.agents.remedy_split import add_misconceptions, aim_remedy, share_out
from ioa.agents.settings.curriculum import CurriculumSettings
from ioa.agents.settings.synthesis import SynthesisSettings
from ioa.agents.teacher import Teacher
from ioa.agents.teachers.scripted import ScriptedModel
from ioa.memory.domains.packs import load_domain
from ioa.memory.records import Assessment, GateResult, Kind, Misconception, Remedy, Score, Strategy
from ioa.memory.transcript import Transcript

MODULE = "addition/carrying"


def remedy(misconception="", lessons=8):
    return Remedy(
        module=MODULE,
        diagnosis="It drops the carry.",
        misconception=misconception,
        kind=Kind.REMEDIAL,
        level="standard",
        strategies=(Strategy.FORMAT,),
        lessons=lessons,
    )


def requests(remedies, accepted):
    adapter = PedagogicalAdapter(None, None, SynthesisSettings(per_request=4), seed=1, max_words=60)
    return adapter.requests(remedies, accepted, 1, 2, 0)


def test_two_remedies_of_one_module_and_level_are_counted_and_named_apart():
    one, two = (remedy(f"stage-01-round-1/{MODULE}/{number}") for number in (1, 2))
    made = requests([one, two, remedy()], {one.aim: 6, remedy().aim: 8})
    found = [(r.misconception_id, r.count) for r in made]
    assert found == [(one.misconception, 2), (two.misconception, 4), (two.misconception, 4)]
    assert len({r.batch for r in requests([one, two, remedy()], {})}) == 6
    assert len({r.seed for r in requests([one, two, remedy()], {})}) == 6


def test_a_remedy_without_a_misconception_keeps_the_plain_name():
    assert [r.batch for r in requests([remedy(lessons=3)], {})] == [f"stage-01/round-2/pass-0/{MODULE}/standard/000"]


WEIGHTS = st.lists(st.integers(0, 60), min_size=1, max_size=8).map(lambda w: sorted(w, reverse=True))


@given(st.integers(0, 200), WEIGHTS, st.integers(1, 20))
def test_lessons_are_shared_out_exactly_with_a_floor_and_more_for_what_is_commoner(total, weights, least):
    parts = share_out(total, weights, least)
    assert sum(parts) == total
    assert len(parts) == len(weights)
    assert parts == sorted(parts, reverse=True)
    if total >= least:
        assert all(part == 0 or part >= least for part in parts)
    if total >= least * len(weights):
        assert all(part >= least for part in parts)
        rest = total - least * len(weights)
        if sum(weights):
            assert all(abs(p - least - rest * w / sum(weights)) < 1 for p, w in zip(parts, weights, strict=True))


def test_weights_that_are_out_of_order_are_an_error():
    for weights in ([], [1, 2], [1, -1]):
        with pytest.raises(ValueError, match="heaviest first"):
            share_out(10, weights, 1)


def finding(number, items, refused="", module=MODULE):
    return Misconception(
        id=f"diagnosis/{module}/{number}",
        module=module,
        summary=f"Finding {number}.",
        probes=tuple(f"p{number}{i}" for i in range(items)),
        failed=10,
        refused=refused,
    )


def test_a_remedy_is_split_over_the_confirmed_misconceptions_of_its_module():
    general = remedy(lessons=20).model_copy(update={"diagnosis": ""})
    found = [finding(1, 6), finding(2, 2), finding(3, 9, refused="no"), finding(1, 9, module="addition/one-digit")]
    made = aim_remedy(general, found, 3)
    assert [(r.diagnosis, r.misconception, r.lessons) for r in made] == [
        ("Finding 1.", f"diagnosis/{MODULE}/1", 14),
        ("Finding 2.", f"diagnosis/{MODULE}/2", 6),
    ]
    assert aim_remedy(general, found[2:], 3) == (general,)


def test_first_lessons_know_what_was_confirmed_and_are_not_split():
    first = (remedy(lessons=20).model_copy(update={"diagnosis": ""}),)
    (both,) = add_misconceptions(first, [finding(1, 6), finding(2, 2)])
    assert "1. Finding 1 (60% of the wrong answers). 2. Finding 2 (20%" in both.diagnosis
    assert (both.misconception, both.lessons) == ("", 20)
    (one,) = add_misconceptions(first, [finding(1, 6)])
    assert (one.diagnosis, one.misconception) == ("Finding 1.", "")
    assert add_misconceptions(first, [finding(3, 6, refused="no")]) == first


def missed(module, ratio):
    score = Score(k=round(ratio * 20), n=20)
    return GateResult(module=module, student=score, teacher=Score(k=20, n=20), ratio=ratio, mastered=ratio >= 0.9)


@pytest.mark.parametrize("usable", [True, False])
def test_the_planners_remedies_are_aimed_with_its_reason_or_without_where_it_cannot_be_read(tmp_path, usable):
    pack = load_domain("arithmetic")
    other, passed = "addition/one-digit", "addition/multi-term"
    gate = (missed(MODULE, 0.5), missed(other, 0.6), missed(passed, 0.95))
    proposal = {"module": MODULE, "level": "no-such", "strategies": ["decompose"], "reason": "It is slow."}
    model = ScriptedModel(json.dumps({"remedies": [proposal], "note": "Go on."}) if usable else "No.")
    teacher = Teacher.of(model, spec="test:model", transcript=Transcript(tmp_path / "t.jsonl"))
    planner = CurriculumPlanner(teacher, CurriculumSettings(), (Strategy.FORMAT,))
    found = [finding(1, 6), finding(2, 3), finding(3, 9, refused="no"), finding(1, 5, module=passed)]
    remedies, _ = planner.remedy(
        pack, Assessment(stage=1, round=0, gate=gate), None, found, gate=0.9, lessons=20, least=4
    )
    teacher.close()
    assert [(r.module, r.misconception, r.lessons) for r in remedies] == [
        (MODULE, f"diagnosis/{MODULE}/1", 12),
        (MODULE, f"diagnosis/{MODULE}/2", 8),
        (other, "", 20),
    ]
    assert [r.diagnosis for r in remedies] == ["Finding 1.", "Finding 2.", ""]
    assert {r.level for r in remedies} == {pack.module(MODULE).exam_level, pack.module(other).exam_level}
    assert remedies[0].reason == ("It is slow." if usable else "")
    assert remedies[0].strategies == ((Strategy.DECOMPOSE,) if usable else (Strategy.FORMAT,))
    told = model.calls[0][1].text
    assert "1. Finding 1 (60% of the wrong answers). 2. Finding 2 (30%" in told
    assert "Finding 3" not in told
