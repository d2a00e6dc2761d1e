"""The sensitivity of a plan to its thresholds, on a recorded diagnosis."""

import importlib.util
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.results.fake_run import make_beginning, make_run

from ioa.graph.config import RunConfig
from ioa.memory.errors import UserError
from ioa.memory.files import write_text

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "sensitivity.py"
_SPEC = importlib.util.spec_from_file_location("sensitivity", SCRIPT)
sensitivity = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(sensitivity)


@pytest.fixture(scope="module")
def diagnosed(tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("runs"))
    write_text(run.config, RunConfig().to_yaml())
    return run


def test_a_higher_tau_gap_leaves_fewer_deficient_and_a_larger_share_more_targets(diagnosed):
    diagnosis, config = sensitivity.read_run(diagnosed.root)
    found = sensitivity.sweep(diagnosis, config)
    deficient = [made.deficient for _, made in found["tau_gap"]]
    assert deficient == sorted(deficient, reverse=True)
    assert deficient[0] > deficient[-1]
    targets = [set(made.targets) for _, made in found["top-m"]]
    assert all(fewer <= more for fewer, more in pairwise(targets))
    assert len(targets[-1]) == found["top-m"][-1][1].deficient
    edges = [made.edges for _, made in found["tau_dep"]]
    assert edges == sorted(edges, reverse=True)
    steep = [made.steep for _, made in found["tau_ZPD"]]
    assert steep == sorted(steep, reverse=True)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.05, 1))
def test_every_plan_keeps_prerequisites_in_earlier_stages(diagnosed, gap, dependency, share):
    diagnosis, _ = sensitivity.read_run(diagnosed.root)
    plain = RunConfig().model_dump(mode="json")
    plain["diagnosis"] |= {"tau_gap": gap, "tau_dep": dependency, "top_share": share}
    made = sensitivity.plan(diagnosis, RunConfig.model_validate(plain))
    place = {module: number for number, stage in enumerate(made.stages) for module in stage}
    assert set(place) == set(made.targets)
    kept = [edge for edge in diagnosis.edges if edge.strength > dependency]
    assert all(place[e.source] < place[e.target] for e in kept if {e.source, e.target} <= set(place))


def test_the_script_prints_what_changes_and_marks_the_run_s_own_value(diagnosed):
    done = subprocess.run(
        [sys.executable, SCRIPT, diagnosed.root, "--values", "tau_gap=0.3,0.9"],
        capture_output=True, text=True, check=True, env={"COLUMNS": "160"},
    )  # fmt: skip
    assert "0.3 *" in done.stdout
    assert "0.9 *" not in done.stdout
    assert "-sums/" in done.stdout


def test_a_run_without_diagnosis_and_an_unknown_threshold_are_named(tmp_path, diagnosed):
    with pytest.raises(UserError, match="has not been diagnosed"):
        sensitivity.read_run(make_beginning(tmp_path).root)
    with pytest.raises(UserError, match="No run"):
        sensitivity.read_run(tmp_path / "nothing")
    failed = subprocess.run(
        [sys.executable, SCRIPT, diagnosed.root, "--values", "tau=1"], capture_output=True, text=True, check=False
    )
    assert failed.returncode == 2
    assert "tau is no symbol" in failed.stderr
