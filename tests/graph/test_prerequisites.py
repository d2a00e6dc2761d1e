"""Dependencies measured in a run: the very graph, a tiny student, the embedded tutor."""

import json

import pytest
from tests.small import ioa, write_config

from ioa.agents.estimate import estimate
from ioa.cli.teacher import plan_of
from ioa.graph.builder import build_graph
from ioa.graph.config import load_config
from ioa.graph.context import RunContext
from ioa.graph.prerequisites import measure_prerequisites
from ioa.graph.student_population import bare_states, estimate_by_population, first_items, taught_variants
from ioa.memory.files import read_record, read_records
from ioa.memory.records import Diagnosis, ItemResult, Prerequisites
from ioa.memory.run_dir import RunDirectory
from ioa.memory.similarity import normalise

pytestmark = pytest.mark.slow

MEASURED = {
    "estimators": ["population", "intervention"],
    "population": {"variants": 4, "items": 3, "temperatures": [0.8], "shots": [2], "revise": True},
    "intervention": {"lessons": 8, "epochs": 1, "items": 4, "least_gain": 0.0},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measured")
    config = write_config(folder, diagnosis={"top_share": 1.0, **MEASURED}, mastery={"rounds": 0})
    done = ioa("run", config, "--run-id", "whole", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stderr


@pytest.fixture(scope="module")
def run(place):
    return RunDirectory.at(place[0] / "runs", "whole")


def test_every_variant_is_examined_on_the_same_items_of_the_diagnosis_split(run):
    labels = [
        "population-2-shots",
        "population-temperature-0.8-seed-3",
        "population-temperature-0.8-seed-4",
        "population-stage-01-round-0",
    ]
    asked = [[item.probe for item in read_records(run.scores(label), ItemResult)] for label in labels]
    assert all(probes == asked[0] for probes in asked)
    assert len(asked[0]) == 2 * 3
    assert all(probe.startswith("diagnosis/") for probe in asked[0])


def test_the_diagnosis_says_what_could_be_decided_and_what_not(place, run):
    diagnosis = read_record(run.diagnosis, Diagnosis)
    about = {(found.estimator, found.source) for found in diagnosis.undecided}
    assert {("population", "sums/short"), ("population", "sums/long")} <= about  # a random student can do nothing
    assert all(found.reason for found in diagnosis.undecided)
    assert "relate" in place[1]
    assert "population: what builds on 0 modules is decided, on 2 not" in place[1]


def test_lessons_on_trial_are_checked_and_forgotten_and_their_lora_is_gone(run):
    assert len(read_records(run.scores("intervention-sums.short"), ItemResult)) == 2 * 4
    assert not run.interventions.exists()
    probes = {normalise(json.loads(line)["question"]) for line in run.probes.read_text().splitlines()}
    batches = {json.loads(line)["batch"].split("/")[0] for line in run.examples(1).read_text().splitlines()}
    assert batches == {"stage-01"}
    samples = read_records(run.scores("population-samples"), ItemResult)
    assert len(samples) == 2 * 2
    assert not probes & {normalise(item.question) for item in samples}


def test_at_the_end_the_graph_is_estimated_again_with_the_checkpoints(run):
    read_record(run.revised_prerequisites, Prerequisites)
    ctx = RunContext(run, load_config(str(run.config)))
    probes = first_items(ctx, 3)
    (taught,) = taught_variants(ctx, 1, probes)
    assert taught.name == "checkpoint stage-01-round-0"
    assert {module: score.n for module, score in taught.scores.items()} == {"sums/short": 3, "sums/long": 3}
    assert list(taught_variants(ctx, 0, probes)) == []
    ctx.close()


def test_without_further_examinations_a_stage_is_known_by_what_its_gate_asked(run):
    config = load_config(str(run.config))
    population = config.diagnosis.population.model_copy(update={"revise": False})
    diagnosis = config.diagnosis.model_copy(update={"population": population})
    ctx = RunContext(run, config.model_copy(update={"diagnosis": diagnosis}))
    (taught,) = taught_variants(ctx, 1, [])
    gate = ctx.rounds().best(1).gate
    assert {result.module: result.student for result in gate if not result.level}.items() <= taught.scores.items()
    assert set(taught.teacher) == set(taught.scores)
    ctx.close()


def test_what_the_measuring_asks_of_the_teacher_is_in_the_estimate(run):
    config = load_config(str(run.config))
    roles = ("examinee", "diagnoser", "planner", "adapter", "verifier")
    found = estimate(plan_of(config), dict.fromkeys(roles, config.teacher), dict.fromkeys(roles))
    for row in json.loads(run.summary.read_text())["teacher"]["by_agent"]:
        spans = [line.calls for line in found.lines if line.agent == row["name"]]
        assert sum(span.low for span in spans) <= row["calls"] <= sum(span.high for span in spans), row["name"]
    assert next(line.calls for line in found.lines if line.task == "prerequisites").high == 0


def test_nothing_is_measured_twice(run, monkeypatch):
    """Whatever was measured is a file; without a student and a teacher the same comes out."""
    ctx = RunContext(run, load_config(str(run.config)))

    def refuse(*_):
        raise AssertionError("it was measured again")

    monkeypatch.setattr("ioa.graph.context.Student.load", refuse)
    monkeypatch.setattr("ioa.agents.teacher.Teacher.ask", refuse)
    again = measure_prerequisites(ctx, 1)
    assert again.undecided == read_record(run.revised_prerequisites, Prerequisites).undecided
    ctx.close()


def test_a_kill_between_two_variants_costs_only_the_second(run, monkeypatch):
    ctx = RunContext(run, load_config(str(run.config)))
    before = estimate_by_population(ctx)
    lost = run.scores("population-temperature-0.8-seed-4")
    text, examined = lost.read_text(), []
    lost.unlink()
    from ioa.graph import student_population as population

    real = population.bounded_student
    monkeypatch.setattr(population, "bounded_student", lambda *a, **k: examined.append(1) or real(*a, **k))
    assert estimate_by_population(ctx) == before
    assert len(examined) == 1
    assert lost.read_text() == text  # and it is the same again
    ctx.close()


def test_the_variants_are_as_many_as_asked_for():
    settings = load_config("arithmetic").diagnosis.population
    for count in (2, 3, 8):
        states = list(bare_states(settings.model_copy(update={"variants": count}), seed=7))
        assert len(states) == count - 1  # beside the student itself
        assert len({state.label for state in states}) == len(states)


def test_without_a_measuring_estimator_nothing_is_measured(tmp_path):
    ctx = RunContext(RunDirectory(tmp_path / "run"), load_config("arithmetic"))
    build_graph(ctx)
    if not {"population", "intervention"} & set(ctx.config.diagnosis.estimators):
        assert measure_prerequisites(ctx).claims == ()
    assert not (tmp_path / "run").exists()
