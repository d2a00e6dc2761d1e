"""The curriculum in a person's hands: planned, edited, given to a run, reviewed at the terminal."""

import json
import os
import pty
import sys
from subprocess import PIPE, Popen

import pytest
import yaml
from tests.small import ENVIRONMENT, ioa, sums, write_config

from ioa.graph.curriculum_file import curriculum_yaml, read_curriculum, with_measured_difficulty
from ioa.memory.errors import UserError
from ioa.memory.files import read_record, read_records
from ioa.memory.records import (
    Assessment,
    Curriculum,
    Diagnosis,
    Domain,
    Example,
    Gap,
    Generator,
    Kind,
    Module,
    Requirement,
    Score,
    Stage,
)
from ioa.memory.run_dir import RunDirectory

LEVEL = {"standard": Generator(family="chain_sum")}
DOMAIN = Domain(
    name="d",
    description="d",
    modules=tuple(Module(id=f"a/{name}", description="d", levels=LEVEL, exam_level="standard") for name in "xyz"),
)
ORDERED = Curriculum(
    stages=(Stage(modules=("a/x",)), Stage(modules=("a/y", "a/z"), lessons=3)),
    prerequisites=(Requirement(earlier="a/x", later="a/y"),),
)


def test_what_is_written_is_read_back_with_its_stages_counted(tmp_path):
    path = tmp_path / "curriculum.yaml"
    path.write_text(curriculum_yaml(ORDERED))
    found = read_curriculum(path, DOMAIN)
    assert [(stage.number, stage.modules, stage.lessons) for stage in found.stages] == [
        (1, ("a/x",), None),
        (2, ("a/y", "a/z"), 3),
    ]
    assert found.prerequisites == ORDERED.prerequisites
    assert found.stages[1].title == "a/y, a/z"


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ([["a/y"], ["a/x"]], ["a/y (stage 1) needs a/x (stage 2)", "prerequisites"]),
        ([["a/x", "a/y"]], ["a/y (stage 1) needs a/x (stage 1)"]),
        ([["a/x"], ["a/q"]], ["a/q is not a module"]),
        ([["a/x"], ["a/x"]], ["a/x stands in more than one stage"]),
    ],
)
def test_an_order_that_cannot_be_taught_is_refused_by_name(tmp_path, stages, words):
    path = tmp_path / "mine.yaml"
    needs = [{"earlier": "a/x", "later": "a/y"}]
    path.write_text(yaml.safe_dump({"stages": [{"modules": modules} for modules in stages], "prerequisites": needs}))
    with pytest.raises(UserError) as caught:
        read_curriculum(path, DOMAIN)
    for word in [*words, "mine.yaml"]:
        assert word in str(caught.value)


def test_a_pair_that_is_taken_out_no_longer_binds(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"stages": [{"modules": ["a/y"]}, {"modules": ["a/x"]}]}))
    assert len(read_curriculum(path, DOMAIN).stages) == 2


def test_difficulty_is_what_was_measured_not_what_was_written():
    half, whole = Score(k=2, n=4), Score(k=4, n=4)
    shared = {"student": half, "teacher": whole, "severity": 1.0, "deficient": True, "targeted": True}
    gaps = (Gap(module="a/x", delta=0.5, **shared), Gap(module="a/y", delta=1.0, **shared))
    found = with_measured_difficulty(ORDERED, Diagnosis(gaps=gaps, edges=()))
    assert [stage.difficulty for stage in found.stages] == [0.5, 0.5]  # a/z was not diagnosed


@pytest.mark.slow
def test_a_plan_is_edited_and_given_to_a_run(tmp_path):
    config = write_config(tmp_path, mastery={"rounds": 0})
    planned = ioa("plan", config, "--run-id", "planned", "--out", "mine.yaml", cwd=tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert "ioa resume planned" in planned.stderr
    assert "sums/long" in planned.stdout
    assert not RunDirectory.at(tmp_path / "runs", "planned").examples(1).exists()

    mine = tmp_path / "mine.yaml"
    told = yaml.safe_load(mine.read_text())
    assert told["prerequisites"] == [{"earlier": "sums/short", "later": "sums/long"}]
    told["stages"].reverse()
    mine.write_text(yaml.safe_dump(told))
    refused = ioa("run", config, "--curriculum", mine, "--run-id", "mine", cwd=tmp_path)
    assert refused.returncode == 2
    assert "sums/long (stage 1) needs sums/short (stage 2)" in refused.stderr
    assert not (tmp_path / "runs/mine").exists()

    told["prerequisites"] = []
    told["stages"][0]["lessons"] = 5
    mine.write_text(yaml.safe_dump(told))
    done = ioa("run", config, "--curriculum", mine, "--run-id", "mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lessons = read_records(RunDirectory.at(tmp_path / "runs", "mine").examples(1), Example)
    assert [example.module for example in lessons] == ["sums/long"] * 5
    assert ioa("resume", "planned", cwd=tmp_path).returncode == 0


@pytest.mark.slow
def test_a_review_is_answered_at_the_terminal(tmp_path):
    config = write_config(tmp_path, curriculum={"review": True}, mastery={"rounds": 0})
    ours, theirs = pty.openpty()
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/rationale:.*/rationale: because I say so/' \"$1\"\n")
    editor.chmod(0o755)
    command = [sys.executable, "-m", "ioa.cli.main", "run", str(config), "--run-id", "asked"]
    environment = {**ENVIRONMENT, "EDITOR": str(editor)}
    with Popen(command, cwd=tmp_path, env=environment, stdin=theirs, stdout=PIPE, stderr=PIPE, text=True) as process:
        os.write(ours, b"e\nt\n")
        _, said = process.communicate(timeout=200)
    os.close(theirs)
    os.close(ours)
    assert process.returncode == 0, said
    assert "leave it for later" in said
    assert "because I say so" in said
    assert RunDirectory.at(tmp_path / "runs", "asked").report.exists()


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ([{"modules": ["a/x"], "levels": {"a/x": "hard"}}], ["'hard' is not an easier level of a/x", "none"]),
        ([{"modules": ["b/x"], "levels": {"b/y": "easy"}}], ["a level for b/y, which it does not teach"]),
        ([{"modules": ["b/x"]}, {"modules": ["b/x"], "levels": {"b/x": "easy"}}], ["a bridge to b/x, which stage 1"]),
    ],
)
def test_a_bridge_that_leads_nowhere_is_refused_by_name(tmp_path, stages, words):
    levels = {"easy": LEVEL["standard"], **LEVEL}
    bridged = Module(id="b/x", description="d", levels=levels, exam_level="standard")
    domain = DOMAIN.model_copy(update={"modules": (*DOMAIN.modules, bridged)})
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"stages": stages}))
    with pytest.raises(UserError) as caught:
        read_curriculum(path, domain)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.slow
def test_a_bridge_is_taught_and_examined_at_its_own_level(tmp_path):
    pack = yaml.safe_load((write_config(tmp_path).parent / "sums.yaml").read_text())
    pack["modules"][1]["levels"] = {"easy": sums((1, 2)), **pack["modules"][1]["levels"]}
    (tmp_path / "stairs.yaml").write_text(yaml.safe_dump(pack))
    config = write_config(tmp_path, domain=str(tmp_path / "stairs.yaml"), mastery={"rounds": 0})
    mine = tmp_path / "mine.yaml"
    bridge = {"modules": ["sums/long"], "levels": {"sums/long": "easy"}, "lessons": 8}
    mine.write_text(yaml.safe_dump({"stages": [bridge, {"modules": ["sums/long"], "lessons": 8}]}))
    done = ioa("run", config, "--run-id", "stairs", "--curriculum", mine, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = RunDirectory.at(tmp_path / "runs", "stairs")
    first = read_records(made.examples(1), Example)
    assert {(example.level, example.kind) for example in first} == {("easy", Kind.BRIDGING)}
    (at_gate,) = read_record(made.assessment(1, 0), Assessment).gate
    assert (at_gate.level, at_gate.student.n) == ("easy", 4)
    (at_gate,) = read_record(made.assessment(2, 0), Assessment).gate
    assert at_gate.level == ""
    summary = json.loads(made.summary.read_text())
    (row,) = [row for row in summary["modules"] if row["id"] == "sums/long"]
    assert row["mastered"] is at_gate.mastered
    assert summary["final"]["after"]["n"] == 4
