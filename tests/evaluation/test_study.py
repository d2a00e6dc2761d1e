"""Studies: several ways of teaching, seeds and budgets, as ordinary runs in one folder."""

import json
import shutil
import signal
import time
from pathlib import Path

import pytest
import yaml
from tests.small import ioa, start, write_config

from ioa.evaluation.study_file import cells, load_study
from ioa.evaluation.study_work import StudyFolder, check_unchanged
from ioa.memory.errors import UserError
from ioa.results.budget_use import Allowance, used_of_allowed
from ioa.results.study_results import StudyRun, chosen_runs, read_study

EVIDENCE = Path(__file__).parents[2] / "docs/evidence"
ARMS = {"ioa": {}, "direct-sft": {"method": "direct-sft"}, "own": {"method": "./own.py:build"}}
OWN = """
from ioa.graph.methods.iterations import build_iterations
from ioa.graph.nodes.baseline_nodes import Asked


def build(ctx):
    share = lambda ctx, count: {"sums/short": Asked(count)}
    return build_iterations(ctx, iterations=1, why="Short sums alone.", share=share)
"""
STUDY = {"base": "run.yaml", "arms": ARMS, "seeds": [3, 4], "budgets": [{"lessons": 8}], "executor": {"jobs": 2}}


def write_study(folder, **changes):
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({**STUDY, **changes}, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_config(tmp_path)
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_cell_is_the_base_with_what_is_its_own(folder):
    path = write_study(folder, set={"training.epochs": 1}, tries=[{}, {"training.learning_rate": 0.002}])
    study = load_study(path)
    found = cells(study, path)
    assert len(found) == 3 * 2 * 2
    first, second = found[0], found[1]
    assert (first.run_id, second.run_id) == ("ioa.lessons-8.seed-3", "ioa.lessons-8.seed-3.try-2")
    assert (first.config.seed, first.config.budget.lessons, first.config.training.epochs) == (3, 8, 1)
    assert second.config.training.learning_rate == 0.002
    direct = next(cell for cell in found if cell.arm == "direct-sft")
    assert direct.config.method.name == "direct-sft"
    assert direct.config.synthesis.choice == "off"  # as its method reads the run file


def test_the_three_limits_of_a_budget_are_the_same_for_all_arms_and_name_the_runs(folder):
    budgets = [{"training_tokens": 900}, {"lessons": 8, "training_tokens": 900, "teacher_tokens": 5000}]
    path = write_study(folder, budgets=budgets)
    found = cells(load_study(path), path)
    assert [cell.run_id for cell in found if (cell.arm, cell.seed) == ("ioa", 3)] == [
        "ioa.training-900.seed-3",
        "ioa.lessons-8-training-900-teacher-5000.seed-3",
    ]
    limits = {(c.budget.name, c.config.budget.training_tokens, c.config.budget.teacher_tokens) for c in found}
    assert limits == {("training-900", 900, None), ("lessons-8-training-900-teacher-5000", 900, 5000)}


def test_a_budget_stands_in_place_of_what_the_base_says_of_it(folder):
    write_config(folder, budget={"lessons": 5, "calls": 10_000})
    path = write_study(folder, budgets=[{}, {"training_tokens": 900}])
    found = {cell.budget.name: cell.config.budget for cell in cells(load_study(path), path)}
    assert [(one.lessons, one.training_tokens) for one in found.values()] == [(None, None), (None, 900)]
    assert {one.calls for one in found.values()} == {10_000}


def test_a_table_shows_what_was_used_of_what_was_allowed():
    allowed = [Allowance.of(1000, 800), Allowance.of(1000, 900)]
    assert used_of_allowed(allowed) == "850 of 1,000"
    assert used_of_allowed([Allowance.of(None, 800)]) == "800"


@pytest.mark.parametrize("path", sorted(EVIDENCE.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_study_that_comes_with_the_program_can_be_begun_and_goes_on_with_what_is_kept_of_it(path):
    study = load_study(path)
    found = cells(study, path)
    assert len(found) == len(study.arms) * len(study.seeds) * len(study.budgets)
    for budget in study.budgets:
        assert budget.lessons
        assert budget.training_tokens
    kept = StudyFolder(path.with_suffix(""))
    check_unchanged(kept, found)
    assert {file.stem for file in (kept.root / "results").glob("*.json")} <= {cell.run_id for cell in found}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seeds": [3, 3]}, "seeds names 3 twice"),
        ({"arms": {"a": {"set": {"examination.final": 2}}}}, "examination.final must be the same for all arms"),
        ({"arms": {"a": {"set": {"student.model": "x"}}}}, "student.model must be the same for all arms"),
        ({"arms": {"a": {"method": "nobody"}}}, "There is no method 'nobody'"),
        ({"arms": {"a": {"method": {"name": "ioa", "options": {"gate": "maybe"}}}}}, "gate"),
        ({"arms": {"a": {"set": {"training.epoch": 2}}}}, "training.epoch"),
        ({"arms": {"a": {"set": {"budget.training_tokens": 9}}}}, "budget.training_tokens must be the same for all"),
        ({"tries": [{"budget.teacher_tokens": 9}]}, "tries: budget has a place of its own"),
        ({"arms": {"a": {"set": {'"examination".final': 2}}}}, 'examination".final must be the same for all arms'),
        ({"tries": [{}, {"examination.final": 2}]}, "tries: examination.final must be the same for all tries"),
        ({"tries": [{}, {"training.epochs": 1}, {}]}, "tries names one twice"),
        (
            {"tries": [{}, {"training.epochs": 1}], "arms": {"a": {"set": {"training.epochs": 3}}}},
            "arms.a: training.epochs stands in `tries`, too",
        ),
        ({"tries": [{}, {"training.epochs": 1}], "set": {"training.held_out": 0}}, "training.held_out: expected more"),
        ({"arms": {"a" * 40: {}}, "budgets": [{"lessons": 10**9, "training_tokens": 10**12}]}, "1 to 80 letters"),
        ({"reference": "b"}, "there is no arm 'b'"),
        ({"arms": {"a b": {}}}, "a name has 1 to 40 letters"),
        ({"base": "nowhere.yaml"}, "nowhere.yaml"),
        ({"arms": {}}, "arms"),
    ],
)
def test_what_is_wrong_is_said_once_and_nothing_is_run(folder, changes, told):
    write_study(folder, **changes)
    done = ioa("study", "study.yaml", cwd=folder)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "studies").exists()


def test_of_several_settings_the_one_counts_that_the_arms_own_held_out_lessons_like_best(folder, monkeypatch):
    study = load_study(write_study(folder))

    class Scores:
        def __init__(self, loss):
            self.held_out_loss = loss

    def run(arm, seed, attempt, loss):
        known = StudyRun(run_id="r", arm=arm, budget="b", seed=seed, attempt=attempt, state="finished")
        return known.model_copy(update={"scores": Scores(loss)})

    runs = [run("ioa", 3, 0, 0.5), run("ioa", 4, 0, 0.1), run("ioa", 3, 1, 0.2), run("ioa", 4, 1, 0.2)]
    assert [(one.seed, one.attempt) for one in chosen_runs(study, runs)] == [(3, 1), (4, 1)]  # 0.2 against 0.3
    # Of a try one run failed, and of another one held nothing out: a single seed that went well chooses no setting.
    for other in ([run("ioa", 3, 2, 0.01)], [run("ioa", 3, 2, 0.01), run("ioa", 4, 2, None)]):
        assert [(one.seed, one.attempt) for one in chosen_runs(study, runs + other)] == [(3, 1), (4, 1)]


def test_the_folder_of_a_study_is_no_file(folder):
    write_study(folder)
    for command in ("run", "show", "report"):
        done = ioa("study", command, "study.yaml", "--out", "run.yaml", cwd=folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert "run.yaml: a file. Expected the folder of the study" in done.stderr


def broken_results(results):
    """What may stand in the file of one run, and what is said of it."""
    right, other = (json.loads((results / f"{arm}.lessons-8.seed-3.json").read_text()) for arm in ("ioa", "direct-sft"))
    fewer = dict(list(right["answers"].items())[1:])
    return [
        (json.dumps(other), "method.name was 'direct-sft' and is 'ioa'"),  # its own run stands beside it
        ("{", "Put the file back, or delete it"),
        (json.dumps(right | {"answers": {}}), "at least 1 item"),
        (json.dumps(right | {"answers": fewer}), "were examined with different items"),
    ]


@pytest.mark.slow
def test_a_study_is_killed_goes_on_and_tells_what_came_of_it(folder):
    path = write_study(folder)
    process = start("study", "study.yaml", cwd=folder)
    for line in process.stderr:
        if "begun" in line:
            break
    time.sleep(6)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stderr.close()
    done = ioa("study", "study.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    study, made = load_study(path), StudyFolder(folder / "studies" / "study")
    every = cells(study, path)
    assert {made.state(cell) for cell in every} == {"finished"}
    found = json.loads(ioa("study", "show", "study.yaml", "--json", cwd=folder).stdout)
    assert len(found["chosen"]) == 6
    assert all(run["scores"]["lessons"] <= 8 for run in found["chosen"])
    for run in found["chosen"]:
        lessons = run["scores"]["budget"]["lessons"]
        assert (lessons["limit"], lessons["used"] + lessons["left"]) == (8, 8)
        assert run["scores"]["training_tokens"] == run["scores"]["budget"]["training_tokens"]["used"] > 0
    before = {(run["seed"], run["scores"]["before"]["k"]) for run in found["chosen"]}
    assert len(before) == 2  # the arms of a seed have the same items and the same bare student
    assert "direct-sft" in ioa("study", "show", "study.yaml", cwd=folder).stdout
    assert ioa("study", "report", "study.yaml", cwd=folder).returncode == 0
    page = (folder / "studies" / "study" / "report.html").read_text(encoding="utf-8")
    assert "ioa against" in page
    assert "direct-sft" in page
    assert "http://" not in page.partition("<script>")[0]  # it loads nothing
    assert [one["arm"] for one in found["by_budget"][0]["differences"]] == ["direct-sft", "own"]
    # The items of a seed are the same for both arms, so the difference is that of the means.
    scores = {(run["arm"], run["seed"]): run["scores"]["all"] for run in found["chosen"]}
    right = {key: score["k"] / score["n"] for key, score in scores.items()}
    apart = [right["ioa", seed] - right["own", seed] for seed in (3, 4)]
    own = found["by_budget"][0]["differences"][1]
    assert own["difference"]["mean"] == pytest.approx(sum(apart) / 2)
    assert 0 <= own["p"] <= own["p_holm"] <= 1
    # What came of a run is kept apart from it: without the runs the study says the same.
    shutil.move(made.runs, folder / "runs-elsewhere")
    assert json.loads(ioa("study", "show", "study.yaml", "--json", cwd=folder).stdout) == found
    assert "6 runs, 0 of them to do" in ioa("study", "study.yaml", cwd=folder).stdout
    write_study(folder, set={"training.epochs": 1})
    refused = ioa("study", "show", "study.yaml", cwd=folder)
    assert refused.returncode == 2
    assert "training.epochs was 2 and is 1" in refused.stderr
    shutil.move(folder / "runs-elsewhere", made.runs)
    write_study(folder)
    for text, told in broken_results(made.root / "results"):
        kept = made.root / "results/ioa.lessons-8.seed-3.json"
        right = kept.read_text(encoding="utf-8")
        kept.write_text(text, encoding="utf-8")
        refused = ioa("study", "show", "study.yaml", cwd=folder)
        assert (refused.returncode, told in refused.stderr) == (2, True)
        kept.write_text(right, encoding="utf-8")
    # Nothing is done again, arms can be added, and what was run cannot be described anew.
    assert "6 runs, 0 of them to do" in ioa("study", "study.yaml", cwd=folder).stdout
    more = write_study(folder, seeds=[3, 4, 5])
    check_unchanged(made, cells(load_study(more), more))
    assert read_study(load_study(more), made, cells(load_study(more), more)).runs[-1].state == "to do"
    other = write_study(folder, set={"training.epochs": 1})
    with pytest.raises(UserError, match=r"training\.epochs was 2 and is 1"):
        check_unchanged(made, cells(load_study(other), other))
