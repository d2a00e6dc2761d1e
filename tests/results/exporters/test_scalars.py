"""Curves in TensorBoard's and W&B's own files, each point once, however often a run is resumed."""

import subprocess
import sys
from collections import Counter

import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tests.results.fake_run import gate_result

from ioa.graph.config import RunConfig, override
from ioa.memory import Assessment
from ioa.memory.errors import UserError
from ioa.memory.files import write_record, write_text
from ioa.memory.run_dir import RunDirectory
from ioa.memory.training_log import TRAINING_LOG, LossPoint, TrainingLog
from ioa.results.exporters.scalars import CurveListener, TensorBoardScalars
from ioa.results.exporters.wandb_run import STEP, WandbScalars, kept_rows, mode
from ioa.training import TrainingProgress

pytestmark = pytest.mark.filterwarnings("ignore")
SHORT, LONG = gate_result("sums/short", 15, 30), gate_result("sums/long", 15, 30)
COUNTED = SHORT.model_copy(update={"student": SHORT.student.model_copy(update={"unread": 6})})
ASSESSMENT = Assessment(stage=1, round=0, gate=(COUNTED,), earlier=(LONG,))
"""Of the second module's replies nobody knows whether they could be read."""


@pytest.fixture
def run(tmp_path):
    made = RunDirectory.at(tmp_path, "r")
    write_text(made.config, yaml.safe_dump({"seed": 7}))
    return made


def progress(step):
    return TrainingProgress(
        step=step, steps=9, epoch=step / 3, loss=1 / step, learning_rate=1e-3 / step,
        examples_per_second=8.0, seconds_left=1.0, too_long=0,
    )  # fmt: skip


def log(steps):
    points = [LossPoint(step=s, epoch=s / 3, loss=1 / s, learning_rate=1e-3 / s) for s in range(1, steps + 1)]
    return TrainingLog(steps=tuple(points), examples=3, tokens=30, seconds=1.0)


def drawing_in(*curves):
    listener = CurveListener(print)
    listener.curves = list(curves)
    return listener


def teach(scalars, run, steps):
    for step in steps:
        drawing_in(scalars).training_step(1, 0, progress(step))


def test_tensorboard_has_each_step_once_after_a_crash_and_a_resume(run):
    killed = TensorBoardScalars(run)
    teach(killed, run, range(1, 6))  # never closed: the last points may be lost
    killed._open[1].flush()
    resumed = TensorBoardScalars(run)
    teach(resumed, run, range(4, 9))
    drawing_in(resumed).trained(1, 0, log(9))
    resumed.assessed(ASSESSMENT)
    again = TensorBoardScalars(run)
    drawing_in(again).trained(1, 0, log(9))
    again.assessed(ASSESSMENT)
    again.close()

    curves = EventAccumulator(str(run.root / "tensorboard" / "stage-01-round-0")).Reload()
    assert set(curves.Tags()["scalars"]) == {
        "train/loss", "train/learning_rate", "train/epoch", "train/samples_per_second",
    }  # fmt: skip
    loss = curves.Scalars("train/loss")
    assert [event.step for event in loss] == list(range(1, 10))
    assert loss[3].value == pytest.approx(1 / 4)
    (mastery,) = EventAccumulator(str(run.root / "tensorboard" / "mastery")).Reload().Scalars("mastery/sums/short")
    assert (mastery.step, mastery.value) == (100, pytest.approx(0.5))
    scalars = EventAccumulator(str(run.root / "tensorboard" / "mastery")).Reload()
    assert set(scalars.Tags()["scalars"]) == {"mastery/sums/short", "mastery/sums/long", "unread/sums/short"}
    assert [event.value for event in scalars.Scalars("unread/sums/short")] == [pytest.approx(6 / 30)]


@pytest.fixture
def offline(run, monkeypatch):
    for name in ("WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(run.root / "no-netrc"))


def kept(run):
    """The rows that W&B has written, after its process has written all of them, as at the end of ours."""
    import wandb

    wandb.teardown()
    return list(kept_rows(run.root / "wandb"))


def test_wandb_writes_offline_each_step_once(run, offline, capfd):
    first = WandbScalars(run)
    teach(first, run, range(1, 6))
    first.close()
    assert len(kept(run)) == 5
    resumed = WandbScalars(run)
    teach(resumed, run, range(4, 9))
    drawing_in(resumed).trained(1, 0, log(9))
    write_record(run.adapter(1, 0) / TRAINING_LOG, log(9))
    resumed.assessed(ASSESSMENT)
    resumed.assessed(ASSESSMENT)
    resumed.close()

    rows = kept(run)
    assert Counter(row[STEP] for row in rows if "train/loss" in row) == Counter(range(1, 10))
    assert {row[STEP]: row["train/loss"] for row in rows if "train/loss" in row} == {s: 1 / s for s in range(1, 10)}
    assert [(row[STEP], row["mastery/sums/short"]) for row in rows if "mastery/sums/short" in row] == [(9, 0.5)]
    assert [row["unread/sums/short"] for row in rows if "mastery/sums/long" in row] == [6 / 30]
    assert [row["_step"] for row in rows] == list(range(10))
    assert len(list((run.root / "wandb").glob("offline-run-*"))) == 2
    assert "Detected" not in "".join(capfd.readouterr())


KILLED = """
import os, sys
from pathlib import Path
from tests.results.exporters.test_scalars import WandbScalars, RunDirectory, teach
run = RunDirectory(Path(sys.argv[1]))
teach(WandbScalars(run), run, range(1, 6))
os.kill(os.getpid(), 9)
"""


def test_wandb_gets_afterwards_what_a_killed_process_did_not_write_out(run, offline):
    killed = subprocess.run([sys.executable, "-c", KILLED, run.root], check=False, timeout=60)
    assert killed.returncode == -9
    resumed = WandbScalars(run)
    teach(resumed, run, range(5, 10))
    drawing_in(resumed).trained(1, 0, log(9))
    resumed.close()
    assert Counter(row[STEP] for row in kept(run)) == Counter(range(1, 10))


def test_rows_in_several_blocks_are_read_and_a_torn_end_is_left_out(run, offline):
    scalars = WandbScalars(run)
    teach(scalars, run, range(1, 400))
    scalars.close()
    assert [row[STEP] for row in kept(run)] == list(range(1, 400))
    (file,) = (run.root / "wandb").glob("offline-run-*/*.wandb")
    data = file.read_bytes()
    assert len(data) > 2 * 32_768
    file.write_bytes(data[: len(data) // 2])
    some = [row[STEP] for row in kept_rows(run.root / "wandb")]
    assert 100 < len(some) < 300
    assert some == list(range(1, len(some) + 1))


def test_wandb_is_offline_until_its_user_says_otherwise(tmp_path, monkeypatch):
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert mode() == "offline"
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password secret\n")
    assert mode() == "online"
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert mode() == "disabled"


def test_report_to_is_written_as_for_transformers():
    assert override(RunConfig(), ["training.report_to=tensorboard"]).training.report_to == ("tensorboard",)
    assert override(RunConfig(), ["training.report_to=[tensorboard, wandb]"]).training.report_to[1] == "wandb"
    assert override(RunConfig(), ["training.report_to=none"]).training.report_to == ()
    with pytest.raises(UserError, match=r"training\.report_to"):
        override(RunConfig(), ["training.report_to=[comet]"])


def test_curves_that_cannot_be_drawn_never_stop_a_run(run, monkeypatch):
    write_text(run.root / "tensorboard", "a file where a folder is needed")
    monkeypatch.setenv("WANDB_MODE", "nonsense")
    said = []
    listener = CurveListener(said.append)
    listener.run_begun(run, override(RunConfig(), ["training.report_to=[tensorboard, wandb]"]))
    listener.training_step(1, 0, progress(1))
    listener.trained(1, 0, log(9))
    listener.assessed(ASSESSMENT)
    listener.run_ended("finished")
    assert [line.partition(":")[0] for line in said] == [
        "No more curves are drawn by tensorboard", "No more curves are drawn by wandb",
    ]  # fmt: skip


def test_nothing_is_opened_by_default(run):
    listener = CurveListener(print)
    listener.run_begun(run, RunConfig())
    listener.training_step(1, 0, progress(1))
    assert listener.curves == []
    assert [path.name for path in run.root.iterdir()] == ["config.yaml"]
