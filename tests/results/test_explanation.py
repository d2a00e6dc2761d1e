"""`ioa why`: the way back from a lesson, and a module's whole story."""

import dataclasses
import json
import re
from io import StringIO

import pytest
from tests.results import fake_run as fake
from tests.small import ioa

from ioa.memory.errors import UserError
from ioa.memory.files import read_record, read_records
from ioa.memory.records import Assessment, Misconception, Probe, Refusal
from ioa.memory.run_dir import RunDirectory
from ioa.results.console import Console
from ioa.results.explanation import explain
from ioa.results.facts import read_facts
from ioa.results.story import LessonStory, ModuleStory
from ioa.results.terminal.story_tree import render

CARRYING = "sums/carrying"


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    return read_facts(fake.make_run(tmp_path_factory.mktemp("runs")), "finished")


def shown(story, width=200):
    out = StringIO()
    Console(file=out, width=width, force_terminal=False).print(render(story))
    return out.getvalue()


def test_a_remedial_lesson_leads_back_to_remedy_misconception_probes_gap_and_edge(facts):
    story = explain(facts, f"{CARRYING}-1-1-3")
    assert isinstance(story, LessonStory)
    assert (story.accepted, story.lesson.id, story.request.batch) == (True, f"{CARRYING}-1-1-3", f"{CARRYING}-1")
    assert story.remedy.misconception == f"stage-01-round-0/{CARRYING}/1"
    ((answered),) = story.misconceptions
    assert answered.misconception.id == story.remedy.misconception
    assert answered.wrong == answered.misconception.examples  # that examination's answers are not in this run
    assert (story.missed.round, story.missed.result.mastered, story.gate.round) == (0, False, 1)
    assert story.gate.result.mastered
    assert story.gate.kept
    assert story.evidence.gap.module == CARRYING
    assert [edge.source for edge in story.evidence.requires] == ["sums/one-digit"]
    assert "sums/multi-term" in {edge.target for edge in story.evidence.supports}
    assert [stage.number for stage in story.evidence.stages] == [1]
    assert [(log.stage, log.round) for log in story.trained] == [(1, 1)]
    assert story.missing == ()
    text = shown(story)
    for part in (
        "Lesson sums/carrying-1-1-3, accepted", "ioa transcript arithmetic-demo --event 000004 --full", "remedial",
        "decompose, format", "It is near the gate.", "confirmed in 8 of 9 wrong answers (89%)", "Cohen's kappa 0.75",
        "the student wrote  Answer: 8", "4/30  13 % (5–30)", "needs sums/one-digit  strength 0.50, by pack",
        "Everything later adds in columns", "stage 1 round 1, remediation 1: 120 lessons",
    ):  # fmt: skip
        assert part in text, part


def test_a_first_lesson_names_what_was_confirmed_in_its_module_with_the_diagnosis_probes(facts):
    story = explain(facts, f"{CARRYING}-1-0-3")
    (told,) = story.misconceptions
    assert told.misconception.id == f"diagnosis/{CARRYING}/1"
    assert [wrong.probe for wrong in told.wrong] == list(told.misconception.probes)
    assert len(told.wrong) == 25
    assert told.wrong[0].question == "What is 5 + 5?"
    assert (story.remedy, story.missed) == (None, None)
    assert "at the first teaching of its module" in shown(story)
    assert "22 more" in shown(story)


def test_a_refused_lesson_says_why_and_is_found_by_the_id_that_its_module_names(facts):
    module = explain(facts, CARRYING)
    sorts = {sort.reason.value: sort for sort in module.refused}
    assert {reason: (sort.count, sort.kind.value, sort.level) for reason, sort in sorts.items()} == {
        "duplicate": (9, "chain-of-thought", "exam"),
        "answer": (3, "chain-of-thought", "exam"),
        "contaminated": (1, "chain-of-thought", "exam"),
    }
    (id_,) = sorts["contaminated"].ids
    assert id_ in shown(module)
    story = explain(facts, id_[:9])
    assert (story.id, story.accepted, story.refusal.reason.value) == (id_, False, "contaminated")
    assert "refused for  contaminated: near another" in shown(story)
    assert story.trained == ()


def test_a_modules_story_is_whole(facts):
    story = explain(facts, "differences/borrowing")
    assert isinstance(story, ModuleStory)
    assert (story.student.k, story.teacher.k, story.entry.exam_level) == (6, 30, "exam")
    assert {(one.misconception.id.split("/")[0]) for one in story.misconceptions} == {"diagnosis", "stage-01-round-0"}
    assert [(made.stage, made.round) for made in story.remedies] == [(1, 1)]
    assert [(sort.round, sort.kind.value, sort.level, sort.count) for sort in story.accepted] == [
        (0, "chain-of-thought", "exam", 60),
        (1, "remedial", "easy", 12),
    ]
    assert [(log.stage, log.round) for log in story.training] == [(1, 0), (1, 1)]
    assert [(seen.round, seen.result.mastered, seen.kept) for seen in story.gate] == [
        (0, False, False),
        (1, True, True),
    ]
    assert [(seen.stage, seen.round, seen.result.student.k) for seen in story.forgotten] == [
        *((2, round_, 26) for round_ in (0, 1, 2)),
        (3, 0, 21),
    ]
    assert (story.before.k, story.after.k) == (6, 26)
    text = shown(story)
    assert text.count("below the gate that it had passed") == 4
    assert "before 6/30  20 % (10–37)" in text
    refused = explain(facts, CARRYING).misconceptions[1]
    assert refused.misconception.refused
    assert "refused: 0 of 2 borne out" in shown(explain(facts, CARRYING))


def test_a_module_that_is_not_taught_and_one_in_a_broken_circle_have_stories_too(facts):
    story = explain(facts, "word-problems/grade-school")
    assert story.missing == ()
    assert "delta none: the teacher itself scores too low" in shown(story)
    assert "taken out  divisors/lcm → divisors/gcd" in shown(explain(facts, "divisors/gcd"))


def test_data_and_tree_tell_the_same(facts):
    for name in (CARRYING, f"{CARRYING}-1-1-3"):
        story = explain(facts, name)
        assert type(story).model_validate_json(json.dumps(story.model_dump(mode="json"))) == story


def test_what_is_not_known_is_answered_with_close_matches(facts):
    with pytest.raises(
        UserError, match=r"no module and no lesson 'sums/carying'. Close to it: sums/carrying,"
    ) as caught:
        explain(facts, "sums/carying")
    assert caught.value.exit_code == 2
    with pytest.raises(
        UserError, match=r"fits 60 lessons .*: sums/carrying-1-0-0, sums/carrying-1-0-1, sums/carrying-1-0-10, .*\.\.\."
    ):
        explain(facts, "sums/carrying-1-0-")
    with pytest.raises(UserError, match="Nothing is close"):
        explain(facts, "~")


def test_a_whole_id_is_taken_although_others_begin_with_it(facts):
    assert explain(facts, f"{CARRYING}-1-0-1").id == f"{CARRYING}-1-0-1"


def test_hostile_text_neither_styles_nor_controls_the_terminal(tmp_path):
    text = fake.HOSTILE + " \x1b]0;title\x07\x9b2J\r\b [/] [link=x]"
    facts = read_facts(fake.make_run(tmp_path, text=text), "finished")
    refusal = facts.refusals[0].model_copy(update={"detail": text, "problem": text})
    facts = _with(facts, refusals=(*facts.refusals, refusal))
    for name in (CARRYING, f"{CARRYING}-1-1-3", f"{CARRYING}-1-0-3", refusal.id):
        told = shown(explain(facts, name), width=5000)
        assert "<script>alert('x')</script> red gnp.exe [bold]not bold[/bold]" in told
        assert "[/] [link=x]" in told
        assert "title" not in told.replace("titled", "")
        assert all(c == "\n" or c.isprintable() for c in told)


def _with(facts, **changes):
    return dataclasses.replace(facts, **changes)


def test_a_run_under_way_says_what_is_missing(tmp_path):
    facts = read_facts(fake.make_beginning(tmp_path), "running")
    story = explain(facts, CARRYING)
    assert story.evidence.gap is None
    text = shown(story)
    assert "(running)" in text
    assert "not recorded, or not yet" in text
    assert "the diagnosis: not reached" in text
    assert "the teacher's diagnosis examination" in text


def test_a_lesson_of_a_stage_that_is_not_trained_yet_says_so(facts):
    untrained = _with(facts, training={}, assessments=(), remedies={}, misconceptions={}, requests={}, transcript=())
    story = explain(untrained, f"{CARRYING}-1-1-3")
    said = " ".join(story.missing)
    for part in ("request", "no event 000004", "remedy", "gate result before", "finding", "training", "not reached"):
        assert part in said, part


@pytest.mark.slow
def test_every_lesson_of_a_real_run_leads_back_to_what_the_run_measured(finished):
    run = RunDirectory.at(finished / "runs", "whole")
    facts = read_facts(run, "finished")
    probes = {probe.id: probe for probe in read_records(run.probes, Probe)}
    for example in facts.examples:
        story = explain(facts, example.id)
        assert story.lesson == example
        assert story.missing == ()
        assert story.request.batch == example.batch
        assert [(log.stage, log.round) for log in story.trained] == [(example.stage, example.round)]
        # a first lesson has none where a second reading confirmed nothing of its module
        confirmed = {found.module for found in facts.diagnosis.misconceptions}
        assert story.misconceptions or (not example.round and example.module not in confirmed)
        for told in story.misconceptions:
            assert [wrong.probe for wrong in told.wrong] == list(told.misconception.probes)
            assert all(wrong.question == probes[wrong.probe].question for wrong in told.wrong)
        if example.round:
            kept = read_records(run.misconceptions(example.stage, example.round - 1), Misconception)
            assert story.misconceptions[0].misconception in kept
            assert story.remedy.reason
            missed = read_record(run.assessment(example.stage, example.round - 1), Assessment)
            assert story.missed.result in missed.gate
    refusals = read_records(run.refusals(1), Refusal)
    assert refusals
    for refusal in refusals:
        assert explain(facts, refusal.id).refusal == refusal
    assert not {refusal.id for refusal in refusals} & {example.id for example in facts.examples}

    lesson = next(example for example in facts.examples if example.round)
    told = ioa("why", "whole", lesson.id[:10], cwd=finished)
    assert told.returncode == 0, told.stderr
    (command,) = re.findall(r"ioa (transcript whole --event \S+ --full)", told.stdout)
    call = ioa(*command.split(), cwd=finished)
    assert lesson.problem in call.stdout
    assert re.search(r"\n1 of \d+ events$", call.stdout.rstrip())
    data = json.loads(ioa("why", "whole", "sums/long", "--json", cwd=finished).stdout)
    assert (data["what"], data["id"], data["missing"]) == ("module", "sums/long", [])
    unknown = ioa("why", "whole", "sums/lng", cwd=finished)
    assert unknown.returncode == 2
    assert "Close to it: sums/long" in unknown.stderr
    assert "Traceback" not in unknown.stderr
