"""A run of Weights & Biases: offline, unless its user says otherwise."""

import netrc
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from ioa.memory import Assessment
from ioa.memory.files import read_record, write_record
from ioa.memory.records import Record
from ioa.memory.redaction import redact_strings
from ioa.memory.run_dir import RunDirectory
from ioa.memory.training_log import TRAINING_LOG, TrainingLog


class Reported(Record):
    """What has been told so far, in `wandb/reported.json`."""

    steps: Mapping[str, int] = {}
    """By round: the last step."""
    assessments: tuple[str, ...] = ()


class WandbScalars:
    """One run of W&B for one of ours, with the steps of all rounds counted on; its files are below `wandb/`."""

    def __init__(self, run: RunDirectory) -> None:
        self._run = run
        self._state = run.root / "wandb" / "reported.json"
        self._reported = read_record(self._state, Reported) if self._state.exists() else Reported()
        self._made: Any = None

    def step(self, stage: int, round_: int, step: int, values: Mapping[str, float]) -> None:
        """Log a step that was not logged before."""
        name = _name(stage, round_)
        if step <= self._reported.steps.get(name, 0):
            return
        row = {f"train/{key}": value for key, value in values.items()}
        self._log(row | {"train/stage": stage, "train/round": round_}, self._before(stage, round_) + step)
        self._keep(self._reported.model_copy(update={"steps": {**self._reported.steps, name: step}}))

    def assessed(self, assessment: Assessment) -> None:
        """Log an assessment that was not logged before, at the last step of its round."""
        name = _name(assessment.stage, assessment.round)
        if name in self._reported.assessments:
            return
        row = {f"mastery/{r.module}": r.ratio for r in (*assessment.gate, *assessment.earlier)}
        self._log(row, self._before(assessment.stage, assessment.round + 1))
        self._keep(self._reported.model_copy(update={"assessments": (*self._reported.assessments, name)}))

    def close(self) -> None:
        """Finish this sitting's part of the run."""
        if self._made is not None:
            self._made.finish()
            self._made = None

    def _log(self, row: Mapping[str, float], step: int) -> None:
        if self._made is None:
            self._made = self._begin()
        self._made.log(dict(row), step=step)

    def _begin(self) -> Any:
        os.environ["WANDB_ERROR_REPORTING"] = "false"
        import wandb

        self._state.parent.mkdir(parents=True, exist_ok=True)
        quiet = wandb.Settings(
            silent=True, console="off", disable_git=True, disable_code=True, x_disable_stats=True, x_disable_meta=True
        )
        config = redact_strings(yaml.safe_load(self._run.config.read_text(encoding="utf-8")))
        return wandb.init(
            id=self._run.run_id,
            name=self._run.run_id,
            project=os.environ.get("WANDB_PROJECT", "ioa"),
            dir=str(self._run.root),
            mode=cast(Any, mode()),  # W&B names its modes itself where it is none
            resume="allow",
            config=config,
            settings=quiet,
        )

    def _before(self, stage: int, round_: int) -> int:
        """Steps of the rounds before that one."""
        logs = self._run.adapter(1, 0).parent.glob(f"stage-*-round-*/{TRAINING_LOG}")
        earlier = [path for path in logs if path.parent.name < _name(stage, round_)]
        return sum(len(read_record(path, TrainingLog).steps) for path in earlier)

    def _keep(self, reported: Reported) -> None:
        self._reported = reported
        write_record(self._state, reported)


def mode() -> str:
    """`offline`, unless WANDB_MODE says otherwise or somebody is logged in."""
    given = os.environ.get("WANDB_MODE")
    return given or ("online" if os.environ.get("WANDB_API_KEY") or _logged_in() else "offline")


def _logged_in() -> bool:
    host = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai").partition("//")[2].partition("/")[0]
    try:
        return netrc.netrc(os.environ.get("NETRC") or str(Path.home() / ".netrc")).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def _name(stage: int, round_: int) -> str:
    return f"stage-{stage:02d}-round-{round_}"
