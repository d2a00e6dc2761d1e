"""The form of replies: asked for where it is needed, tolerant where a model leaves something out."""

import json

import pytest

from ioa.agents.exchange import (
    Candidate,
    LessonsBrief,
    LessonsReply,
    ModuleBrief,
    SolveBrief,
    SolveReply,
    SourceProblem,
)
from ioa.agents.prompting import messages, parse

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


def test_what_is_empty_is_not_written():
    reply = parse('{"lessons": [{"problem": "p", "steps": ["s"], "answer": "4"}]}', LessonsReply)
    assert set(reply.model_dump()["lessons"][0]) == {"problem", "steps", "answer", "verification"}
    assert parse('{"steps": [], "answer": "4"}', SolveReply).model_dump() == {"steps": (), "answer": "4"}
