"""The runs of a folder, a card each; of a finished run only its summary is read."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ioa.graph.config import read_run_config
from ioa.memory.clock import Timing
from ioa.memory.errors import UserError
from ioa.memory.files import read_lines_from, read_record
from ioa.memory.records import Record, Score
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import Tokens
from ioa.memory.transcript.spending import scan_spending
from ioa.results.summary import Summary

UNREADABLE = "unreadable"


class RunCard(Record):
    """One line about a run; what it has not reached yet is none."""

    run_id: str
    status: str
    """`working`, `finished`, `interrupted`, `failed`, `out of budget`, `paused`; `stopped` where nobody works on it and
    it does not say why; `unreadable`."""
    problem: str = ""
    """Why it cannot be read."""
    node: str | None = None
    """Where it works, or will go on; none once it is finished."""
    stage: int | None = None
    stages: int | None = None
    round: int | None = None
    mastered: int | None = None
    """Modules of the plan that passed their gate."""
    targets: int | None = None
    """Modules of the plan."""
    before: Score | None = None
    """The bare student in the final examination, in the modules of the plan."""
    after: Score | None = None
    """The same of the taught one."""
    all_before: Score | None = None
    """The bare student in the whole domain; none where the final examination kept to the plan."""
    all_after: Score | None = None
    """The same of the taught one."""
    calls: int = 0
    """Attempts at calls that were not answered from the ledger."""
    tokens: int = 0
    usd: float | None = None
    """None where a price is not known."""
    wall_seconds: float | None = None
    """Time in which a process worked on it."""
    began: str = ""
    """ISO 8601, UTC."""
    changed: str = ""
    """When it wrote something last, ISO 8601, UTC."""
    teacher: str | None = None
    student: str | None = None
    domain: str | None = None
    method: str | None = None
    """By which it is taught."""


def list_runs(runs_dir: Path) -> list[RunCard]:
    """A card of each run of a folder, the newest first; a run that cannot be read has a card that says so."""
    cards = [_card(RunDirectory(path.parent)) for path in runs_dir.glob("*/config.yaml")]
    return sorted(cards, key=lambda card: (card.began, card.run_id), reverse=True)


def _card(run: RunDirectory) -> RunCard:
    try:
        return read_card(run)
    except (UserError, OSError) as error:
        began, changed = (_if_readable(when, run) for when in (_began, _changed))
        return RunCard(run_id=run.run_id, status=UNREADABLE, problem=str(error), began=began, changed=changed)


def _if_readable(when: Callable[[RunDirectory], str], run: RunDirectory) -> str:
    """That time of a run; empty where the folder does not even let that be read, or is gone by now."""
    try:
        return when(run)
    except OSError:
        return ""


def read_card(run: RunDirectory) -> RunCard:
    """The card of a run.

    Raises:
        UserError: its configuration or its summary cannot be read.
    """
    summary = read_summary(run)
    status = run_status(run, summary)
    finished = status == "finished"
    settled = summary is not None and status == summary.status
    where = Place() if finished else place(run)
    calls, tokens, usd = _paid(summary) if summary and settled else _scanned(run)
    mastered, targets = _mastery(run, summary)
    config = read_run_config(run)
    return RunCard(
        run_id=run.run_id,
        status=status,
        node=where.node,
        stage=where.stage,
        stages=where.stages if where.stages is not None else _stages(summary),
        round=where.round,
        mastered=mastered,
        targets=targets,
        before=summary.final.before if summary else None,
        after=summary.final.after if summary else None,
        all_before=summary.final.all.before if summary else None,
        all_after=summary.final.all.after if summary else None,
        calls=calls,
        tokens=tokens.input + tokens.output,
        usd=usd,
        wall_seconds=_wall_seconds(run),
        began=_began(run),
        changed=_changed(run),
        teacher=config.teacher.model,
        student=config.student.model,
        domain=config.domain,
        method=config.method.name,
    )


def run_status(run: RunDirectory, summary: Summary | None) -> str:
    """How it is with the run, as `RunCard.status` says; what its summary says of it is of the time it was written."""
    if run.held:
        return "working"
    said = summary.status if summary else "running"
    if said == "finished":
        return said
    return "stopped" if said == "running" or run.left_held else said


def read_summary(run: RunDirectory) -> Summary | None:
    """The run's summary; none before it is written.

    Raises:
        UserError: it cannot be read.
    """
    path = run.summary
    if not path.is_file():
        return None
    try:
        return Summary.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"{path}: not a summary of a run ({where or 'the file'}: {first['msg']}). Write it again: ioa report RUN."
        ) from error


def _paid(summary: Summary) -> tuple[int, Tokens, float | None]:
    teacher = summary.teacher
    return teacher.calls, teacher.tokens, teacher.usd


def _scanned(run: RunDirectory) -> tuple[int, Tokens, float | None]:
    found = scan_spending(run.transcript)
    return found.attempts, found.tokens, found.usd


def _mastery(run: RunDirectory, summary: Summary | None) -> tuple[int | None, int | None]:
    """Modules that passed their gate, and all of the plan; a run writes its summary after each gate."""
    planned = [module for module in summary.modules if module.planned] if summary else []
    if planned:
        return sum(module.mastered is True for module in planned), len(planned)
    from ioa.results.facts import read_curriculum

    curriculum = read_curriculum(run)
    return (None, None) if curriculum is None else (0, len(curriculum.planned))


def _stages(summary: Summary | None) -> int | None:
    numbers = [module.stage for module in summary.modules if module.stage is not None] if summary else []
    return max(numbers, default=None)


def _wall_seconds(run: RunDirectory) -> float | None:
    return read_record(run.clock, Timing).wall_seconds if run.clock.is_file() else None


def _began(run: RunDirectory) -> str:
    return began(run.transcript) or _time(run.config.stat().st_mtime)


def _changed(run: RunDirectory) -> str:
    wal = run.checkpoints.with_name(run.checkpoints.name + "-wal")
    files = (run.transcript, run.clock, run.summary, run.checkpoints, wal, run.config)
    return _time(max(file.stat().st_mtime for file in files if file.exists()))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


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
