"""How far a run is and what it has paid, without reading all that was said."""

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ioa.memory.files import read_lines_from
from ioa.memory.run_dir import RunDirectory

_PAID = re.compile(
    rb'"answered":(true|false),"ledger":(true|false),"tokens":\{"input":(\d+),"output":(\d+),"estimated":(?:true|false)\},'
    rb'"cost":([^,}]+)(?:,"seconds":[^,}]+)?\}\s*$'
)
"""What a call cost stands at the end of its line; no text of a model can look like it, because quotes in text are
escaped."""
_BRANCH = "branch:to:"


@dataclass(frozen=True)
class Place:
    """Where in the graph a run is; none where it is not known."""

    node: str | None = None
    stage: int | None = None
    stages: int | None = None
    round: int | None = None


@dataclass(frozen=True)
class Spent:
    """What was asked of the teachers."""

    calls: int = 0
    """Attempts that were not answered from the ledger."""
    tokens: int = 0
    """Of what was paid for."""
    usd: float | None = 0.0
    """None where a price is not known."""


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


def spent(transcript: Path) -> Spent:
    """What a transcript says was paid, from the ends of its lines."""
    calls = tokens = 0
    usd: float | None = 0.0
    for _, line, _ in read_lines_from(transcript, 0, 0):
        found = _PAID.search(line[-400:])
        if found is None:
            continue
        answered, ledger, asked = found[1] == b"true", found[2] == b"true", int(found[3])
        calls += not ledger
        if not ledger and (answered or asked > 0):
            tokens += asked + int(found[4])
            usd = None if usd is None or found[5] == b"null" else usd + float(found[5])
    return Spent(calls, tokens, usd)


def began(transcript: Path) -> str:
    """When the first thing in a transcript was said; empty where there is none."""
    for _, line, _ in read_lines_from(transcript, 0, 0):
        try:
            return str(json.loads(line)["time"])
        except (ValueError, LookupError, TypeError):
            return ""
    return ""
