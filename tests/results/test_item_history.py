"""Examination items with the answers before and after teaching."""

from ioa.memory.records import ItemResult, Probe, Split
from ioa.memory.run_dir import RunDirectory
from ioa.results.cards.probe_cards import probe_card, probe_part
from ioa.results.item_history import CHANGES, by_item, read_items, title
from ioa.results.view.list_page import matching
from ioa.results.view.probes_page import why_withheld


def probe(name, split="gate"):
    return Probe(
        id=f"{split}/sums/{name}",
        module="sums",
        split=Split(split),
        level="exam",
        question=f"What is {name}?",
        answer="4",
        family="",
    )


def result(one, correct, reply="Answer: 4", detail=""):
    return ItemResult(
        probe=one.id,
        module="sums",
        question=one.question,
        expected="4",
        reply=reply,
        extracted="4",
        correct=correct,
        detail=detail,
    )


def test_answers_are_in_the_order_of_the_run():
    one = probe("a")
    labels = ["stage-10-round-0", "stage-02-round-1", "gate-teacher", "stage-02-round-0", "revision-02"]
    (item,) = by_item([one], {label: [result(one, correct=True)] for label in labels})
    assert [answer.label for answer in item.student] == [
        "stage-02-round-0",
        "stage-02-round-1",
        "revision-02",
        "stage-10-round-0",
    ]
    assert [answer.label for answer in item.teacher] == ["gate-teacher"]
    final = probe("b", "final")
    (item,) = by_item([final], {label: [result(final, correct=True)] for label in ("final-after", "final-before")})
    assert (item.before.label, item.after.label) == ("final-before", "final-after")


def test_the_change_is_from_the_first_answer_to_the_last():
    names = {"gained": (0, 0, 1), "lost": (1, 1, 0), "both right": (1, 0, 1), "both wrong": (0, 0), "asked once": (1,)}
    probes = {name: probe(name) for name in (*names, "not asked")}
    rounds = {
        f"stage-01-round-{i}": [result(probes[n], bool(seen[i])) for n, seen in names.items() if i < len(seen)]
        for i in range(3)
    }
    items = by_item(list(probes.values()), rounds)
    assert [item.change for item in items] == list(probes)
    assert set(CHANGES) == set(probes)
    assert [item.id for item in matching(items, {"change": "lost", "split": "gate"})] == ["gate/sums/lost"]
    assert matching(items, {"split": "final"}) == []


def test_examinations_are_named_in_words():
    assert title("stage-03-round-1") == "after stage 3 round 1"
    assert title("revision-01") == "when the plan was revised after stage 1"
    assert title("final-before") == "before teaching"
    assert title("something-new") == "something-new"


def test_a_search_looks_into_the_replies_and_the_scorers_words():
    one, other = probe("a"), probe("b")
    seen = {
        "stage-01-round-0": [
            result(one, correct=False, reply="Well", detail="test 3 FAILED"),
            result(other, correct=True),
        ]
    }
    items = by_item([one, other], seen)
    assert [item.id for item in matching(items, {}, "test 3 failed")] == [one.id]


def test_a_card_has_the_first_and_last_answer_and_the_teachers_beside_one_another():
    one = probe("a")
    labels = ["stage-01-round-0", "stage-01-round-1", "stage-01-round-2", "gate-teacher"]
    seen = {label: [result(one, correct=i > 0, reply=f"reply {i} " + "x" * 900)] for i, label in enumerate(labels)}
    (item,) = by_item([one], seen)
    card = probe_card(item, lambda page, **query: f"/{page}")
    columns = next(block for block in card["body"] if block["type"] == "columns")["columns"]
    assert [column[0]["spans"][0]["text"] for column in columns] == [
        "student after stage 1 round 0",
        "student after stage 1 round 2",
        "teacher",
    ]
    assert probe_part(item, "student 1").startswith("reply 1 ")
    assert probe_part(item, "teacher 0").startswith("reply 3 ")
    assert probe_part(item, "student 9") == probe_part(item, "nonsense") == ""


def test_a_card_says_that_a_reply_could_not_be_read_and_why():
    one = probe("a")
    reasons = {"stage-01-round-0": "two numbers, 4 and 5", "stage-01-round-1": "", "stage-01-round-2": "test 3 failed"}
    seen = {
        label: [result(one, correct=False, detail=why).model_copy(update={"unread": label != "stage-01-round-2"})]
        for label, why in reasons.items()
    }
    (item,) = by_item([one], seen)
    card = probe_card(item, lambda page, **query: f"/{page}")
    first, last = next(block for block in card["body"] if block["type"] == "columns")["columns"]
    assert [first[0]["spans"][1]["text"], first[-1]["text"]] == [
        "✗ not read",
        "not read: two numbers, 4 and 5; it counts as wrong",
    ]
    assert [last[0]["spans"][1]["text"], last[-1]["text"]] == ["✗ wrong", "test 3 failed"]
    assert "after stage 1 round 1: ✗ not read" in str(card["body"])
    assert matching([item], {}, "not read") == [item]


def test_items_that_cannot_be_read_are_none_and_it_is_said_why(tmp_path):
    run = RunDirectory(tmp_path)
    assert read_items(run) == ([], "")
    run.probes.parent.mkdir()
    run.probes.write_text("{}\n", encoding="utf-8")
    found, why = read_items(run)
    assert found == []
    assert "probes.jsonl, line 1: not a Probe record" in why


def test_it_is_said_why_final_items_are_withheld():
    assert why_withheld(0) == ""
    assert "The 12 items of the final examination are not shown yet" in why_withheld(12)
