"""First lessons in portions: the stages of a run whose student learns as it is written down."""

from collections import Counter

import pytest

from ioa.agents import SynthesisSettings, first_lessons, portion_count
from ioa.memory.domains.packs import load_domain
from ioa.memory.files import read_record, read_records
from ioa.memory.records import Assessment, Kind, Remedy, Stage, TaughtLesson
from ioa.memory.transcript import read_decisions
from ioa.results.facts import read_facts
from ioa.results.rounds_taught import rounds_taught

A, B = "sums/a", "sums/b"
PACK = load_domain("arithmetic")
CARRYING, TABLE = "addition/carrying", "multiplication/table"


@pytest.mark.parametrize(
    ("portion", "bound", "sizes"),
    [
        (None, 150, [150]),
        (80, 80, [80]),
        (80, 240, [80, 80, 80]),
        (80, 150, [80, 70]),
        (80, 100, [100]),  # 20 lessons more are no portion of their own
        (80, 30, [30]),
    ],
)
def test_all_portions_together_ask_for_what_one_would(portion, bound, sizes):
    stage = Stage(modules=(CARRYING, TABLE))
    settings = SynthesisSettings(portion=portion, per_module=bound)
    assert portion_count(stage, settings) == len(sizes)
    whole = Counter()
    for number, size in enumerate(sizes):
        wanted = first_lessons(PACK, stage, settings, {CARRYING: number})
        assert {(one.module, one.portion, one.portions) for one in wanted} == {(CARRYING, number + 1, len(sizes))}
        assert sum(one.lessons for one in wanted) == size
        whole.update({one.level: one.lessons for one in wanted})
    assert first_lessons(PACK, stage, settings, {CARRYING: len(sizes)}) == ()
    at_once = first_lessons(PACK, stage, settings.model_copy(update={"portion": None}), {CARRYING: 0})
    assert whole == {one.level: one.lessons for one in at_once}


def rounds_of(ctx):
    facts = read_facts(ctx.run, "finished")
    return [(one.teaching.words, one.modules, one.asked, one.accepted) for one in rounds_taught(facts)]


def test_only_what_is_not_mastered_gets_its_next_portion_and_what_is_takes_part_by_replay(teach):
    ctx, trained = teach([{A: 1.0}, {B: 1.0}])
    assert rounds_of(ctx) == [("portion 1 of 3", (A, B), 12, 12), ("portion 2 of 3", (B,), 6, 6)]
    (first, how), (second, again) = trained
    assert (first, again) == (Counter({A: 6, B: 6}), how)  # a portion is no remedy, whose rate is lower
    assert second == Counter({B: 12, A: 6})  # both portions of B, and 0.6 a lesson of A's, of which there are six
    kinds = Counter((one.module, one.kind) for one in read_records(ctx.run.dataset(1, 1), TaughtLesson))
    assert kinds[A, Kind.REPLAY] == 6
    assert not kinds[B, Kind.REPLAY]
    assert read_record(ctx.run.assessment(1, 1), Assessment).teaching.words == "portion 2 of 3"
    asked = [d.text for d in read_decisions(ctx.run.transcript) if d.context.node == "remediate"]
    assert asked == [f"Planner to Adapter: Not mastered yet, so portion 2 of 3 of {B}: 6 lessons."]


def test_remedies_begin_when_all_portions_are_given_and_only_they_count_towards_r_max(teach):
    ctx, trained = teach([{A: 1.0}])
    words = [(words, modules) for words, modules, *_ in rounds_of(ctx)]
    assert words == [
        ("portion 1 of 3", (A, B)), ("portion 2 of 3", (B,)), ("portion 3 of 3", (B,)), ("remediation 1", (B,)),
    ]  # fmt: skip
    rates = [how.learning_rate for _, how in trained]
    assert rates[:3] == rates[:1] * 3
    assert rates[3] == rates[0] * ctx.config.training.remedial_rate
    (left,) = {d.text for d in read_decisions(ctx.run.transcript) if d.context.node == "advance"}
    assert "not mastered in 1 remediation round;" in left


def test_a_module_that_fell_below_the_gate_gets_the_portion_it_has_left(teach):
    ctx, _ = teach([{A: 1.0}, {A: 0.0, B: 1.0}, {A: 1.0}])
    assert rounds_of(ctx)[1][:2] == ("portion 2 of 3", (B,))
    wanted = read_records(ctx.run.remedies(1, 2), Remedy)
    assert {(one.module, one.portion) for one in wanted} == {(A, 2)}


def test_portions_without_gain_are_no_stall(teach):
    ctx, trained = teach([{}], mastery={"rounds": 3, "stall_rounds": 1})
    assert [words for words, *_ in rounds_of(ctx)] == [*(f"portion {n} of 3" for n in (1, 2, 3)), "remediation 1"]
    assert len(trained) == 4


def test_a_round_with_too_few_new_lessons_trains_nothing_and_is_not_examined_again(teach):
    ctx, trained = teach([{}], training={"least_new": 100}, mastery={"rounds": 5, "stall_rounds": 2})
    assert trained == []
    # No further portion of what brings so few, and two remedies that bring nothing are a stall.
    assert [words for words, *_ in rounds_of(ctx)] == ["portion 1 of 3", "remediation 1", "remediation 2"]
    assert list(ctx.run.rounds_with(ctx.run.assessment)) == [(1, 0)]
    decisions = read_decisions(ctx.run.transcript)
    told = [d.text for d in decisions if d.context.node == "train"]
    assert told[0] == (
        "12 new lessons, fewer than training.least_new (100): nothing is trained in portion 1 of 3 of stage 1."
    )
    (last,) = (d.notes[0].text for d in decisions if d.context.node == "assess" and d.context.round == 2)
    assert last == (
        "Nothing was trained, so nothing is examined again. Round 0 stays the best. "
        "2 rounds brought nothing: no more of them."
    )


def test_a_budget_of_lessons_cuts_what_is_asked_for_alike_and_ends_the_rounds(teach):
    ctx, trained = teach([{}], budget={"lessons": 15}, mastery={"rounds": 5, "stall_rounds": 0})
    assert rounds_of(ctx) == [("portion 1 of 3", (A, B), 12, 12), ("portion 2 of 3", (A, B), 3, 3)]
    assert len(trained) == 1  # three new lessons are fewer than training.least_new
    said = " ".join(note.text for one in read_decisions(ctx.run.transcript) for note in one.notes)
    assert "The budget of 15 lessons is used up." in said
