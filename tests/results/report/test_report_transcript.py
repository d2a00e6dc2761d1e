"""The transcript in the report: nothing lost in grouping, each text once, never too much."""

import json
import time

import pytest
from tests.results import fake_run

from ioa.memory.files import write_records
from ioa.memory.records import Note
from ioa.memory.transcript import AttemptEvent, CallContext, DecisionEvent, Message, Tokens
from ioa.results.facts import read_facts
from ioa.results.report import write_report
from ioa.results.report.embedding import BUDGET_RUNNING, HEAD, TAIL, embed
from ioa.results.report.spending_chart import spending_chart
from ioa.results.visits import group_visits


def where(node="draft", agent="adapter", task="lessons", **more) -> CallContext:
    return CallContext(node=node, agent=agent, task=task, **more)


def attempt(name, parent="", text="hello", context=None, **more) -> AttemptEvent:
    prompt = (
        Message(role="system", content="You write lessons.\nIn JSON."),
        Message(role="user", content=f"Ask {name}"),
    )
    return AttemptEvent(
        id=name,
        parent=parent,
        time="2026-01-05T10:00:00.000+00:00",
        context=context or where(),
        teacher="openai:example",
        messages=prompt,
        reply=text,
        **more,
    )


def decision(name, parent="", subject="", **more) -> DecisionEvent:
    return DecisionEvent(
        id=name,
        parent=parent,
        subject=subject,
        time="2026-01-05T10:00:09.000+00:00",
        context=more.pop("context", where(task="lesson" if subject else "draft")),
        **more,
    )


def read(embedded) -> tuple[dict, list[str]]:
    data = json.loads(embedded.json)
    return data, ["\n".join(data["lines"][line] for line in text) for text in data["texts"]]


def test_events_go_to_the_visit_that_their_parents_lead_to_and_children_follow_their_parents():
    events = [
        attempt("a", "V"),
        attempt("b", "V", error="no JSON", category="unreadable"),
        attempt("b2", "b"),
        decision("V", seconds=3.5, text="Wrote two."),
        attempt("w", "W", context=where("verify", "verifier", "solve")),
        decision("lesson", "a", subject="x1", error="seen before", category="duplicate"),
    ]
    first, second = group_visits(events)
    assert [event.id for event in first.events] == ["a", "lesson", "b", "b2"]
    assert (first.calls, first.rejected, first.seconds, first.unfinished) == (3, 2, 3.5, False)
    assert ([event.id for event in second.events], second.seconds, second.unfinished) == (["w"], None, True)


def test_schema_1_is_grouped_by_neighbours():
    nodes = ["draft", "draft", "verify", "draft"]
    events = [attempt(str(at), context=where(node)) for at, node in enumerate(nodes)]
    assert [[e.id for e in visit.events] for visit in group_visits(events)] == [["0", "1"], ["2"], ["3"]]


def test_parents_in_a_circle_lose_nothing():
    events = [attempt("a", "b"), attempt("b", "a"), attempt("c", "c")]
    assert sorted(e.id for visit in group_visits(events) for e in visit.events) == ["a", "b", "c"]


def test_notes_that_the_decision_quotes_are_not_said_twice():
    notes = [Note(sender="planner", receiver="adapter", text=text) for text in ("Begin small.", "Few words.")]
    visit = group_visits([decision("V", text="Planner to Adapter: Begin small.", notes=tuple(notes))])[0]
    assert [note.text for note in visit.notes] == ["Few words."]


def test_each_line_of_text_is_in_the_page_once():
    events = [attempt(f"e{at}", parsed={"count": 5}) for at in range(300)]
    embedded = embed("run", events, group_visits(events))
    data, texts = read(embedded)
    assert len(data["events"]) == 300
    assert data["lines"].count("You write lessons.") == 1
    assert len(set(data["lines"])) == len(data["lines"])
    last = data["events"][-1]
    assert [(role, texts[at]) for role, at in last["messages"]] == [
        ("system", "You write lessons.\nIn JSON."),
        ("user", "Ask e299"),
    ]
    assert (texts[last["reply"]], texts[last["parsed"]]) == ("hello", '{"count": 5}')


def test_a_long_text_keeps_its_ends_and_says_where_the_rest_is():
    text = "a" * HEAD + "middle" * 1000 + "z" * TAIL
    embedded = embed("demo", events := [attempt("e1", text=text)], group_visits(events))
    data, texts = read(embedded)
    shown = texts[data["events"][0]["reply"]]
    assert embedded.shortened == 1
    assert shown.startswith("a" * HEAD + "\n[… 6,000 characters")
    assert shown.endswith("\n" + "z" * TAIL)
    assert "ioa transcript demo --event e1 --full" in shown


def test_what_is_left_out_is_the_least_important_and_is_counted():
    solve = where("verify", "verifier", "solve")
    events = [attempt(f"s{at}", "V", text=f"reply {at} " * 40, context=solve) for at in range(50)]
    events[10] = events[10].model_copy(update={"error": "no JSON"})
    events += [attempt("plan", "V", context=where("plan", "planner", "plan")), decision("V", text="done")]
    embedded = embed("run", events, group_visits(events), budget=12_000)
    kept = [event["id"] for event in read(embedded)[0]["events"]]
    assert embedded.left_out == len(events) - len(kept) > 10
    assert {"s10", "plan", "V", "s49"} <= set(kept)
    assert "s0" not in kept
    assert len(embedded.json) < 14_000


def test_nothing_can_end_the_script_element_that_carries_the_data():
    text = '</script><!-- <script>\u2028\x00\u202e &amp; =HYPERLINK("x")'
    embedded = embed(text, events := [attempt("e1", text=text)], group_visits(events))
    assert not set("<>&\u2028\u2029\x00\u202e") & set(embedded.json)
    data, texts = read(embedded)
    assert texts[data["events"][0]["reply"]] == '</script><!-- <script> &amp; =HYPERLINK("x")'


def test_the_report_of_a_run_under_way_stays_small_and_says_so(tmp_path):
    run = fake_run.make_beginning(tmp_path)
    events = [
        attempt(f"e{at}", text="".join(f"{at} {n}\n" for n in range(400)), context=where("verify", "verifier", "solve"))
        for at in range(900)
    ]
    write_records(run.transcript, events)
    write_report(run, "running")
    text = run.report.read_text(encoding="utf-8")
    assert len(text) < BUDGET_RUNNING + 500_000
    assert "of 900 events are in this file" in text
    assert "because the run goes on" in text
    write_report(run, "finished")
    assert "are left out" not in run.report.read_text(encoding="utf-8")


@pytest.mark.slow
def test_ten_thousand_events_take_seconds():
    events = [attempt(f"e{at}", f"V{at // 100}", text=f"Answer {at}\nbecause of {at + 1}") for at in range(10_000)]
    events += [decision(f"V{at}", text=f"visit {at}") for at in range(100)]
    began = time.process_time()
    visits = group_visits(events)
    embedded = embed("run", events, visits)
    assert time.process_time() - began < 15
    assert (len(visits), embedded.total) == (100, 10_100)
    assert len(embedded.json) < 8_000_000


@pytest.mark.parametrize(
    ("costs", "seconds", "shown"),
    [
        ((0.25, 1.5), 30.0, ("US dollars", "(s)", "1.75", "60.0")),
        ((None, 1.5), 600.0, ("tokens paid for (thousands)", "(min)", "0.84", "20.0")),
        ((0.0, 0.0), 7200.0, ("tokens paid for (thousands)", "(h)", "0.84", "4.00")),
    ],
)
def test_cost_and_time_have_the_unit_that_fits(tmp_path, costs, seconds, shown):
    run = fake_run.make_run(tmp_path)
    tokens = Tokens(input=400, output=20)
    write_records(
        run.transcript,
        [
            attempt("a", cost=costs[0], seconds=seconds, tokens=tokens),
            attempt("b", cost=costs[1], seconds=seconds, tokens=tokens, error="no JSON"),
        ],
    )
    svg = spending_chart(read_facts(run, "finished"))
    assert svg is not None
    for words in (*shown, "could not be used"):
        assert words in svg
