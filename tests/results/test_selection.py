"""Choosing events: every filter, and all of them together."""

import pytest
from tests.results import fake_run as fake

from ioa.memory.errors import UserError
from ioa.memory.records import Note
from ioa.memory.transcript import CallContext, DecisionEvent
from ioa.results.selection import Selection, searchable

VISIT = DecisionEvent(
    id="visit",
    time="2026-01-05T10:00:00.000+00:00",
    context=CallContext(node="draft", agent="adapter", task="draft", stage=1, round=0),
    read={"stage": 1},
    wrote={"missing": 4711},
    notes=(Note(sender="adapter", receiver="trainer", text="Carries are hard"),),
    text="4 lessons are missing",
)
ASKED = fake.event(1, "adapter", "lessons", "the (a+b) case", stage=1, round=0, module="sums/carrying").model_copy(
    update={"parent": "visit"}
)
REPAIR = ASKED.model_copy(update={"id": "000001.2", "parent": "000001", "error": "no JSON", "category": "unreadable"})
OTHER = fake.event(2, "planner", "plan")
EVENTS = (ASKED, REPAIR, OTHER, VISIT)


def chosen(**filters: object) -> list[str]:
    selection = Selection(**filters).with_parent(EVENTS)
    return [event.id for event in EVENTS if selection.matches(event)]


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, ["000001", "000001.2", "000002", "visit"]),
        ({"agent": "adapter"}, ["000001", "000001.2", "visit"]),
        ({"node": "draft"}, ["visit"]),
        ({"stage": 1}, ["000001", "000001.2", "visit"]),
        ({"round": 0}, ["000001", "000001.2", "visit"]),
        ({"round": 1}, []),
        ({"module": "sums/carrying"}, ["000001", "000001.2"]),
        ({"kind": "decision"}, ["visit"]),
        ({"kind": "attempt"}, ["000001", "000001.2", "000002"]),
        ({"rejected": True}, ["000001.2"]),
        ({"grep": "HARD$"}, ["visit"]),
        ({"grep": "4711"}, ["visit"]),
        ({"grep": "(a+b)", "literal": True}, ["000001", "000001.2"]),
        ({"grep": "(a+b) case"}, []),
        ({"grep": "unreadable", "agent": "adapter"}, ["000001.2"]),
        ({"agent": "planner", "stage": 1}, []),
        ({"event": "000001"}, ["000001"]),
        ({"event": "000001", "family": True}, ["000001", "000001.2", "visit"]),
        ({"event": "visit", "family": True}, ["000001", "visit"]),
        ({"event": "000002", "family": True}, ["000002"]),
    ],
)
def test_filters(filters: dict, ids: list[str]) -> None:
    assert chosen(**filters) == ids


def test_a_pattern_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(UserError, match=r"'\(a' is not a regular expression"):
        Selection(grep="(a")
    Selection(grep="(a", literal=True)


def test_everything_that_was_said_can_be_found() -> None:
    text = searchable(ASKED.model_copy(update={"reasoning": "let me think", "reply": "done"}))
    for part in ("You are a patient teacher", "Begin. the", "let me think", "done", "sums/carrying", "000001"):
        assert part in text
