"""What W&B has kept of a run in its own files, so that nothing is told twice and nothing that was lost is left out."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
