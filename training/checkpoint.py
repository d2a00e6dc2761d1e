"""Checkpoints of a training and its finished adapter: each is either complete or not there."""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ioa.memory.files import read_record, write_record, write_text
from ioa.memory.records import Record
from ioa.memory.training_log import TRAINING_LOG, HeldOutPoint, LossPoint, TrainingLog

if TYPE_CHECKING:
    import torch

COMPLETE = "COMPLETE"
"""Marker in an adapter's folder, written last."""
WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
PARTIAL = ".partial"


class Progress(Record):
    """Where a checkpoint stands."""

    fingerprint: str
    """Hash of everything the result depends on; a checkpoint of other work is not gone on from."""
    points: tuple[LossPoint, ...]
    """The steps taken so far."""
    held_out: tuple[HeldOutPoint, ...] = ()
    """What the held-out lessons said so far."""
    tokens: Annotated[int, Field(ge=0)]
    """Tokens that passed through the student so far."""
    seconds: Annotated[float, Field(ge=0)]
    """Time spent so far."""


def is_complete(out: Path) -> bool:
    """Whether a training finished in this folder."""
    return (out / COMPLETE).is_file()


def read_log(out: Path) -> TrainingLog:
    """The log of a finished training."""
    return read_record(out / TRAINING_LOG, TrainingLog)


def fingerprint(*parts: object) -> str:
    """Hash of the parts' JSON."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def save_checkpoint(out: Path, progress: Progress, tensors: "Mapping[str, torch.Tensor]") -> None:
    """Keep the state after a step: the folder gets its name only when all of it is on disk."""
    from safetensors.torch import save_file

    root = out / PARTIAL
    part = root / ".writing"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    save_file(dict(tensors), part / "state.safetensors")
    _flush(part / "state.safetensors")
    write_record(part / "progress.json", progress)
    final = root / f"step-{len(progress.points):06d}"
    shutil.rmtree(final, ignore_errors=True)
    part.replace(final)
    for older in root.glob("step-*"):
        if older != final:
            shutil.rmtree(older)


def load_checkpoint(out: Path, expected: str) -> "tuple[Progress, dict[str, torch.Tensor]] | None":
    """The last complete checkpoint of the very same training; none: there is no such."""
    from safetensors.torch import load_file

    # The newest first; an older one is still there where the process was killed while it was being removed.
    for folder in sorted((out / PARTIAL).glob("step-*"), reverse=True):
        if not (folder / "progress.json").exists():
            continue  # half removed
        progress = read_record(folder / "progress.json", Progress)
        if progress.fingerprint == expected:
            return progress, load_file(folder / "state.safetensors")
    return None


def save_adapter(
    out: Path, config: Mapping[str, object], tensors: "Mapping[str, torch.Tensor]", log: TrainingLog
) -> None:
    """Write a finished adapter as PEFT reads it, its log, and last the completion marker."""
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    part = out / f".{WEIGHTS}.part"
    save_file(dict(tensors), part, metadata={"format": "pt"})
    _flush(part)
    part.replace(out / WEIGHTS)
    write_text(out / CONFIG, json.dumps(config, indent=2, sort_keys=True) + "\n")
    write_record(out / TRAINING_LOG, log)
    # Last of all: whoever sees it may rely on the rest.
    write_text(out / COMPLETE, "")
    shutil.rmtree(out / PARTIAL, ignore_errors=True)


def _flush(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
