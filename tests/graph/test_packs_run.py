"""The run files of the smaller packs, run whole on a tiny student."""

import json

import pytest
import yaml
from tests.small import ioa
from tests.training.tiny import make_tiny_student

from ioa.memory.domains.packs import load_domain
from ioa.memory.files import read_records
from ioa.memory.records import Curriculum, Example
from ioa.memory.run_dir import RunDirectory

pytestmark = pytest.mark.slow

SMALL = {
    "examination.diagnosis": 2,
    "examination.gate": 2,
    "examination.final": 2,
    "student.batch_size": 32,
    "synthesis.per_module": 4,
    "curriculum.stages": "by-prerequisites",
    "curriculum.revise": "false",
    "mastery.rounds": 0,
    "training.epochs": 1,
    "training.least_new": 1,
}


@pytest.mark.parametrize("name", ["algebra", "word-problems"])
def test_the_run_file_teaches_every_module_of_its_pack_and_prerequisites_first(tmp_path, name):
    make_tiny_student(tmp_path / "student")
    settings = [part for key, value in SMALL.items() for part in ("--set", f"{key}={value}")]
    done = ioa("run", name, "--run-id", "small", "--student", "student", *settings, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    run = RunDirectory.at(tmp_path / "runs", "small")
    curriculum = Curriculum.model_validate(yaml.safe_load(run.curriculum.read_text()))
    taught = [module for stage in curriculum.stages for module in stage.modules]
    pack = load_domain(name)
    assert sorted(taught) == sorted(module.id for module in pack.modules)
    for module in pack.modules:
        assert all(taught.index(required) < taught.index(module.id) for required in module.prerequisites)
    written = [
        example
        for stage in range(1, len(curriculum.stages) + 1)
        for example in read_records(run.examples(stage), Example)
    ]
    assert {example.module for example in written} == set(taught)
    assert json.loads(run.summary.read_text())["final"]["after"]["n"] == 2 * len(taught)
