"""Wrong answers sorted into misconceptions, and what a second, blind reading makes of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.agents.diagnoser import Diagnoser
from ioa.agents.misconceptions import _read_placement, kappa, measure_agreement
from ioa.agents.remedy_split import aim_remedy
from ioa.agents.settings.diagnosis import DiagnosisSettings, MisconceptionSettings
from ioa.agents.teacher import Teacher
from ioa.agents.teachers.scripted import ScriptedModel
from ioa.agents.tutor import open_tutor
from ioa.agents.tutor.analysis import Slip, slip_meant
from ioa.memory.domains.packs import load_domain
from ioa.memory.records import ItemResult, Kind, Remedy
from ioa.memory.transcript import Transcript

PACK = load_domain("arithmetic")
MODULE = "addition/carrying"
CARRY, ADDS, NEITHER = "It drops the carry.", "It adds the digits.", "It guesses."


def probe(number):
    return f"gate/{MODULE}/{number:03d}"


def wrong(number, reply="Answer: 1"):
    question = f"Calculate {40 + number} + {80 + number}."
    return ItemResult(
        probe=probe(number),
        module=MODULE,
        question=question,
        expected=str(120 + 2 * number),
        reply=reply,
        extracted="1",
        correct=False,
    )


def brief(messages):
    return json.loads(messages[1].text.split("```json\n")[-1].split("\n```")[0])


def reader(**named):
    """A first reading that names those items for each text, as far as it is shown them."""

    def answer(messages):
        (module,) = brief(messages)["modules"]
        shown = [item["probe"] for item in module["failed"]]
        findings = [
            {"module": MODULE, "misconception": TEXTS[key], "probes": [probe(n) for n in numbers if probe(n) in shown]}
            for key, numbers in named.items()
        ]
        return json.dumps({"findings": findings, "note": "See to the carry."})

    return answer


TEXTS = {"carry": CARRY, "adds": ADDS, "guesses": NEITHER}


def checker(place):
    """A second reading that places each item by its number: a text, or none."""

    def answer(messages):
        told = brief(messages)
        labels = {candidate["text"]: candidate["label"] for candidate in told["misconceptions"]}
        assignments = [
            {"probe": item["probe"], "misconception": labels.get(place(int(item["probe"][-3:])), "none")}
            for item in told["items"]
        ]
        return json.dumps({"assignments": assignments})

    return answer


@pytest.fixture
def analyse(tmp_path):
    opened = []

    def run(first, second, results, **settings):
        models = [ScriptedModel(first), ScriptedModel(second)]
        transcript = Transcript(tmp_path / "t.jsonl")
        teachers = [Teacher.of(model, spec="test:model", transcript=transcript) for model in models]
        opened.extend(teachers)
        chosen = DiagnosisSettings(misconceptions=MisconceptionSettings(**settings))
        diagnoser = Diagnoser(teachers[0], chosen, checker=teachers[1], seed=5)
        found = diagnoser.analyse(PACK, [MODULE], results, node="remediate", label="stage-01-round-0", stage=1)
        return found, [[brief(messages) for messages in model.calls] for model in models]

    yield run
    for teacher in opened:
        teacher.close()


def test_an_item_counts_where_both_readings_agree_and_a_misconception_with_too_few_is_refused_with_the_numbers(analyse):
    first = reader(adds=[6, 7, 8], carry=[0, 1, 2, 3, 4, 5], guesses=[9])
    found, _ = analyse(first, checker(lambda n: CARRY if n < 5 or n == 8 else NEITHER), [wrong(n) for n in range(10)])
    (carry,) = found.confirmed
    assert (carry.summary, carry.id) == (CARRY, f"stage-01-round-0/{MODULE}/1")
    assert carry.probes == tuple(probe(n) for n in range(5))
    assert carry.named == tuple(probe(n) for n in range(6))
    assert (carry.failed, carry.share) == (10, 0.5)
    guesses, adds = found.refused
    assert (guesses.summary, len(guesses.probes), len(guesses.named)) == (NEITHER, 1, 1)
    assert "placed 1 of them and bears it out in 1; needed are 2" in guesses.refused
    assert (adds.summary, adds.probes) == (ADDS, ())
    assert adds.refused.startswith("3 wrong answers were named for it")
    assert "bears it out in 0" in adds.refused
    assert {one.id for one in found.all} == {f"stage-01-round-0/{MODULE}/{n}" for n in (1, 2, 3)}
    # first: 6 carry, 3 adds, 1 guesses; second: 6 carry, 4 guesses; alike: 5 carry and 1 guesses
    for one in found.all:
        assert (one.agreement.items, one.agreement.same) == (10, 6)
        assert one.agreement.kappa == pytest.approx((0.6 - 0.4) / (1 - 0.4))
    assert "Of 3 misconceptions that were named, 1 bore a second, blind reading." in found.note


def test_the_second_reading_is_blind(analyse):
    first = reader(adds=[0, 1], carry=[2, 3, 4, 5])
    _, (_, (asked,)) = analyse(first, checker(lambda n: CARRY), [wrong(n) for n in range(6)])
    assert {candidate["text"] for candidate in asked["misconceptions"]} == {CARRY, ADDS}
    assert all(candidate.keys() == {"label", "text"} for candidate in asked["misconceptions"])
    assert [item["probe"] for item in asked["items"]] == [probe(n) for n in range(6)]
    turned = reader(carry=[2, 3, 4, 5], adds=[0, 1])
    _, (_, (again,)) = analyse(turned, checker(lambda n: CARRY), [wrong(n) for n in range(6)])
    assert again == asked


def test_all_failures_are_read_in_batches_that_know_what_was_named_before(analyse):
    results = [wrong(n) for n in range(7)]
    first = reader(carry=range(7), adds=[])
    found, (read, placed) = analyse(first, checker(lambda n: CARRY), results, batch=3)
    assert [len(call["modules"][0]["failed"]) for call in read] == [3, 3, 1]
    assert [call["modules"][0]["known"] for call in read] == [[], [CARRY, ADDS], [CARRY, ADDS]]
    assert sorted(item["probe"] for call in placed for item in call["items"]) == [r.probe for r in results]
    (carry,) = found.confirmed
    assert len(carry.probes) == carry.failed == 7


def test_a_check_that_cannot_be_read_confirms_nothing_and_is_said(analyse):
    found, _ = analyse(reader(carry=[0, 1, 2]), lambda _: "I agree.", [wrong(n) for n in range(3)])
    assert found.confirmed == ()
    (refused,) = found.refused
    assert refused.agreement is None
    assert "could not be had" in refused.refused


def test_contradictory_unknown_and_missing_placements_confirm_nothing(analyse):
    said = [(0, "1"), (0, "none"), (1, "17"), (2, "1"), (5, "1"), (6, "1")]
    reply = json.dumps({"assignments": [{"probe": probe(n), "misconception": m} for n, m in said]})
    found, _ = analyse(reader(carry=range(5)), lambda _: reply, [wrong(n) for n in range(6)])
    (refused,) = found.refused
    assert refused.probes == (probe(2),)
    assert refused.agreement.items == 2  # items 2 and 5


def test_a_batch_of_the_check_that_cannot_be_read_speaks_for_nobody(analyse):
    def half(messages):
        return (
            checker(lambda n: CARRY)(messages) if '"assign"' in messages[1].text and "/000" in messages[1].text else "?"
        )

    found, _ = analyse(reader(carry=range(6)), half, [wrong(n) for n in range(6)], batch=2)
    (carry,) = found.confirmed
    assert carry.probes == (probe(0), probe(1))
    assert (carry.share, carry.agreement.items) == (2 / 6, 2)


def test_only_the_commonest_are_acted_upon_and_a_few_examples_are_kept(analyse):
    first = reader(adds=[0, 1], carry=range(2, 8))
    found, _ = analyse(
        first, checker(lambda n: ADDS if n < 2 else CARRY), [wrong(n) for n in range(8)], most=1, examples=2
    )
    # the reader names two although one was asked for: the second is not even read
    assert [one.summary for one in found.confirmed] == [ADDS]
    assert [example.probe for example in found.confirmed[0].examples] == [probe(0), probe(1)]
    assert found.confirmed[0].examples[0].question == wrong(0).question
    found, _ = analyse(
        first, checker(lambda n: ADDS if n < 2 else CARRY), [wrong(n) for n in range(8)], most=2, examples=0
    )
    assert [(one.summary, one.examples) for one in found.confirmed] == [(CARRY, ()), (ADDS, ())]


def test_a_finding_that_is_all_quotation_is_refused_and_never_shown_on(analyse):
    def quoting(messages):
        finding = {"module": MODULE, "misconception": wrong(0).question, "probes": [probe(0)]}
        return json.dumps({"findings": [finding], "note": ""})

    found, (_, placed) = analyse(quoting, checker(lambda n: CARRY), [wrong(n) for n in range(3)])
    assert found.confirmed == ()
    assert [(one.summary, one.named) for one in found.refused] == [("", (probe(0),))]
    assert placed == []


@pytest.mark.parametrize(
    ("example", "kept"),
    [
        ("17 + 26 = 33: the carried ten is lost.", "17 + 26 = 33: the carried ten is lost."),
        ("82 + 42 = 114.", ""),  # an item the other way round
        ("17 + 26 = 33. It is like Calculate 42 + 82.", ""),
        (None, ""),
    ],
)
def test_a_misconception_keeps_an_example_that_was_made_up_and_gives_no_item_away(analyse, example, kept):
    numbers = [1, 2, 3]

    def read(messages):
        finding = {"module": MODULE, "misconception": CARRY, "probes": [probe(n) for n in numbers]}
        return json.dumps({"findings": [finding | {"invented_example": example}], "note": ""})

    analysis, _ = analyse(read, checker(lambda _: CARRY), [wrong(n) for n in numbers])
    (found,) = analysis.confirmed
    assert found.invented_example == kept
    remedy = Remedy(module=MODULE, level="standard", lessons=10, kind=Kind.REMEDIAL, strategies=(), diagnosis="")
    (aimed,) = aim_remedy(remedy, [found], 1)
    assert aimed.diagnosis == (f"It drops the carry. For example: {kept}" if kept else CARRY)


def test_the_tutor_finds_several_slips_and_places_the_items_from_the_texts_alone(tmp_path):
    replies = ["Answer: {carry}"] * 4 + ["Answer: {off}"] * 3 + ["I do not know"] * 2
    results = [wrong(n, reply.format(carry=110 + 2 * n, off=121 + 2 * n)) for n, reply in enumerate(replies)]
    teacher = Teacher.of(open_tutor("arithmetic"), spec="tutor:arithmetic", transcript=Transcript(tmp_path / "t.jsonl"))
    found = Diagnoser(teacher, DiagnosisSettings()).analyse(PACK, [MODULE], results, node="diagnose")
    teacher.close()
    assert [(one.summary, len(one.probes)) for one in found.confirmed] == [
        (f"The student {Slip.CARRY.value}", 4),
        (f"The student {Slip.OFF_BY_ONE.value}", 3),
        (f"The student {Slip.NO_ANSWER.value}", 2),
    ]
    assert {one.agreement.kappa for one in found.confirmed} == {1.0}


@pytest.mark.parametrize("slip", Slip)
def test_the_tutor_knows_a_slip_by_its_words(slip):
    assert slip_meant(f"The student {slip.value}.") is slip


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        ("Drops the carry, or the ten it borrowed, from one of the columns", Slip.CARRY),
        ("It has the wrong sign, though the size is right", Slip.SIGN),
        ("Confuses metres with feet", None),
        ("Adds or subtracts or multiplies the given numbers instead", None),
        ("", None),
    ],
)
def test_the_tutor_reads_other_peoples_words_and_does_not_guess(text, slip):
    assert slip_meant(text) is slip


CATEGORIES = st.sampled_from(["a", "b", ""])
PAIRS = st.lists(st.tuples(CATEGORIES, CATEGORIES), max_size=30)


@given(PAIRS)
def test_kappa_is_symmetric_bounded_and_one_only_for_full_agreement(pairs):
    value = kappa(pairs)
    assert value == kappa([(other, one) for one, other in pairs])
    if value is None:
        assert len(set(pairs)) <= 1
    else:
        assert -1 <= value <= 1
        assert (value == 1) == all(one == other for one, other in pairs)


def test_kappa_is_cohens():
    pairs = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert measure_agreement({"y": ["1"]}, {"1": "y", "2": "n"}).model_dump() == {"items": 2, "same": 1, "kappa": 1 / 3}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        *((word, CARRY) for word in ("1", " 1. ", "(1)", "Misconception 1", "No. 1", "1: drops the carry")),
        *((word, "") for word in ("none", "None.", "", " ", "n/a", "N/A", "none of them", "no misconception")),
        *((word, None) for word in ("3", "1 or 2", "1, 2", "carry", "nonesuch", "10")),
    ],
)
def test_a_placement_may_be_written_in_several_ways_and_is_never_guessed(said, meant):
    assert _read_placement(said, {"1": CARRY, "2": ADDS}) == meant
