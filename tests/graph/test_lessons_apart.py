"""Lessons keep clear of other runs' lessons and of benchmark files, in real runs of a tiny student."""

import json
from itertools import combinations

import pytest
from tests.small import ioa, write_config

from ioa.memory.files import read_records
from ioa.memory.records import Example, Probe, Refusal, Split
from ioa.memory.run_dir import RunDirectory
from ioa.memory.shared_store import SharedLesson
from ioa.memory.similarity import normalise

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two runs, one after the other, that share their lessons and keep clear of a benchmark file."""
    folder = tmp_path_factory.mktemp("apart")
    items = [json.dumps({"question": f"Please add {a} + {b}."}) for a in range(1, 10) for b in (3, 4)]
    (folder / "bench.jsonl").write_text("\n".join(items))
    config = write_config(
        folder,
        synthesis={"store": "shared", "benchmarks": ["bench.jsonl"], "passes": 2},
        mastery={"rounds": 0},
    )
    for run, seed in (("one", 3), ("two", 4)):
        done = ioa("run", config, "--run-id", run, "--set", f"seed={seed}", cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


def lessons(run: RunDirectory) -> list[Example]:
    return [
        example for path in sorted((run.root / "examples").glob("stage-*")) for example in read_records(path, Example)
    ]


def test_lessons_of_two_runs_and_the_splits_of_each_are_pairwise_disjoint(place):
    runs = [RunDirectory.at(place / "runs", name) for name in ("one", "two")]
    taught = [{normalise(lesson.problem) for lesson in lessons(run)} for run in runs]
    assert min(map(len, taught)) > 0
    assert not taught[0] & taught[1]
    for run, own in zip(runs, taught, strict=True):
        probes = read_records(run.probes, Probe)
        splits = [{normalise(probe.question) for probe in probes if probe.split == split} for split in Split]
        assert not any(one & other for one, other in combinations([*splits, own], 2))
    shared = read_records(place / "shared" / "lessons.jsonl", SharedLesson)
    assert {lesson.run for lesson in shared} == {"one", "two"}
    assert {normalise(lesson.problem) for lesson in shared} == taught[0] | taught[1]


def test_a_refusal_names_the_other_run_and_the_line_of_the_benchmark(place):
    refused = [
        refusal
        for name in ("one", "two")
        for path in (place / "runs" / name / "examples").glob("refused-*")
        for refusal in read_records(path, Refusal)
    ]
    assert any("of run one (exact" in refusal.detail for refusal in refused)
    assert any("bench.jsonl:" in refusal.detail for refusal in refused)


def test_a_bad_benchmark_file_or_store_is_found_before_anything_is_written(place):
    before = sorted(place.rglob("*"))
    (place / "bad.jsonl").write_text('{"q": 1}')
    for setting, word in (
        ("synthesis.benchmarks=[bad.jsonl]", "bad.jsonl:1"),
        ("synthesis.benchmarks=[no.jsonl]", "no such file"),
        ("synthesis.store=bad.jsonl", "not a folder"),
    ):
        done = ioa("run", "run.yaml", "--set", setting, cwd=place)
        assert done.returncode == 2
        assert word in done.stderr
        assert "Traceback" not in done.stderr
    (place / "bad.jsonl").unlink()
    assert sorted(place.rglob("*")) == before
