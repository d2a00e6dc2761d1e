"""Lessons with what became of them, and what refused ones were too close to."""

import pytest
from tests.results.fake_run import TARGETS
from tests.results.spoken_run import collisions, make_spoken_run

from ioa.memory.files import read_records
from ioa.memory.records import Example, Probe
from ioa.results.cards.lesson_cards import lesson_card
from ioa.results.facts import read_facts
from ioa.results.lesson_history import lessons
from ioa.results.neighbours import Neighbourhood, collision
from ioa.results.view.list_page import matching, options


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_spoken_run(tmp_path_factory.mktemp("runs"), events=20)


@pytest.fixture(scope="module")
def facts(run):
    return read_facts(run, "finished")


def near(run, facts, finished=True):
    probes = {probe.id: probe for probe in read_records(run.probes, Probe)}
    return Neighbourhood(run, {one.id: one for one in facts.examples}, probes, finished)


def neighbours(run, facts, finished=True):
    return [near(run, facts, finished).of(refusal) for refusal in collisions()]


def test_the_detail_of_a_refusal_is_read():
    said = collision("too close to final/a/b/014 (embedding, similarity 0.68)")
    assert (said.other, said.run, said.method, said.similarity) == ("final/a/b/014", "", "embedding", 0.68)
    assert collision("too close to abc of run other-1 (exact, similarity 1.00)").run == "other-1"
    assert collision("the answer is wrong") is None


def test_the_neighbour_of_each_sort_is_found(run, facts):
    probe, final, lesson, sibling, benchmark = neighbours(run, facts)
    assert (probe.problem, probe.answer, probe.probe) == ("What is 3 + 3?", "6", "diagnosis/sums/carrying/003")
    assert "examination item" in probe.remark
    assert final.problem == "What is 4 + 4?"
    assert (lesson.example, lesson.problem) == (f"{TARGETS[0]}-1-0-5", "Calculate 42 + 63.")
    assert sibling.problem == "Calculate 38 + 51."
    assert benchmark.problem == ""
    assert benchmark.remark


def test_a_final_item_is_not_shown_before_the_end(run, facts):
    _, final, *_ = neighbours(run, facts, finished=False)
    assert final.problem == final.answer == ""
    assert "when the run is finished" in final.remark


def test_a_lesson_of_another_run_is_found_beside_it(run, facts):
    make_spoken_run(run.root.parent, events=1, run_id="other")
    refusal = next(collisions())
    foreign = refusal.model_copy(
        update={"detail": f"too close to {TARGETS[0]}-1-0-2 of run other (exact, similarity 1.00)"}
    )
    assert near(run, facts).of(foreign).problem == "Calculate 39 + 54."
    gone = refusal.model_copy(update={"detail": "too close to x of run ..other (exact, similarity 1.00)"})
    assert near(run, facts).of(gone).problem == ""


def test_lessons_know_what_they_were_taught_in(facts):
    by_id = {lesson.id: lesson for lesson in lessons(facts)}
    taught = by_id[f"{TARGETS[0]}-1-0-0"].taught
    assert taught[0][0] == (1, 0)
    assert [kind.value for at, kind in taught if at[0] == 2] == ["replay"] * sum(at[0] == 2 for at, _ in taught)
    assert by_id["adapted"].observed[0].nll == 2.125
    remedial = by_id[f"{TARGETS[0]}-1-1-0"]
    assert remedial.misconception.id == f"stage-01-round-0/{TARGETS[0]}/1"


def test_lessons_are_chosen_by_every_filter(facts):
    made = lessons(facts)
    refused = matching(made, {"state": "refused", "stage": "1"})
    assert {lesson.states[0] for lesson in refused} == {"refused"}
    assert len(refused) == len({r.id for r in facts.refusals if r.stage == 1})
    assert [lesson.id for lesson in matching(made, {"module": TARGETS[0]}, "TENS, THEN")] == ["adapted"]
    assert options(made, "stage") == ["1", "2", "3"]
    assert {"accepted", "refused", "duplicate", "contaminated", "answer"} == set(options(made, "state"))


def test_the_card_of_an_adapted_lesson_has_both_solutions(facts):
    adapted = next(lesson for lesson in lessons(facts) if lesson.id == "adapted")
    card = lesson_card(adapted, None, {}, lambda page, **query: f"/{page}?{query}")
    columns = next(block for block in card["body"] if block["type"] == "columns")["columns"]
    left, right = columns[0][1]["parts"], columns[1][1]["parts"]
    assert "".join(text for _, text in left) == "Add the tens, then add the ones."
    assert "".join(text for _, text in right) == "Add the ones first."
    assert {kind for kind, _ in left} == {"same", "gone"}
    assert isinstance(adapted.record, Example)
