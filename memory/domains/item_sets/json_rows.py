"""The items of a JSON file: one a line, one behind the other, or in a list, whichever the file's name promises."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ioa.memory.domains.item_sets.item_faults import Fault
from ioa.memory.strict_json import SPACE, read_document, read_json, read_values, refused
from ioa.memory.text_files import LINE_END, UnreadableFile, binary_file, decode_text

EXPECTED = "JSON lines (.jsonl), JSON (.json), CSV (.csv, .tsv) or Parquet (.parquet), the text ones perhaps as .gz"
TEXTS = ("question", "problem", "prompt", "instruction", "text", "turns", "question_content", "stem", "query")
"""Fields that hold an item's text, in any case: an object with one of them is an item and no wrapping of items."""
LISTS = ("data", "rows", "items", "examples", "questions", "problems")
"""Names of the list of items in a document that has several lists; the first that is there counts."""
_LINE_END = re.compile(LINE_END.pattern.decode())


@dataclass(frozen=True)
class Row:
    """One item as it stands in a file."""

    place: str
    """As in `Fault`."""
    data: Any


def line_rows(path: Path, content: bytes) -> list[Row | Fault]:
    """The items of a file of JSON lines; where its lines are none by themselves, those of what it is instead.

    Raises:
        UnreadableFile: it is neither.
    """
    by_line = list(_by_line(path, content))
    sound = not any(isinstance(row, Fault) for row in by_line)
    if sound and not (len(by_line) == 1 and isinstance(by_line[0], Row) and isinstance(by_line[0].data, list)):
        return by_line
    whole = _whole(path, content)
    if whole is not None and (not _faults(whole) or not _objects(by_line)) and _objects(whole):
        return whole
    if b"\0" in content and not _objects(by_line):
        raise binary_file(path, content, EXPECTED)
    return by_line


def document_rows(path: Path, content: bytes) -> list[Row | Fault]:
    """The items of a JSON document, or of JSON lines under its name.

    Raises:
        UnreadableFile: it is neither.
    """
    text = decode_text(path, content, EXPECTED)
    if not text.strip(SPACE):
        return []
    try:
        document = read_document(text)
    except (ValueError, RecursionError) as error:
        found = list(_by_line(path, content))
        whole = _whole(path, content) or []
        # The first line alone is a value: then they are JSON lines, some of which are wrong.
        if _objects(found[:1]) or (whole and isinstance(whole[0], Row)):
            return whole if _faults(whole) < _faults(found) else found
        raise UnreadableFile(path, f"not JSON ({error}). Expected a list of objects, or one in an object.") from error
    return list(_document(path, text, document))


def _by_line(path: Path, content: bytes) -> Iterator[Row | Fault]:
    for number, line in enumerate(LINE_END.split(content), start=1):
        place = f"{path}:{number}"
        try:
            text = line.decode().strip(SPACE)
            if text:
                yield _row(place, read_json(text), escaped="\\u" in text)
        except UnicodeDecodeError as error:
            yield Fault(place=place, text=f"not UTF-8 ({error}). Save the file anew in that encoding.")
        except (ValueError, RecursionError) as error:
            yield Fault(place=place, text=f"not JSON: {error}. Expected one object a line.")


def _whole(path: Path, content: bytes) -> list[Row | Fault] | None:
    """The file read across its lines: a list, or objects one behind the other; none where it is no text."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    values = list(read_values(text))
    if len(values) == 1:
        with suppress(ValueError, RecursionError):
            return list(_document(path, text, read_document(text)))
    found: list[Row | Fault] = []
    line, behind = 1, 0
    for start, value in values:
        line, behind = line + len(_LINE_END.findall(text, behind, start)), start
        place = f"{path}:{line}"
        if isinstance(value, Exception):
            found.append(Fault(place=place, text=f"not JSON: {value}. Expected one object behind the other."))
        else:
            found.append(_row(place, value, escaped="\\u" in text))
    return found


def _objects(rows: list[Row | Fault]) -> int:
    return sum(isinstance(row, Row) and isinstance(row.data, Mapping) for row in rows)


def _faults(rows: list[Row | Fault]) -> int:
    return sum(isinstance(row, Fault) for row in rows)


def _row(place: str, data: Any, *, escaped: bool) -> Row | Fault:
    """The row, unless something in it is no JSON, or stands for half a character, which no model can take."""
    why = refused(data)
    if why:
        return Fault(place=place, text=f"not JSON: {why}.")
    if escaped:
        half = _half_character(data)
        if half:
            return Fault(place=place, text=f"half a character, {half!a}. Expected pairs of such escapes.")
    return Row(place, data)


def _half_character(data: Any) -> str:
    if isinstance(data, str):
        return next((sign for sign in data if "\ud800" <= sign <= "\udfff"), "")
    parts = [*data, *data.values()] if isinstance(data, Mapping) else data if isinstance(data, list) else []
    return next(filter(None, map(_half_character, parts)), "")


def _document(path: Path, text: str, document: Any) -> Iterator[Row | Fault]:
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
