"""How far a run is, without reading all that was said."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ioa.memory.files import read_lines_from
from ioa.memory.run_dir import RunDirectory

_BRANCH = "branch:to:"


@dataclass(frozen=True)
class Place:
    """Where in the graph a run is; none where it is not known."""

    node: str | None = None
    stage: int | None = None
    stages: int | None = None
    round: int | None = None


def place(run: RunDirectory) -> Place:
    """Where the run is: the node that its newest checkpoint leads to."""
    if not run.checkpoints.is_file():
        return Place()
    values = _newest_state(run.checkpoints)
    nodes = [channel.removeprefix(_BRANCH) for channel in values if channel.startswith(_BRANCH)]
    stages = values.get("stages")
    return Place(node=nodes[0] if nodes else None, stage=values.get("stage"), stages=stages, round=values.get("round"))


def _newest_state(checkpoints: Path) -> dict[str, Any]:
    """The channels of the newest checkpoint, of the run or of its subgraph; empty where there is none yet."""
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    newest = "SELECT type, checkpoint FROM checkpoints ORDER BY checkpoint_id DESC LIMIT 1"
    # A reader of SQLite's write-ahead log makes files beside it, or changes them, unless it is told not to.
    log = checkpoints.with_name(f"{checkpoints.name}-wal")
    how = "readonly_shm=1" if log.exists() else "immutable=1"
    where = f"{checkpoints.resolve().as_uri()}?mode=ro&{how}"
    try:
        with closing(sqlite3.connect(where, uri=True, timeout=1)) as connection:
            row = connection.execute(newest).fetchone()
    except sqlite3.Error:
        return {}  # just being made, or of another kind: the place is then not known
    if row is None:
        return {}
    state = JsonPlusSerializer(allowed_msgpack_modules=None).loads_typed(row)
    return dict(state["channel_values"])


def began(transcript: Path) -> str:
    """When the first thing in a transcript was said; empty where there is none."""
    for _, line, _ in read_lines_from(transcript, 0, 0):
        try:
            return str(json.loads(line)["time"])
        except (ValueError, LookupError, TypeError):
            return ""
    return ""
