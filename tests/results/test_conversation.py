"""Who says what to whom, and which visit an event is part of."""

from tests.results.fake_run import event
from tests.results.spoken_run import CALLS, conversation

from ioa.memory.transcript import DecisionEvent
from ioa.results.conversation import Turn, Visits, answering, asking, deciding, telling


def test_an_attempt_is_a_request_and_a_reply():
    call = event(1, "planner", "plan")
    assert asking(call) == Turn("planner", "teacher", "plan")
    assert answering(call) == Turn("teacher", "planner", "")
    again = call.model_copy(update={"attempt": 2, "ledger": True})
    assert asking(again).what == "plan, attempt 2"
    assert answering(again).what == "from the ledger"
    assert answering(call.model_copy(update={"answered": False})).what == "no reply came"


def test_decisions_say_who_decided_what_and_told_whom():
    *_, last, accepted, refused, _check = list(conversation(CALLS + 4))
    assert deciding(last) == Turn("adapter", "", "ends the visit to draft")
    assert telling(last.notes[0]) == Turn("adapter", "trainer", "")
    assert last.own_words == ["Asked for lessons of sums/carrying."]
    bare = last.model_copy(update={"text": f"Two passes.\n{last.notes[0].text}\nAdapter: {last.notes[0].text}"})
    assert bare.own_words == ["Two passes.", f"Adapter: {last.notes[0].text}"]
    assert deciding(accepted).what == "accepts a lesson at deduplicate"
    assert deciding(refused).what == "refuses a lesson at deduplicate"


def test_events_belong_to_the_visit_that_ends_after_them():
    events = list(conversation(CALLS + 4))
    visits = Visits()
    visits.add(events)
    draft = visits.of("call-000003")
    assert (draft.key, draft.calls, draft.end.id, draft.context.node) == ("visit-00000", CALLS, "visit-00000", "draft")
    check = visits.of("verdict-00000-1")
    assert check is visits.of("check-00000")
    assert (check.accepted, check.refused, check.end.id) == (1, 1, "check-00000")
    assert visits.children("call-000000") == ["verdict-00000-0", "verdict-00000-1"]
    assert list(visits.children("visit-00000")) == [f"call-{i:06d}" for i in range(CALLS)]


def test_a_visit_under_way_has_no_end_and_gets_it_later():
    events = list(conversation(CALLS + 4))
    visits = Visits()
    visits.add(events[:CALLS])
    assert visits.of("call-000000").end is None
    visits.add(events[CALLS:-1])
    assert visits.of("call-000000").end.id == "visit-00000"
    under_way = visits.of("verdict-00000-0")
    assert (under_way.end, under_way.accepted) == (None, 1)
    visits.add(events[-1:])
    assert visits.of("verdict-00000-0").end.id == "check-00000"


def test_a_repaired_attempt_is_in_the_visit_of_the_first():
    first = event(1, "planner", "plan").model_copy(update={"parent": "visit"})
    second = event(2, "planner", "plan").model_copy(update={"parent": first.id, "attempt": 2})
    visits = Visits()
    visits.add([first, second])
    assert visits.of(second.id) is visits.of(first.id)
    assert visits.of(first.id).calls == 2


def test_calls_of_a_transcript_without_parents_are_visits_by_place():
    calls = [event(i, "planner", node) for i, node in enumerate(["plan", "plan", "remedy", "plan"])]
    visits = Visits()
    visits.add(calls)
    assert [visits.of(call.id).calls for call in calls] == [2, 2, 1, 1]
    assert visits.of("nobody") is None


def test_verdicts_of_the_same_place_later_are_another_visit():
    events = [one for one in conversation(200) if isinstance(one, DecisionEvent)]
    visits = Visits()
    visits.add(events)
    keys = {visits.of(one.id).key for one in events if one.subject}
    assert keys == {one.id for one in events if one.context.task == "deduplicate"}
