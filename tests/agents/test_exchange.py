"""The form of replies: asked for where it is needed, tolerant where a model leaves something out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.agents.exchange import (
    AnalyseReply,
    AssignReply,
    Candidate,
    ItemsBrief,
    ItemsReply,
    LessonsBrief,
    LessonsReply,
    ModuleBrief,
    PrerequisitesReply,
    SolveBrief,
    SolveReply,
    SourceProblem,
    TagReply,
    TemplateBrief,
)
from ioa.agents.prompting import UnreadableReplyError, messages, parse

ABOUT = ModuleBrief(id="a/b", description="x")


def brief(**changes):
    known = {"module": ABOUT, "level": "l", "kind": "chain-of-thought", "strategies": (), "count": 3, "seed": 1}
    return LessonsBrief(**{**known, "max_words": 60, **changes})


def lesson_schema(asked):
    return asked.reply_schema()["$defs"]["Lesson"]


def test_only_what_a_request_needs_is_in_the_form_of_its_reply():
    assert lesson_schema(brief())["required"] == ["problem", "steps", "answer"]
    assert not {"original", "source", "changed"} & lesson_schema(brief())["properties"].keys()
    assert "original" in lesson_schema(brief(strategies=("format",)))["required"]
    changing = lesson_schema(brief(kind="counterfactual", sources=(SourceProblem(id="s", problem="p", answer="a"),)))
    assert {"source", "changed"} <= set(changing["required"])
    assert list(changing["properties"])[:3] == ["source", "changed", "problem"]  # decided before it is written


def test_an_examinees_prompt_does_not_depend_on_the_curriculum():
    bare = SolveBrief(problem="1 + 1 =")
    assert bare.model_dump_json() == '{"problem":"1 + 1 ="}'
    assert "module" not in bare.reply_schema()["properties"]
    assert "module" not in messages("examinee", bare)[-1].content
    placed = bare.model_copy(update={"candidates": (Candidate(id="a/b", description="x"),)})
    assert "module" in placed.reply_schema()["properties"]
    assert "a/b" in messages("verifier", placed)[-1].content


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({}, ((), "", "")),
        ({"original": None, "source": None, "changed": None}, ((), "", "")),
        ({"original": "a\nb", "source": 7}, (("a", "b"), "7", "")),
        ({"original": ["a"], "changed": "4 becomes 5"}, (("a",), "", "4 becomes 5")),
    ],
)
def test_what_a_model_may_leave_out_it_may_also_write_oddly(written, read):
    text = json.dumps({"lessons": [{"problem": "p", "steps": ["s"], "answer": 4, **written}]})
    (lesson,) = parse(text, LessonsReply).lessons
    assert (lesson.original, lesson.source, lesson.changed) == read
    assert parse('{"steps": [], "answer": "4", "module": null}', SolveReply).module == ""


def test_one_lesson_that_cannot_be_read_does_not_lose_the_others():
    good = {"problem": "p", "steps": "a\nb", "answer": 4, "verification": None}
    bad = [{**good, "answer": None}, None, "no lesson", {**good, "problem": 3}]
    reply = parse(json.dumps({"lessons": [bad[0], good, *bad[1:]]}), LessonsReply)
    assert [(one.steps, one.answer, one.verification) for one in reply.lessons] == [(("a", "b"), "4", "")]
    assert len(reply.dropped) == 4
    assert reply.dropped[0] == "lesson 1 could not be read: answer: Input should be a valid string"
    assert LessonsReply.model_validate(reply.model_dump(mode="json")) == reply
    with pytest.raises(UnreadableReplyError, match=r"lessons\.0\.answer"):
        parse(json.dumps({"lessons": bad}), LessonsReply)


def test_a_solution_may_have_its_steps_as_text():
    assert parse('{"steps": "3+4=7\\nso 7", "answer": 7}', SolveReply).steps == ("3+4=7", "so 7")
    assert parse('{"steps": ["a", 7, null], "answer": 7}', SolveReply).steps == ("a", "7", "")


@pytest.mark.parametrize(
    ("kind", "field", "good"),
    [
        (ItemsReply, "items", {"question": "q", "answer": "a"}),
        (TagReply, "tags", {"item": "1", "module": "a/b"}),
        (AssignReply, "assignments", {"probe": "p", "misconception": "1"}),
        (AnalyseReply, "findings", {"module": "a/b", "misconception": "m"}),
        (PrerequisitesReply, "prerequisites", {"module": "a", "requires": "b", "strength": 0.5, "why": "w"}),
    ],
)
def test_what_cannot_be_read_in_a_list_is_left_out_as_long_as_something_can(kind, field, good):
    read = parse(json.dumps({field: [None, good, {}], "note": ""}), kind)
    assert len(getattr(read, field)) == 1
    assert getattr(parse(json.dumps({field: [], "note": ""}), kind), field) == ()
    with pytest.raises(UnreadableReplyError, match=field):
        parse(json.dumps({field: [None], "note": ""}), kind)


def test_the_form_allows_long_answers_and_many_steps_and_does_not_mention_what_was_dropped():
    fields = brief().reply_schema()
    assert set(fields["properties"]) == {"lessons"}
    for properties in (lesson_schema(brief())["properties"], SolveBrief(problem="p").reply_schema()["properties"]):
        assert properties["answer"]["maxLength"] >= 400
        assert properties["steps"]["maxItems"] == 60
        assert properties["steps"]["items"]["maxLength"] == 240
    items = ItemsBrief(module=ABOUT, level="l", count=1, seed=1).reply_schema()["$defs"]["ProposedItem"]["properties"]
    assert items["answer"]["maxLength"] >= 400


def test_what_is_empty_is_not_written():
    reply = parse('{"lessons": [{"problem": "p", "steps": ["s"], "answer": "4"}]}', LessonsReply)
    assert set(reply.model_dump()["lessons"][0]) == {"problem", "steps", "answer", "verification"}
    assert parse('{"steps": [], "answer": "4"}', SolveReply).model_dump() == {"steps": (), "answer": "4"}


CODE = "Write `f`.\n```python\ndef f(x):\n    return {'a': x}\n```\nand\n```json\n{\"a\": 1}\n```"
LESSON = {"problem": CODE, "steps": ["Do:", "```python\nreturn {}\n```"], "answer": "{1}"}
WHOLE = json.dumps({"lessons": [LESSON, LESSON, LESSON]})


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        f"```json\n{WHOLE}\n```",
        f"```\n{WHOLE}\n```\nDone.",
        f"Here they are:\n{WHOLE}\nI hope it helps.",
        f"With {{braces}} before:\n```json\n{WHOLE}\n```\nand {{after}}.",
        WHOLE.replace("\\n", "\n"),
        WHOLE[:-2] + ",]}",
        f"```json\n{WHOLE[:-2]},]}}\n```",
        f"[{WHOLE}]",
    ],
)
def test_code_in_a_lesson_is_not_taken_for_the_reply(text):
    lessons = parse(text, LessonsReply).lessons
    assert [lesson.problem for lesson in lessons] == [CODE] * 3
    assert {lesson.steps for lesson in lessons} == {tuple(LESSON["steps"])}


@given(st.integers(0, len(WHOLE)), st.sampled_from(["", '"', "}", "]", ", ", "```"]))
def test_what_a_repair_would_lose_is_said_and_not_passed_over(place, noise):
    broken = WHOLE[:place] + noise + WHOLE[place + (not noise) :]
    try:
        reply = parse(broken, LessonsReply)
    except UnreadableReplyError:
        return
    assert len(reply.lessons) == 3 or reply.dropped


def test_a_template_that_was_made_is_shown_and_its_form_asked_for():
    form = ("ones: <a>+<b>=<c>", "tens: <d>+<e>=<f>")
    with_, without = brief(strategies=("format",), template=form), brief(strategies=("format",))
    told = messages("adapter", with_)[-1].content
    assert '"template"' in told
    assert form[0] in told
    assert "write each solution line by line in that form" in told
    told = messages("adapter", without)[-1].content
    assert "template`" not in told
    assert "use them in every lesson of the reply" in told
    asked = messages("adapter", TemplateBrief(module=ABOUT, strategies=("format",), max_words=60))[-1].content
    assert "at most 60 words" in asked
    assert "Format: one fixed template" in asked
