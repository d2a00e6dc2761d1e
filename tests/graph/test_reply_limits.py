"""Where the replies of a run's student end."""

from types import SimpleNamespace

import pytest

from ioa.graph.reply_limits import LEAST, reply_bounds, solution_limits
from ioa.memory.files import append_records
from ioa.memory.records import ItemResult, Probe, Split
from ioa.training import ReplyBound, Scorers, StudentSettings


def make_context(folder, **settings):
    """A student whose tokens are letters, and a run in which the teacher has answered."""
    encode = SimpleNamespace(encode_reply=lambda text: [*text.encode(), 0])
    path = folder / "diagnosis-teacher.jsonl"
    if not path.exists():
        said = [("long", "x" * 69, True), ("long", "x" * 44, True), ("long", "x" * 900, False), ("short", "4", True)]
        append_records(path, [make_result(place, *one) for place, one in enumerate([*said, ("none", "?", False)])])
    return SimpleNamespace(
        config=SimpleNamespace(student=StudentSettings(**settings)),
        student=lambda: SimpleNamespace(format=encode),
        run=SimpleNamespace(scores=lambda label: folder / f"{label}.jsonl"),
        scorers=Scorers,
    )


def make_result(place, module, reply, correct):
    return ItemResult(
        probe=str(place), module=module, question="?", expected="4", reply=reply, extracted="4", correct=correct
    )


def make_probe(module, answer="4", **more):
    return Probe(
        id=f"gate/{module}/000",
        module=module,
        split=Split.GATE,
        level="",
        question="?",
        answer=answer,
        family="",
        **more,
    )


@pytest.mark.parametrize(
    ("factor", "limits"),
    [
        (1.0, {"long": 80, "short": LEAST}),  # 70 tokens, in steps of 16
        (2.0, {"long": 144, "short": LEAST}),
        (None, {}),
    ],
)
def test_the_teachers_longest_right_solution_is_the_measure(tmp_path, factor, limits):
    assert solution_limits(make_context(tmp_path, reply_length=factor)) == limits


def test_before_the_teacher_has_answered_there_is_no_limit(tmp_path):
    ctx = make_context(tmp_path)
    (tmp_path / "diagnosis-teacher.jsonl").unlink()
    assert solution_limits(ctx) == {}


@pytest.mark.parametrize(
    ("probe", "at_answer"),
    [
        ({}, True),
        ({"scorer": "numeric"}, True),
        ({"scorer": "math"}, True),
        ({"scorer": "rouge-l"}, False),
        ({"scorer": "exact", "answer": "two\nlines"}, False),
    ],
)
def test_a_reply_ends_behind_its_answer_where_the_scorer_reads_one_line(tmp_path, probe, at_answer):
    ctx = make_context(tmp_path, reply_length=None)
    assert reply_bounds(ctx, [make_probe("long", **probe)]) == [ReplyBound(None, at_answer)]
    off = make_context(tmp_path, reply_length=None, stop_at_answer=False)
    assert reply_bounds(off, [make_probe("long", **probe)]) == [ReplyBound()]
