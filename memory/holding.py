"""Keeping a folder to one process at a time."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ioa.memory.errors import UserError

_PATIENCE = 1.0
"""Seconds for which a folder that seems to be held is tried again: `held` locks it for an instant."""


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
    from filelock import FileLock, Timeout

    lock = FileLock(folder / f"{kind}.lock")
    holder = _holder_file(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_PATIENCE)
    except Timeout as error:
        who = holder.read_text(encoding="utf-8") if holder.exists() else "another process"
        raise UserError(f"{what} is held by {who}. Wait for it, or stop it first.") from error
    except OSError as error:
        raise UserError(
            f"{kind.capitalize()} folder {folder} cannot be written to ({error.strerror or error}). "
            "Name another folder, or make this one writable."
        ) from error
    try:
        holder.write_text(f"pid {os.getpid()} on host {socket.gethostname()}", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def is_held(folder: Path, kind: str) -> bool:
    """Whether a process holds that folder now; asking keeps nobody out of it and writes nothing."""
    file = folder / f"{kind}.lock"
    if not (was_left_held(folder) and file.is_file()):
        return False  # whoever holds it has said so
    try:
        import fcntl
    except ImportError:  # Windows
        return _held_by_trying(file)
    descriptor = os.open(file, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)  # this releases it too
    return False


def was_left_held(folder: Path) -> bool:
    """Whether the last process that held the folder has not said that it is done: it holds it still, or was killed."""
    return _holder_file(folder).exists()


def _holder_file(folder: Path) -> Path:
    return folder / "held-by"


def _held_by_trying(file: Path) -> bool:
    from filelock import FileLock, Timeout

    try:
        with FileLock(file).acquire(timeout=0):
            return False
    except (Timeout, OSError):
        return True
