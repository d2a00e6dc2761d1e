"""Keeping a folder to one process at a time."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ioa.memory.errors import UserError


@contextmanager
def hold(folder: Path, what: str, kind: str) -> Iterator[None]:
    """Keep every other process out of a folder while the block lasts; the folder is made where it is not there.

    Args:
        folder: The folder.
        what: What is in it, for the message: `Run demo`.
        kind: The same in a word, which names the lock's file: `run`.

    Raises:
        UserError: another process holds it, and is named; or the folder cannot be written to.
    """
    lock = FileLock(folder / f"{kind}.lock")
    holder = folder / "held-by"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        who = holder.read_text(encoding="utf-8") if holder.exists() else "another process"
        raise UserError(f"{what} is held by {who}. Wait for it, or stop it first.") from error
    except OSError as error:
        raise UserError(
            f"{kind.capitalize()} folder {folder} cannot be written to ({error.strerror or error}). "
            f"Name another folder for the {kind}s, or make this one writable."
        ) from error
    try:
        holder.write_text(f"pid {os.getpid()} on host {socket.gethostname()}", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
