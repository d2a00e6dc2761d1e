"""The transcript in the report: nothing lost in grouping, each text once, never too much."""

import json
import time

import pytest
from tests.results import fake_run

from ioa.memory.files import write_records
from ioa.memory.transcript import AttemptEvent, CallContext, DecisionEvent, Message, Tokens
from ioa.results.cards.transcript_cards import event_card
from ioa.results.charts import LIGHT, cost_charts, time_charts
from ioa.results.conversation import Visits
from ioa.results.facts import read_facts
from ioa.results.report import write_report
from ioa.results.report.page import page_data
from ioa.results.report.script import page_script
from ioa.results.report.transcript_data import BUDGET_RUNNING, HEAD, TAIL, pack_transcript


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


def packed(events, **more):
    return pack_transcript("demo", events, {}, **more)


def texts(data) -> list[str]:
    return ["\n".join(data.content["lines"][line] for line in text) for text in data.content["texts"]]


def test_each_line_of_text_and_each_piece_of_a_card_is_in_the_page_once():
    data = packed([attempt(f"e{at}", parsed={"count": 5}) for at in range(300)])
    content = data.content
    assert len(content["events"]) == 300
    assert content["lines"].count("You write lessons.") == 1
    assert len(set(content["lines"])) == len(content["lines"])
    assert len({json.dumps(piece) for piece in content["pieces"]}) == len(content["pieces"])
    parts = content["events"][-1]["parts"]
    assert texts(data)[parts["prompt"]] == "── system ──\nYou write lessons.\nIn JSON.\n\n── user ──\nAsk e299"
    assert (texts(data)[parts["reply"]], texts(data)[parts["parsed"]]) == ("hello", '{"count": 5}')


def test_what_is_in_the_page_are_the_cards_of_the_viewer():
    events = [attempt("a", "V"), decision("V", seconds=3.5, text="Wrote two."), attempt("w", context=where("verify"))]
    data = packed(events)
    visits = Visits()
    visits.add(events)

    def unpacked(value):
        if isinstance(value, list):
            return [unpacked(data.content["pieces"][one] if isinstance(one, int) else one) for one in value]
        if isinstance(value, dict):
            return {k: texts(data)[v] if isinstance(v, int) else unpacked(v) for k, v in value.items()}
        return value

    def bare(value):
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items() if v or k == "text"}
        return [bare(one) for one in value] if isinstance(value, list) else value

    def link(page, **query):
        return f"#{next(iter(query))}={next(iter(query.values()))}" if page == "transcript" else ""

    for event, row in zip(events, data.content["events"], strict=True):
        card = event_card(event, event.id, visits, {}, link, "")
        assert {name: unpacked(row[name]) for name in ("head", "body")} == {n: bare(card[n]) for n in ("head", "body")}
    assert [row["visit"] for row in data.content["events"]] == ["V", "V", "from w"]
    assert set(data.content["visits"]) == {"V", "from w"}


def test_a_long_text_keeps_its_ends_and_says_where_the_rest_is():
    text = "a" * HEAD + "middle" * 1000 + "z" * TAIL
    data = packed([attempt("e1", text=text)])
    shown = texts(data)[data.content["events"][0]["parts"]["reply"]]
    assert data.shortened == 1
    assert shown.startswith("a" * HEAD + "\n[… 6,000 characters")
    assert shown.endswith("\n" + "z" * TAIL)
    assert "ioa transcript demo --event e1 --full" in shown


def test_what_is_left_out_is_the_least_important_and_is_counted():
    solve = where("verify", "verifier", "solve")
    events = [attempt(f"s{at}", "V", text=f"reply {at} " * 40, context=solve) for at in range(50)]
    events[10] = events[10].model_copy(update={"error": "no JSON"})
    events += [attempt("plan", "V", context=where("plan", "planner", "plan")), decision("V", text="done")]
    data = packed(events, budget=25_000)
    kept = [event["id"] for event in data.content["events"]]
    assert data.left_out == len(events) - len(kept) > 10
    assert {"s10", "plan", "V", "s49"} <= set(kept)
    assert "s0" not in kept
    assert len(json.dumps(data.content)) < 29_000


def test_parents_in_a_circle_lose_nothing():
    events = [attempt("a", "b"), attempt("b", "a"), attempt("c", "c")]
    assert [event["id"] for event in packed(events).content["events"]] == ["a", "b", "c"]


def test_nothing_can_end_the_script_element_that_carries_the_data(tmp_path):
    text = '</script><!-- <script>\u2028\x00\u202e &amp; =HYPERLINK("x")'
    run = fake_run.make_beginning(tmp_path)
    write_records(run.transcript, [attempt("e1", text=text)])
    data = page_data(read_facts(run, "finished"))
    assert not set("<>&\u2028\u2029\x00\u202e") & set(data.json)
    assert '</script><!-- <script> &amp; =HYPERLINK("x")' in json.loads(data.json)["transcript"]["lines"]


def test_the_report_of_a_run_under_way_stays_small_and_says_so(tmp_path):
    run = fake_run.make_beginning(tmp_path)
    events = [
        attempt(f"e{at}", text="".join(f"{at} {n}\n" for n in range(400)), context=where("verify", "verifier", "solve"))
        for at in range(800)
    ]
    write_records(run.transcript, events)
    write_report(run, "running")
    text = run.report.read_text(encoding="utf-8")
    assert len(text) < BUDGET_RUNNING + 500_000 + len(page_script())
    assert "of 800 events are in this file" in text
    assert "because the run goes on" in text
    write_report(run, "finished")
    assert "are left out" not in run.report.read_text(encoding="utf-8")


@pytest.mark.slow
def test_ten_thousand_events_take_seconds():
    events = [attempt(f"e{at}", f"V{at // 100}", text=f"Answer {at}\nbecause of {at + 1}") for at in range(10_000)]
    events += [decision(f"V{at}", text=f"visit {at}") for at in range(100)]
    began = time.process_time()
    data = packed(events)
    assert time.process_time() - began < 15
    assert (len(data.content["visits"]), data.total) == (100, 10_100)
    assert len(json.dumps(data.content)) < 8_000_000


@pytest.mark.parametrize(
    ("costs", "seconds", "shown"),
    [
        ((0.25, 1.5), 30.0, {"tokens paid for": "840", "cost (US dollars)": "1.75", "(seconds)": "60"}),
        ((None, 1.5), 600.0, {"tokens paid for": "840", "(minutes)": "20"}),
        ((0.0, 0.0), 7200.0, {"tokens paid for": "840", "(hours)": "4"}),
    ],
)
def test_cost_and_time_have_the_unit_that_fits(tmp_path, costs, seconds, shown):
    run = fake_run.make_run(tmp_path)
    run.clock.unlink()
    tokens = Tokens(input=400, output=20)
    write_records(
        run.transcript,
        [
            attempt("a", cost=costs[0], seconds=seconds, tokens=tokens),
            attempt("b", cost=costs[1], seconds=seconds, tokens=tokens, error="no JSON"),
        ],
    )
    facts = read_facts(run, "finished")
    panels = [*cost_charts(facts, LIGHT), *time_charts(facts, LIGHT)]
    assert len(panels) == len(shown)
    for panel, (unit, total) in zip(panels, shown.items(), strict=True):
        assert unit in panel.options["xAxis"]["name"]
        assert {point["text"] for point in panel.options["series"][-1]["data"]} == {total}
        parts = [one["name"] for one in panel.options["series"]]
        assert parts == (["input", "output"] if "tokens" in unit else ["used", "could not be used"])
        assert ("decal" in panel.options["series"][-1]["itemStyle"]) == ("tokens" not in unit)
