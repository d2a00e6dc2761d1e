"""Reading the benchmark files that no lesson may come near, in the forms in which their authors publish them."""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ioa.memory.errors import UserError

FIELDS = ("question", "problem", "prompt", "instruction", "text", "turns", "question_content", "stem", "query")
"""What the field with an item's text is called, in any case; the first of them that an item has is taken."""

_EXPECTED = f"a JSON object with one of the fields {', '.join(FIELDS[:6])}, at any depth"


def read_benchmarks(files: Sequence[str]) -> dict[str, str]:
    """The items' texts by `file:line` (of a JSON document `file, item N`); each turn of a dialogue is one.

    A file is JSON lines or a JSON document, packed with gzip or not: GSM8K (`question`), MATH (`problem`, or
    `prompt`), MBPP (`text`), HumanEval (`prompt`), Dolly (`instruction`), Vicuna and MT-Bench (`turns`). A last line
    that all items of a file have in common tells the model how to answer, and is left out.

    Raises:
        UserError: a file cannot be read, or an item has no text: file, line, what was expected.
    """
    texts: dict[str, str] = {}
    for name in files:
        texts |= _without_common_ending(_read(Path(name).expanduser()))
    return texts


def _read(path: Path) -> dict[str, str]:
    items = list(_items(path))
    if not items:
        raise UserError(f"Benchmark {path}: it has no item. Expected {_EXPECTED}, one a line or in a list.")
    texts: dict[str, str] = {}
    for place, item in items:
        found = [text for text in _texts(item) if text.strip()]
        if not found:
            keys = f" with the fields {', '.join(map(str, item))}" if isinstance(item, Mapping) else ""
            raise UserError(f"Benchmark {place}: no text in this {_kind(item)}{keys}. Expected {_EXPECTED}.")
        for number, text in enumerate(found, start=1):
            texts[place if len(found) == 1 else f"{place}, turn {number}"] = text
    return texts


def _items(path: Path) -> Iterator[tuple[str, Any]]:
    """(place, item) of each item of a file."""
    content = _content(path)
    if ".json" in path.suffixes:
        try:
            document = json.loads(content)
        except ValueError as error:
            if "Extra data" not in str(error):  # else it is JSON lines under the other name
                raise UserError(f"Benchmark {path}: not JSON ({error}). Expected {_EXPECTED}.") from error
        else:
            yield from ((f"{path}, item {number}", item) for number, item in enumerate(_list(document), start=1))
            return
    for number, line in enumerate(content.split("\n"), start=1):
        if line.strip():
            try:
                yield f"{path}:{number}", json.loads(line)
            except ValueError as error:
                raise UserError(f"Benchmark {path}:{number}: not JSON ({error}). Expected {_EXPECTED}.") from error


def _content(path: Path) -> str:
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"Benchmark {path}: there is no such file. Correct synthesis.benchmarks.") from error
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise UserError(f"Benchmark {path}: cannot be read ({error}). Expected JSON lines or JSON.") from error


def _list(document: Any) -> list[Any]:
    """The items of a document: a list, the first list in an object, or the object alone."""
    if isinstance(document, list):
        return document
    if isinstance(document, Mapping) and not any(str(name).lower() in FIELDS for name in document):
        for value in document.values():
            if isinstance(value, list):
                return value
    return [document]


def _texts(item: Any) -> list[str]:
    """The texts of the first known field that has any, there or deeper."""
    if not isinstance(item, Mapping):
        return []
    named = {str(name).lower(): value for name, value in item.items()}
    inside = [named[field] for field in FIELDS if field in named]
    inside += [value for value in item.values() if isinstance(value, Mapping)]
    for value in inside:
        if isinstance(value, str):
            return [value]
        found = [text for text in value if isinstance(text, str)] if isinstance(value, list) else _texts(value)
        if found:
            return found
    return []


def _without_common_ending(texts: Mapping[str, str]) -> dict[str, str]:
    endings = {text.rstrip().rpartition("\n")[2].strip() for text in texts.values()}
    cut = {place: text.rstrip().rpartition("\n")[0] for place, text in texts.items()}
    if len(texts) > 1 and len(endings) == 1 and all(text.strip() for text in cut.values()):
        return cut
    return dict(texts)


def _kind(item: Any) -> str:
    names: dict[type, str] = {dict: "object", list: "list", str: "string"}
    return names.get(type(item), type(item).__name__)
