"""Writing files so that a crash leaves either the old content or the new."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

from pydantic import BaseModel

from ioa.memory.errors import UserError

R = TypeVar("R", bound=BaseModel)


def write_text(path: Path, text: str) -> None:
    """Replace the file's content in one step: a reader sees all of the old or all of the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_record(path: Path, record: BaseModel) -> None:
    """Write one record as indented JSON, in one step."""
    write_text(path, record.model_dump_json(indent=2) + "\n")


def write_records(path: Path, records: Iterable[BaseModel]) -> None:
    """Write records as JSON lines, in one step."""
    write_text(path, "".join(record.model_dump_json() + "\n" for record in records))


def append_records(path: Path, records: Iterable[BaseModel], *, sync: bool = True) -> None:
    """Append records as JSON lines.

    Args:
        path: The file; made where it is not there.
        records: What is appended.
        sync: Have them on disk when this returns, so that even a power cut cannot lose them.
    """
    lines = "".join(record.model_dump_json() + "\n" for record in records)
    try:
        handle = path.open("ab+")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("ab+")
    with handle:
        _mend(handle, path)
        handle.write(lines.encode())
        handle.flush()
        if sync:
            os.fsync(handle.fileno())


def mend_last_line(path: Path) -> bool:
    """Move a torn last line (the writer was killed) to `<name>.torn`, so that appending is safe.

    Returns whether there was one.
    """
    if not path.exists():
        return False
    with path.open("rb+") as handle:
        return _mend(handle, path)


def _mend(handle: BinaryIO, path: Path) -> bool:
    """The same of an open file."""
    if not handle.seek(0, os.SEEK_END):
        return False
    handle.seek(-1, os.SEEK_END)
    if handle.read(1) == b"\n":
        return False
    handle.seek(0)
    content = handle.read()
    # 0 where there is no line end at all: then the whole file is one torn line.
    keep = content.rfind(b"\n") + 1
    with path.with_name(path.name + ".torn").open("ab") as torn:
        torn.write(content[keep:] + b"\n")
    handle.truncate(keep)
    return True


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The complete, non-empty lines of a file with their numbers from 1; a torn last line is left out.

    Raises:
        UserError: a complete line is not UTF-8.
    """
    if not path.exists():
        return
    # Bytes first: the torn line may end in the middle of a character.
    with path.open("rb") as handle:
        for number, line in enumerate(handle, start=1):
            if not line.endswith(b"\n") or not line.strip():
                continue
            try:
                yield number, line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{path}, line {number}: not UTF-8 ({error}). Restore the line, or delete it."
                ) from error


def read_lines_from(path: Path, offset: int, line: int) -> Iterator[tuple[int, bytes, int]]:
    """The complete, non-empty lines of a file that grows, from a place in it; a torn last line is left out.

    Args:
        path: The file; a missing one reads as empty.
        offset: Bytes to pass over.
        line: Number of lines in them.

    Yields:
        The line's number from 1, the line, and the offset of what follows it.
    """
    if not path.exists():
        return
    with path.open("rb") as handle:
        handle.seek(offset)
        for number, content in enumerate(handle, start=line + 1):
            if not content.endswith(b"\n"):
                return
            offset += len(content)
            if content.strip():
                yield number, content, offset


def read_records(path: Path, kind: type[R]) -> list[R]:
    """Read JSON lines as records; a missing file reads as none.

    Raises:
        UserError: a complete line is not such a record.
    """
    records = []
    for number, line in read_lines(path):
        try:
            records.append(kind.model_validate_json(line))
        except ValueError as error:
            raise UserError(
                f"{path}, line {number}: not a {kind.__name__} record ({error}).\n"
                "Restore the line, or delete it to do that piece of work again."
            ) from error
    return records


def read_record(path: Path, kind: type[R]) -> R:
    """Read one record from a JSON file.

    Raises:
        FileNotFoundError: the file is missing.
        UserError: its content is not such a record.
    """
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: not a {kind.__name__} record ({error}).") from error
