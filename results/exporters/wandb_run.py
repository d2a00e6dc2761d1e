"""A run of Weights & Biases: offline, unless its user says otherwise."""

import json
import netrc
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from ioa.memory import Assessment
from ioa.memory.files import read_record
from ioa.memory.redaction import redact_strings
from ioa.memory.run_dir import Round, RunDirectory
from ioa.memory.training_log import TRAINING_LOG, TrainingLog
from ioa.memory.yaml_values import read_value
from ioa.results.exporters.measures import assessment_values

STEP = "train/global_step"
"""The horizontal axis of all curves: the steps of all rounds, counted on. W&B drops rows whose own step does not grow,
so that lost points could not be drawn after later ones on its own axis."""


class WandbScalars:
    """One run of W&B for one of ours; its files are below `wandb/`, a folder a sitting."""

    def __init__(self, run: RunDirectory) -> None:
        self._run, self._folder = run, run.root / "wandb"
        self._made: Any = None
        self._rows = 0
        self._known: set[tuple[str, int, int, int]] = set()
        self._earlier: dict[Round, int] = {}

    def step(self, stage: int, round_: int, step: int, values: Mapping[str, float]) -> None:
        """Log a step that was not logged before."""
        row = {f"train/{name}": value for name, value in values.items()}
        self._log("train", stage, round_, self._before(stage, round_) + step, row)

    def assessed(self, assessment: Assessment) -> None:
        """Log an assessment that was not logged before, at the last step of its round."""
        stage, round_ = assessment.stage, assessment.round
        self._log("mastery", stage, round_, self._before(stage, round_ + 1), assessment_values(assessment))

    def close(self) -> None:
        """Finish this sitting's part of the run; W&B writes out the last of it when the process ends."""
        if self._made is not None:
            self._made.finish()
            self._made = None

    def _log(self, kind: str, stage: int, round_: int, step: int, values: Mapping[str, float]) -> None:
        if self._made is None:
            self._read()
            self._made = self._begin()
        point = (kind, stage, round_, step)
        if point not in self._known:
            self._known.add(point)
            self._made.log({**values, STEP: step, "train/stage": stage, "train/round": round_}, step=self._rows)
            self._rows += 1

    def _read(self) -> None:
        """What earlier sittings have kept."""
        for row in kept_rows(self._folder):
            kind = "train" if "train/loss" in row else "mastery"
            self._known.add((kind, row["train/stage"], row["train/round"], row[STEP]))
            self._rows = max(self._rows, row["_step"] + 1)

    def _begin(self) -> Any:
        os.environ["WANDB_ERROR_REPORTING"] = "false"
        os.environ["WANDB_DISABLE_WEAVE"] = "true"  # else it advertises it wherever LangChain is imported
        import wandb

        self._folder.mkdir(parents=True, exist_ok=True)
        quiet = wandb.Settings(
            silent=True,
            console="off",
            disable_git=True,
            disable_code=True,
            x_disable_stats=True,
            x_disable_meta=True,
            x_sync_dir_suffix=str(len(list(self._folder.glob("*run-*"))) + 1),  # two may begin in the same second
        )
        config = redact_strings(read_value(self._run.config.read_text(encoding="utf-8")))
        made = wandb.init(
            id=self._run.run_id,
            name=self._run.run_id,
            project=os.environ.get("WANDB_PROJECT", "ioa"),
            dir=str(self._run.root),
            mode=cast(Any, mode()),  # W&B names its modes itself where it is none
            resume="allow",
            config=config,
            settings=quiet,
        )
        made.define_metric(STEP)
        for curves in ("train/*", "mastery/*", "unread/*"):
            made.define_metric(curves, step_metric=STEP)
        return made

    def _before(self, stage: int, round_: int) -> int:
        """Steps of the rounds before that one, all of which are finished."""
        if (stage, round_) not in self._earlier:
            rounds = self._run.rounds_with(self._run.adapter).items()
            logs = [folder / TRAINING_LOG for at, folder in rounds if at < (stage, round_)]
            self._earlier[stage, round_] = sum(
                len(read_record(log, TrainingLog).steps) for log in logs if log.is_file()
            )
        return self._earlier[stage, round_]


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


_BLOCK = 32_768
_MAGIC = 7
"""Bytes before the first block."""
_HEAD = struct.Struct("<IHB")
_LAST_PIECES = {1, 4}
"""Kinds of a piece after which a record is complete."""


def kept_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of all sittings; `_step` is W&B's own number of the row.

    Args:
        folder: The run's `wandb/`.
    """
    for file in sorted(folder.glob("*run-*/*.wandb")):
        yield from _rows(file.read_bytes())


def _rows(data: bytes) -> Iterator[dict[str, Any]]:
    from google.protobuf.message import DecodeError
    from wandb.proto import wandb_internal_pb2

    for record in _records(data):
        try:
            told: Any = wandb_internal_pb2.Record.FromString(record)
        except DecodeError:  # it was being written when its process was killed
            return
        if told.WhichOneof("record_type") == "history":
            row = {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in told.history.item}
            yield row | {"_step": told.history.step.num}


def _records(data: bytes) -> Iterator[bytes]:
    """The records of a log in LevelDB's format: blocks of 32 KiB, a record in one or more pieces."""
    at, record = _MAGIC, b""
    while at + _HEAD.size <= len(data):
        left = _BLOCK - at % _BLOCK
        if left < _HEAD.size:
            at += left
            continue
        _, length, kind = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if at + length > len(data):
            return
        record += data[at : at + length]
        at += length
        if kind in _LAST_PIECES:
            yield record
            record = b""
