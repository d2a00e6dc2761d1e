"""Two stages and what is trained on together after them."""

from collections import Counter

import yaml

from ioa.memory.files import read_record, read_records
from ioa.memory.records import Assessment, Kind, TaughtLesson
from ioa.results.facts import read_facts
from ioa.results.rounds_taught import rounds_taught

A, B = "sums/a", "sums/b"
SHAPE = {"synthesis": {"portion": None, "per_module": 6, "per_consolidation": 5}, "mastery": {"rounds": 0}}
ON = {"needs": (A,), "training": {"consolidation": 2, "epochs": 3, "replay": 0}, **SHAPE}


def test_all_lessons_are_trained_on_together_with_more_of_what_missed_its_gate(teach):
    # the second stage displaces what the first one taught, and never masters its own
    ctx, trained = teach([{A: 1.0}, {A: 0.0, B: 0.3}, {A: 1.0, B: 1.0}], **ON)
    (first, one), (second, two), (together, last) = trained
    assert (first, second) == ({A: 6}, {B: 6})
    assert together == Counter({A: 6, B: 6 + 5})  # A passed its gate when it was taught
    assert [how.epochs for how in (one, two, last)] == [3, 3, 2]
    assert [how.ending for how in (one, two, last)] == ["average", "average", "both"]
    kinds = Counter((lesson.module, lesson.kind) for lesson in read_records(ctx.run.dataset(3, 0), TaughtLesson))
    assert kinds == {(B, Kind.CHAIN_OF_THOUGHT): 5, (B, Kind.REPLAY): 6, (A, Kind.REPLAY): 6}

    assessment = read_record(ctx.run.assessment(3, 0), Assessment)
    assert [(result.module, result.mastered) for result in assessment.gate] == [(A, True), (B, True)]
    facts = read_facts(ctx.run, "finished")
    assert (facts.verdict(A), facts.verdict(B)) == (True, True)
    assert facts.stage_of == {A: 1, B: 2}
    assert [one.teaching.words for one in rounds_taught(facts)] == ["first lessons", "first lessons", "consolidation"]


def test_what_the_consolidation_could_not_keep_is_not_mastered_in_the_end(teach):
    ctx, _ = teach([{A: 1.0}, {B: 1.0}, {A: 0.0}], **ON)
    facts = read_facts(ctx.run, "finished")
    assert (facts.verdict(A), facts.verdict(B)) == (False, True)


def test_where_all_passed_their_gates_nothing_new_is_asked_for(teach):
    ctx, trained = teach([{A: 1.0}, {B: 1.0}, {}], **ON)
    assert trained[-1][0] == {A: 6, B: 6}
    assert ctx.run.remedies(3, 0).read_text() == ""


def test_a_plan_of_one_stage_has_nothing_to_consolidate(teach):
    ctx, trained = teach([{A: 1.0, B: 1.0}], **{**ON, "needs": ()})
    assert len(trained) == 1
    assert trained[0][1].ending == "both"
    assert len(ctx.curriculum().stages) == 1


def test_a_revised_plan_is_consolidated_once_and_names_what_it_teaches_now(teach):
    ctx, _ = teach([{A: 1.0}, {B: 1.0}, {}], **ON, curriculum={"revise": True})
    stages = yaml.safe_load(ctx.run.curriculum.read_text())["stages"]
    assert [stage["consolidation"] for stage in stages] == [False, False, True]
    assert stages[-1]["modules"] == [A, B]
    assert [revision.after for revision in ctx.curriculum().revisions] == [1]
