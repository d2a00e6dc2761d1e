"""Reading what a file of items holds, whatever its kind: JSON lines, a JSON document, CSV, Parquet."""

import codecs
import csv
import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from ioa.memory.domains.item_sets.item_faults import Fault, UnreadableFile
from ioa.memory.errors import UserError

EXPECTED = "JSON lines (.jsonl), JSON (.json), CSV (.csv, .tsv) or Parquet (.parquet), the text ones perhaps as .gz"
TEXTS = ("question", "problem", "prompt", "instruction", "text", "turns", "question_content", "stem", "query")
"""Fields that hold an item's text, in any case: an object with one of them is an item and no wrapping of items."""
LISTS = ("data", "rows", "items", "examples", "questions", "problems")
"""Names of the list of items in a document that has several lists; the first that is there counts."""
INSTALL = "pip install 'ioa[data]'"
"""What installs the libraries that read Parquet and data sets."""
_SEPARATORS = (",", ";", "\t")
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True)
class Row:
    """One item as it stands in a file."""

    place: str
    """As in `Fault`."""
    data: Any


def read_rows(path: Path) -> Iterator[Row | Fault]:
    """The items of a file, in order, and what cannot be read of it.

    Args:
        path: The file; its kind is told by its name, and is JSON lines where that says nothing.

    Raises:
        UnreadableFile: no item can be read at all.
        UserError: a library that the file's kind needs is missing.
    """
    if path.is_dir():
        raise UnreadableFile(path, f"a folder. Expected a file: {EXPECTED}.")
    names = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    return _READERS.get(names[-1] if names else "", _lines)(path)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        if path.suffix.lower() == ".gz":
            content = gzip.decompress(content)
    except FileNotFoundError as error:
        raise UnreadableFile(path, "there is no such file.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableFile(path, f"cannot be read ({error}). Expected {EXPECTED}.") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableFile(path, "UTF-16 text. Expected UTF-8: save it anew in that encoding.")
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise UnreadableFile(path, f"a binary file (a zero byte in line {line}). Expected {EXPECTED}.")
    return content.removeprefix(codecs.BOM_UTF8)


def _text(path: Path) -> str:
    content = _content(path)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(f"{path}:{line}", f"not UTF-8 ({error}). Save it anew in that encoding.") from error


def _lines(path: Path) -> Iterator[Row | Fault]:
    yield from _json_lines(path, _content(path))


def _json_lines(path: Path, content: bytes) -> Iterator[Row | Fault]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            yield _row(place, json.loads(line.decode()), escaped=b"\\u" in line)
        except UnicodeDecodeError as error:
            yield Fault(place=place, text=f"not UTF-8 ({error}). Save the file anew in that encoding.")
        except (ValueError, RecursionError) as error:
            yield Fault(place=place, text=f"not JSON: {error}. Expected one object a line.")


def _row(place: str, data: Any, *, escaped: bool) -> Row | Fault:
    """The row, unless an escape in it stands for half a character, which no file and no model can take."""
    if escaped:
        try:
            json.dumps(data, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = error.object[error.start : error.start + 1]
            return Fault(place=place, text=f"half a character, {half!a}. Expected pairs of such escapes.")
    return Row(place, data)


def _document(path: Path) -> Iterator[Row | Fault]:
    text = _text(path)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        if "Extra data" not in str(error):
            raise UnreadableFile(
                path, f"not JSON ({error}). Expected a list of objects, or one in an object."
            ) from error
        yield from _json_lines(path, text.encode())  # JSON lines under the other name
        return
    for number, item in enumerate(_listed(path, document), start=1):
        yield _row(f"{path}, item {number}", unwrap_row(item), escaped="\\u" in text)


def _listed(path: Path, document: Any) -> list[Any]:
    """The items of a document: a list, the list in an object, or the object alone."""
    if isinstance(document, list):
        return document
    if not isinstance(document, Mapping) or any(str(name).lower() in TEXTS for name in document):
        return [document]
    lists = {str(name): value for name, value in document.items() if isinstance(value, list)}
    for name in LISTS:
        if name in lists:
            return lists[name]
    if len(lists) > 1:
        raise UnreadableFile(
            path, f"has several lists ({', '.join(lists)}). Expected one, or one that is named {' or '.join(LISTS)}."
        )
    return next(iter(lists.values()), [document])


def unwrap_row(item: Any) -> Any:
    """The item inside a numbered row, as the data set viewer of Hugging Face gives it."""
    if isinstance(item, Mapping) and "row_idx" in item and isinstance(item.get("row"), Mapping):
        return item["row"]
    return item


def _table(path: Path) -> Iterator[Row | Fault]:
    lines = list(io.StringIO(_text(path), newline=""))
    header = _QUOTED.sub("", next(filter(str.strip, lines), ""))
    separator = max(_SEPARATORS, key=header.count)
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
        if not any(cells):
            continue
        if not names:
            names = _header(path, line, cells)
        elif len(cells) != len(names):
            yield Fault(
                place=f"{path}:{line}", text=f"{len(cells)} columns. Expected {len(names)}, as in the first line."
            )
        else:
            yield Row(f"{path}:{line}", dict(zip(names, cells, strict=True)))


def _header(path: Path, line: int, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    twice = sorted({name for name in names if names.count(name) > 1 and name})
    if twice:
        raise UnreadableFile(f"{path}:{line}", f"names the column {twice[0]!r} twice. Expected names that differ.")
    return names


def _parquet(path: Path) -> Iterator[Row | Fault]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UserError(f"{path}: reading Parquet needs the library pyarrow. Install it with: {INSTALL}") from error
    number = 0
    try:
        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches():
                for data in batch.to_pylist():
                    number += 1
                    yield Row(f"{path}, item {number}", data)
    except FileNotFoundError as error:
        raise UnreadableFile(path, "there is no such file.") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile(path, f"not a Parquet file that can be read ({error}).") from error


_READERS: Mapping[str, Callable[[Path], Iterator[Row | Fault]]] = {
    ".json": _document,
    ".csv": _table,
    ".tsv": _table,
    ".parquet": _parquet,
}
"""How a file is read by the end of its name; another one holds JSON lines."""
