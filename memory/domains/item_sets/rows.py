"""Reading what a file of items holds, whatever its kind: JSON lines, a JSON document, CSV, Parquet."""

import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ioa.memory.domains.item_sets.item_faults import Fault
from ioa.memory.domains.item_sets.json_rows import EXPECTED, TEXTS, Row, document_rows, line_rows
from ioa.memory.errors import UserError
from ioa.memory.text_files import BOM, UnreadableFile, decode_text, read_content

__all__ = ["EXPECTED", "INSTALL", "TEXTS", "Row", "read_rows"]

INSTALL = "pip install 'ioa[data]'"
"""What installs the libraries that read Parquet and data sets."""
_SEPARATORS = (",", ";", "\t", "|")
_QUOTED = re.compile(r'"[^"]*"')
_EXCEL = re.compile(r"sep=(.)")
"""A first line by which Excel is told what separates the columns."""
_PARQUET = b"PAR1"


def read_rows(path: Path) -> Iterator[Row | Fault]:
    """The items of a file, in order, and what cannot be read of it.

    Args:
        path: The file; its kind is told by its name, and is JSON lines where that says nothing. A file that begins as
            JSON, as Parquet or as what gzip packed is read as that under any name of a text.

    Raises:
        UnreadableFile: no item can be read at all.
        UserError: a library that the file's kind needs is missing.
    """
    names = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    kind = names[-1] if names else ""
    if kind == ".parquet" and not path.is_dir():
        return _parquet(path)
    content = read_content(path, EXPECTED)
    if content.startswith(_PARQUET):
        return _parquet(path, content)
    if kind == ".json":
        return iter(document_rows(path, content))
    if kind in {".csv", ".tsv"} and not content.lstrip().startswith((b'{"', b"[{")):
        return _table(path, content)
    return iter(line_rows(path, content))


def _table(path: Path, content: bytes) -> Iterator[Row | Fault]:
    text = content.decode(errors="surrogateescape")  # each row tells of itself what was not UTF-8
    lines = [line.removeprefix(BOM) for line in io.StringIO(text, newline="")]  # of files that were joined
    header = _QUOTED.sub("", next(filter(str.strip, lines), ""))
    decode_text(path, header.encode(errors="surrogateescape"), EXPECTED)
    separator = max(_SEPARATORS, key=header.count)
    if named := _EXCEL.fullmatch(header.strip()):
        separator = named[1]
        lines[lines.index(next(filter(str.strip, lines)))] = "\n"
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield from _csv_rows(path, _csv_cells(path, lines, separator))
    finally:
        csv.field_size_limit(before)


def _csv_cells(path: Path, lines: Sequence[str], separator: str) -> Iterator[tuple[int, list[str]] | Fault]:
    """The cells of each row with the line where it begins; behind a wrong quote it goes on with the next line.

    A quote that is not closed would swallow all that follows.
    """
    start = 0
    while start < len(lines):
        reader = csv.reader(islice(lines, start, None), delimiter=separator, strict=True)
        done = 0
        try:
            for cells in reader:
                yield start + done + 1, cells
                done = reader.line_num
            return
        except csv.Error as error:
            text = (
                f"wrong quoting ({error}). A cell with a comma, a quote or a line break is quoted, quotes in it twice."
            )
            start += done + 1
            yield Fault(place=f"{path}:{start}", text=text)


def _csv_rows(path: Path, table: Iterator[tuple[int, list[str]] | Fault]) -> Iterator[Row | Fault]:
    names: list[str] = []
    for read in table:
        if isinstance(read, Fault):
            yield read
            continue
        line, cells = read
        why = next(filter(None, map(_not_text, cells)), "")
        if why:
            yield Fault(place=f"{path}:{line}", text=why)
            continue
        if not any(cells):
            continue
        if not names:
            names = _header(path, line, cells)
        elif _is_header(path, line, cells, names):  # of a file that was joined to the first
            continue
        elif len(cells) < len(names) or any(cells[len(names) :]):
            yield Fault(
                place=f"{path}:{line}", text=f"{len(cells)} columns. Expected {len(names)}, as in the first line."
            )
        else:
            yield Row(f"{path}:{line}", dict(zip(names, cells, strict=False)))


def _not_text(cell: str) -> str:
    """Why a cell is none; empty where it is one."""
    if "\0" in cell:
        return "a zero byte. Expected text."
    if any("\udc80" <= sign <= "\udcff" for sign in cell):
        return f"not UTF-8 ({cell.encode(errors='surrogateescape')[:40]!r}). Save the file anew in that encoding."
    return ""


def _is_header(path: Path, line: int, cells: list[str], names: list[str]) -> bool:
    """Whether it is the first line once more.

    Raises:
        UnreadableFile: it names the same columns in another order, by which all that follows would be read wrongly.
    """
    again = [cell.strip() for cell in cells]
    if again != names and sorted(again) == sorted(names) and len(names) > 1:
        raise UnreadableFile(f"{path}:{line}", "names the columns in another order. Give the two files one by one.")
    return again == names


def _header(path: Path, line: int, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    if twice:
        raise UnreadableFile(f"{path}:{line}", f"names the column {twice[0]!r} twice. Expected names that differ.")
    return names


def _parquet(path: Path, content: bytes | None = None) -> Iterator[Row | Fault]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UserError(f"{path}: reading Parquet needs the library pyarrow. Install it with: {INSTALL}") from error
    number = 0
    try:
        with pq.ParquetFile(path if content is None else pa.BufferReader(content)) as table:
            for batch in table.iter_batches():
                short = [field.name for field in batch.schema if pa.types.is_float32(field.type)]
                for data in batch.to_pylist():
                    number += 1
                    yield Row(f"{path}, item {number}", _spelled(data, short))
    except FileNotFoundError as error:
        raise UnreadableFile(path, "there is no such file.") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile(path, f"not a Parquet file that can be read ({error}).") from error


def _spelled(data: dict[str, Any], short: Sequence[str]) -> dict[str, Any]:
    """A row whose numbers of 32 bits are spelt with the digits that they have: 0.1, and not 0.10000000149011612."""
    import numpy as np

    return data | {name: float(str(np.float32(data[name]))) for name in short if data[name] is not None}
