"""Whole runs over domains that no pack spells out: one that is only described, and one that is a set of items."""

import json
import re
import signal

import pytest
import yaml
from tests.small import ioa, start, write_config

from ioa.memory.files import read_record, read_records
from ioa.memory.records import BankItem, Curriculum, Decomposition, Domain, Example, Probe
from ioa.memory.run_dir import RunDirectory
from ioa.memory.similarity import normalise
from ioa.memory.transcript import read_attempts

pytestmark = pytest.mark.slow

DESCRIBED = "name: products\ndescription: Products of whole numbers.\ntopics: [multiplication]\n"
SET = "name: sums\ndescription: Sums that children do.\nitems: sums.jsonl\n"


def sums():
    """Sums in words that no generator uses, short ones and long ones, and one item that is no sum."""
    pairs = [(n % 9 + 1, n // 9 + 2) for n in range(36)] + [(11 + 2 * n, 99 - n) for n in range(36)]
    lines = [{"question": f"What is {a} + {b}?", "answer": str(a + b)} for a, b in pairs]
    return [*lines, {"question": "Who wrote Faust?", "answer": "Goethe"}]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with both domains, and a finished run over each."""
    folder = tmp_path_factory.mktemp("named")
    (folder / "described.yaml").write_text(DESCRIBED)
    (folder / "set.yaml").write_text(SET.replace("sums.jsonl", "{file: sums.jsonl, skip_bad: true}"))
    (folder / "sums.jsonl").write_text("\n".join([*map(json.dumps, sums()), '{"question": "What is 1 +']))
    settings = {"decomposition": {"seeds": 4, "per_request": 4}, "mastery": {"rounds": 0}}
    write_config(folder, domain="described.yaml", **settings)
    for name in ("described", "set"):
        done = ioa("run", "run.yaml", "--domain", f"{name}.yaml", "--run-id", name, cwd=folder)
        assert done.returncode == 0, done.stderr
        (folder / f"{name}.log").write_text(done.stderr)
    return folder


def opened(place, name):
    return RunDirectory.at(place / "runs", name)


def lessons(run):
    stages = Curriculum.model_validate(yaml.safe_load(run.curriculum.read_text())).stages
    return [example for stage in stages for example in read_records(run.examples(stage.number), Example)]


# An item set keeps items for gates that are sat again.
@pytest.mark.parametrize(("name", "kept"), [("described", 0), ("set", 6)])
def test_it_ends_with_an_examination_of_every_module(place, name, kept):
    run = opened(place, name)
    summary = json.loads(run.summary.read_text())
    assert summary["status"] == "finished"
    domain = read_record(run.domain, Domain)
    assert {module["id"] for module in summary["modules"]} == {module.id for module in domain.modules}
    assert len(domain.modules) == 2
    probes = read_records(run.probes, Probe)
    assert len(probes) == 2 * (12 + kept)
    assert {probe.family for probe in probes} == {""}


@pytest.mark.parametrize("name", ["described", "set"])
def test_probes_seeds_and_lessons_are_pairwise_disjoint(place, name):
    run = opened(place, name)
    probes = read_records(run.probes, Probe)
    seeds = [item for item in read_records(run.items, BankItem) if item.purpose == "seed"]
    taught = lessons(run)
    assert seeds
    assert {example.module for example in taught} == {probe.module for probe in probes}
    examined = {normalise(probe.question) for probe in probes}
    assert len(examined) == len(probes)
    assert not examined & {normalise(item.question) for item in seeds}
    assert not examined & {normalise(example.problem) for example in taught}


@pytest.mark.parametrize("name", ["described", "set"])
def test_who_writes_lessons_sees_seeds_and_never_a_probe(place, name):
    run = opened(place, name)
    seeds = {item.question for item in read_records(run.items, BankItem) if item.purpose == "seed"}
    probes = {probe.question for probe in read_records(run.probes, Probe)}
    shown = set()
    for event in read_attempts(run.transcript):
        if event.context.task == "lessons":
            brief = json.loads(re.findall(r"```json\n(.*?)\n```", event.messages[-1].content, re.DOTALL)[-1])
            assert brief["module"]["generator"] is None
            assert brief["module"]["items"]
            shown |= set(brief["module"]["samples"])
            assert not any(probe in event.messages[-1].content for probe in probes)
    assert shown
    assert shown <= seeds


def test_the_number_of_modules_is_warned_of_and_written_down(place):
    record = read_record(opened(place, "described").decomposition, Decomposition)
    (warning,) = record.warnings
    assert "named 2 modules, not between 25 and 35" in warning
    assert warning in (place / "described.log").read_text()


def test_the_teachers_items_are_confirmed_before_they_are_examined(place):
    run = opened(place, "described")
    items = read_records(run.items, BankItem)
    assert all(item.verified and item.origin == "written" for item in items)
    solved = [e for e in read_attempts(run.transcript) if e.context.agent == "verifier"]
    assert sum(event.context.node == "decompose" for event in solved) >= 3 * len(items)


def test_a_given_item_that_fits_no_module_is_left_out_and_said_so(place):
    run = opened(place, "set")
    assert {module.id for module in read_record(run.domain, Domain).modules} == {
        "addition/one-digit", "addition/carrying",
    }  # fmt: skip
    assert "1 of 73 items belong to none of the modules." in (place / "set.log").read_text()
    assert '"Who wrote Faust?"' in run.refused_items.read_text()
    assert {item.origin for item in read_records(run.items, BankItem)} == {"given"}


def test_a_faulty_line_that_is_to_be_skipped_is_counted_and_said_so(place):
    warning, *_ = read_record(opened(place, "set").decomposition, Decomposition).warnings
    assert warning.startswith("1 faulty item of sums.jsonl was left out (skip_bad); the first: sums.jsonl:74: not JSON")
    assert warning in (place / "set.log").read_text()


def test_the_tutor_writes_lessons_in_the_words_of_the_items(place):
    assert all(re.fullmatch(r"What is \d+ \+ \d+\?", example.problem) for example in lessons(opened(place, "set")))


@pytest.mark.parametrize(
    ("name", "moment"),
    [("described", "solving written items"), ("described", "items written and"), ("set", "finding the items' modules")],
)
def test_after_kill_9_the_domain_is_the_same_and_no_answer_was_asked_for_twice(place, name, moment):
    whole, run = opened(place, name), opened(place, f"killed-{name}-{moment.split()[0]}")
    process = start("plan", "run.yaml", "--set", f"domain={name}.yaml", "--run-id", run.run_id, cwd=place)
    for line in process.stderr:
        if re.match(rf"\s+{moment}[^:]*: [1-9]", line):
            process.send_signal(signal.SIGKILL)
            break
    process.stderr.close()
    assert process.wait() == -signal.SIGKILL
    assert not run.domain.exists()
    kept = run.answers.read_text().splitlines()
    resumed = ioa("resume", run.run_id, cwd=place)
    assert f"{len(kept)} answers about the domain are there already" in resumed.stderr
    assert "ready for review" in resumed.stderr
    for path in ("domain", "items", "refused_items", "decomposition", "probes"):
        assert getattr(run, path).read_bytes() == getattr(whole, path).read_bytes()
    keys = [json.loads(line)["key"] for line in run.answers.read_text().splitlines()]
    assert len(set(keys)) == len(keys)


def test_what_it_will_ask_is_estimated_for_both(place):
    for name, task in (("described", "items"), ("set", "tag")):
        done = ioa("estimate", "run.yaml", "--set", f"domain={name}.yaml", cwd=place)
        assert done.returncode == 0, done.stderr
        assert task in done.stdout
        assert "decompose" in done.stdout


def test_bad_items_are_one_message_and_nothing_is_written(place):
    (place / "bad.yaml").write_text(SET.replace("sums.jsonl", "bad.jsonl"))
    (place / "bad.jsonl").write_text('{"question": "q"}\n')
    before = sorted(place.rglob("*"))
    done = ioa("run", "run.yaml", "--domain", "bad.yaml", cwd=place)
    assert done.returncode == 2
    assert "bad.jsonl:1: answer: required, but missing." in done.stderr
    assert sorted(place.rglob("*")) == before
