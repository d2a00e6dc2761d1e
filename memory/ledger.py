"""The ledger of paid answers: what was asked once is not paid for again, by this run or by another."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from ioa.memory.errors import Stopped, UserError
from ioa.memory.records import Record
from ioa.memory.redaction import MARK
from ioa.memory.transcript import Message

R = TypeVar("R", bound=Record)

_TABLES = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    teacher TEXT NOT NULL,
    at TEXT NOT NULL,
    answer TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS verbatim (
    key TEXT PRIMARY KEY
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS in_flight (
    key TEXT NOT NULL,
    run TEXT NOT NULL,
    PRIMARY KEY (run, key)
) WITHOUT ROWID;
"""


NETWORK = (
    *("9p", "afs", "beegfs", "ceph", "cifs", "fuse.", "glusterfs", "gpfs", "lustre", "nfs", "orangefs", "panfs"),
    *("pvfs2", "smb", "virtiofs", "wekafs"),
)
"""How the types of file systems begin that several machines may share."""


def _journal_mode(path: Path) -> str:
    """`WAL`, or `DELETE` where several machines may have the file: they do not share the memory that WAL needs.

    See https://www.sqlite.org/wal.html, "Use of WAL Without Shared-Memory".
    """
    import psutil

    place = path.parent.resolve()
    around = [disk for disk in psutil.disk_partitions(all=True) if place.is_relative_to(disk.mountpoint)]
    kind = max(around, key=lambda disk: len(disk.mountpoint)).fstype if around else ""
    return "DELETE" if kind.startswith(NETWORK) else "WAL"


def ledger_key(teacher: str, parameters: Mapping[str, Any], messages: Sequence[Message], sample: int) -> str:
    """The name under which an answer is kept.

    Args:
        teacher: `provider:model`.
        parameters: What else decides the answer: address, temperature, limits. Never a key.
        messages: The whole prompt.
        sample: 0, or the number of a further answer wanted to the same prompt.

    Returns:
        64 hexadecimal digits.
    """
    asked = [teacher, dict(parameters), [[message.role, message.content] for message in messages], sample]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class Ledger:
    """Paid answers in one SQLite file; several runs may share it.

    An answer is committed before it is looked at. It survives `kill -9`: the journal is the operating system's as soon
    as it is written, and only a power cut can lose the last ones.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            UserError: it is not a ledger, or cannot be written.
        """
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # 30 s: runs of one folder write at the same time, each for a moment. Every statement commits by itself, and
            # our lock stands in for the check that SQLite makes of the thread.
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
            self._connection.execute(f"PRAGMA journal_mode={_journal_mode(path)}")
            # FULL would wait for the disk at every answer, and protects against nothing but a power cut.
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(_TABLES)
        except (sqlite3.Error, OSError) as error:
            raise UserError(
                f"The ledger of paid answers {path} cannot be opened: {error}. "
                "Move it away to begin a new one; answers in it would be paid for again."
            ) from error

    def get(self, key: str, kind: type[R], since: str = "") -> R | None:
        """The answer of that name; none where it was never paid for, or where a part of it was once struck out.

        Args:
            key: From `ledger_key`.
            kind: What it is.
            since: Time (ISO 8601, UTC) before which an answer does not count.

        Raises:
            Stopped: the file cannot be read.
        """
        try:
            with self._lock:
                statement = "SELECT answer FROM answers WHERE key = ? AND at >= ?"
                row = self._connection.execute(statement, (key, since)).fetchone()
                usable = row and (MARK not in row[0] or self._is_verbatim(key))
            return kind.model_validate_json(row[0]) if usable else None
        except ValidationError:  # written by another version: it is paid for again, and replaced
            return None
        except sqlite3.Error as error:
            raise Stopped(
                f"The ledger of paid answers {self._path} cannot be read: {error}. "
                "Move it away to begin a new one; answers in it would be paid for again."
            ) from error

    def put(self, key: str, teacher: str, answer: Record) -> None:
        """Keep an answer word for word; a later one of the same name replaces it.

        Raises:
            Stopped: it cannot be written, for instance because the disk is full.
        """
        text = json.dumps(answer.model_dump(mode="json"), ensure_ascii=False)
        if MARK in text:  # the model's own word
            self._write("INSERT OR IGNORE INTO verbatim VALUES (?)", key)
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        self._write("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", key, teacher, now, text)

    def begin(self, key: str, run: str) -> None:
        """Note that a run sends this call: if the run is killed before it ends, the call may be billed twice.

        Raises:
            Stopped: it cannot be written.
        """
        self._write("INSERT OR IGNORE INTO in_flight VALUES (?, ?)", key, run)

    def end(self, key: str, run: str) -> None:
        """Note that the call has ended, with an answer or without.

        Raises:
            Stopped: it cannot be written.
        """
        self._write("DELETE FROM in_flight WHERE key = ? AND run = ?", key, run)

    def count_abandoned(self, run: str) -> int:
        """How many calls were in flight when that run was last killed or interrupted; counted once.

        Raises:
            Stopped: it cannot be written.
        """
        return self._write("DELETE FROM in_flight WHERE run = ?", run)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _write(self, statement: str, *values: str) -> int:
        """Rows that it changed."""
        try:
            with self._lock:
                return self._connection.execute(statement, values).rowcount
        except sqlite3.Error as error:
            raise Stopped(
                f"The ledger of paid answers {self._path} cannot be written: {error}. "
                "Make room or give it back its permissions, then resume the run."
            ) from error

    def _is_verbatim(self, key: str) -> bool:
        """Whether an answer with the mark of redaction is what the model said; earlier versions struck words out."""
        return self._connection.execute("SELECT 1 FROM verbatim WHERE key = ?", (key,)).fetchone() is not None

    def __len__(self) -> int:
        with self._lock:
            (count,) = self._connection.execute("SELECT COUNT(*) FROM answers").fetchone()
        return int(count)
