"""Practice: what the student solves by itself of new problems is taught with the lessons."""

import re
from collections import Counter

import pytest
from tests.graph.pupil import module

from ioa.graph.practice import choose_solutions, is_usable, true_beginning
from ioa.memory.domains.families.forms import item_key
from ioa.memory.files import read_records
from ioa.memory.records import ItemResult, Kind, Probe, Split
from ioa.results.facts import read_facts

A, B = "sums/a", "sums/b"
ONE_STAGE = {"curriculum": {"stages": "one", "cycles": 1}, "synthesis": {"portion": None, "per_module": 6}}


def practised(ctx):
    return [lesson for lesson in ctx.store().examples() if lesson.kind is Kind.PRACTICE]


def test_right_solutions_are_taught_with_the_lessons_before_the_stage_is_examined(teach):
    practice = {"rounds": 2, "problems": 8, "known": 3}
    ctx, trained = teach([{A: 0.5, B: 0.5}, {A: 0.6}, {A: 1.0, B: 1.0}], **ONE_STAGE, practice=practice)
    own = practised(ctx)
    assert {lesson.round for lesson in own} == {1, 2}
    assert {lesson.teacher for lesson in own} == {"student"}
    assert Counter((lesson.module, lesson.round) for lesson in own)[A, 1] == 3  # the pupil samples what it answers
    sizes = [sum(lessons.values()) for lessons, _ in trained]
    told = [note.text for event in read_facts(ctx.run, "finished").decisions for note in event.notes]
    first, _ = (re.match(r"Practice: of 16 .* solved (\d+) .* (\d+) of its", text) for text in told if "16 new" in text)
    assert int(first[1]) > int(first[2]) == sum(lesson.round == 1 for lesson in own)  # not all that it can do is taught
    assert sizes[0] == 12
    assert sizes[1] == 12 + sum(lesson.round == 1 for lesson in own)
    assert sizes[2] == 12 + len(own)
    first, *later = [settings for _, settings in trained]
    assert all((one.epochs, one.learning_rate) == (3, first.learning_rate / 2) for one in later)
    assert ctx.student().starts == [None, ctx.run.adapter(1, 0), ctx.run.adapter(1, 1)]
    assert [one.round for one in ctx.rounds().assessments] == [2]  # examined once, behind the practice
    assert ctx.rounds().best(1).teaching.words == "practice 2"


def test_no_problem_of_a_practice_is_examined_or_taught_or_practised_twice(teach):
    ctx, _ = teach([{A: 0.5, B: 0.5}], **ONE_STAGE, practice={"rounds": 2, "problems": 8})
    drawn = [probe for path in ctx.run.rounds_with(ctx.run.practice).values() for probe in read_records(path, Probe)]
    keys = [item_key(probe.question, probe.answer) for probe in drawn]
    assert len(keys) == len(set(keys)) == 32
    assert not {item_key(probe.question, probe.answer) for probe in ctx.probes()} & set(keys)
    taught = [one for one in ctx.store().examples() if one.kind is not Kind.PRACTICE]
    assert not {item_key(one.problem, one.answer) for one in taught} & set(keys)


def test_what_was_practised_costs_nothing_of_the_budget_and_stands_in_the_report(teach):
    modules = [module(A), module(B)]
    learnt = [{A: 0.5, B: 0.5}, {A: 1.0, B: 1.0}]
    ctx, _ = teach(learnt, modules=modules, **ONE_STAGE, budget={"lessons": 10}, practice={"rounds": None})
    own = practised(ctx)
    assert own
    assert len(ctx.store().examples()) - len(own) == 10
    facts = read_facts(ctx.run, "finished")
    assert [facts.teaching(1, round_).words for round_ in (0, 1)] == ["first lessons", "practice 1"]
    assert len(ctx.student().starts) == 2


def test_too_little_is_not_trained_on(teach):
    ctx, trained = teach([{}], **ONE_STAGE, mastery={"rounds": 0}, practice={"rounds": 3, "problems": 4})
    assert len(trained) == 1
    assert not practised(ctx)
    assert [one.round for one in ctx.rounds().assessments] == [0]


def result(reply, correct=True, expected="12"):
    return ItemResult(probe="p", module=A, question="?", expected=expected, reply=reply, extracted="", correct=correct)


@pytest.mark.parametrize(
    ("found", "usable"),
    [
        (result("5 + 7 = 12\nAnswer: 12"), True),
        (result("5 + 7 = 12\nAnswer: 12", correct=False), False),
        (result("5 + 7 = 13\nAnswer: 12"), False),
        (result("Answer: 12"), False),
        (result("It is 12."), False),
        (result("5 + 7 = 12\nAnswer: 12\nAnd on."), False),
        (result("Add them.\nAnswer:\ndef f(a):\n    return a", expected="def f(a):\n    return a"), True),
    ],
)
def test_only_right_solutions_in_the_form_of_a_lesson_are_taught(found, usable):
    assert is_usable(found) is usable


def test_of_what_is_solved_at_once_no_more_is_taught_than_helps():
    def pair(name, number):
        probe = Probe(
            id=f"{name}/{number}", module=name, split=Split.GATE, level="x", question="?", answer="1", family=""
        )
        return probe, result("a\nAnswer: 1")

    at_once = [pair(A, n) for n in range(9)] + [pair(B, n) for n in range(9)]
    chosen = choose_solutions(at_once, [pair(A, n) for n in range(20, 23)], known=2)
    assert Counter(probe.module for probe, _ in chosen) == {A: 3 + 5, B: 2}


@pytest.mark.parametrize(
    ("reply", "beginning"),
    [
        ("7*8=56\n56+1=58\nAnswer: 58", "7*8=56\n"),
        ("7*8=54\nAnswer: 54", ""),
        ("7*8=56\nAnswer: 57", ""),
    ],
)
def test_an_attempt_goes_on_from_the_lines_that_are_true(reply, beginning):
    assert true_beginning(reply) == beginning
