"""The texts of benchmark files that no lesson may come near, in the forms in which their authors publish them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ioa.memory.domains.item_sets import Fault, UnreadableFile
from ioa.memory.domains.item_sets.rows import TEXTS, Row, read_rows
from ioa.memory.domains.item_sets.texts import without_common_ending
from ioa.memory.errors import UserError

_EXPECTED = f"a JSON object with one of the fields {', '.join(TEXTS[:6])}, at any depth"


def read_benchmarks(files: Sequence[str]) -> dict[str, str]:
    """The items' texts by `file:line` (of a JSON document `file, item N`); each turn of a dialogue is one.

    A file is one of those that `ioa.memory.domains.item_sets` reads. Of an item nothing but a text is needed: GSM8K
    (`question`), MATH (`problem`, or `prompt`), MBPP (`text`), HumanEval (`prompt`), Dolly (`instruction`), Vicuna and
    MT-Bench (`turns`). A last line that all items of a file have in common tells the model how to answer, and is left
    out.

    Raises:
        UserError: a file cannot be read, or an item has no text: file, line, what was expected.
    """
    texts: dict[str, str] = {}
    for name in files:
        found = _read(Path(name).expanduser())
        texts |= zip(found, without_common_ending(list(found.values())), strict=True)
    return texts


def _read(path: Path) -> dict[str, str]:
    try:
        rows = list(read_rows(path))
    except UnreadableFile as error:
        raise UserError(f"Benchmark {error} Correct synthesis.benchmarks. Expected {_EXPECTED}.") from error
    if not rows:
        raise UserError(f"Benchmark {path}: it has no item. Expected {_EXPECTED}, one a line or in a list.")
    texts: dict[str, str] = {}
    for row in rows:
        if isinstance(row, Fault):
            raise UserError(f"Benchmark {row} Expected {_EXPECTED}.")
        texts |= _turns(row)
    return texts


def _turns(row: Row) -> dict[str, str]:
    place, item = row.place, row.data
    found = [text for text in _texts(item) if text.strip()]
    if not found:
        keys = f" with the fields {', '.join(map(str, item))}" if isinstance(item, Mapping) else ""
        raise UserError(f"Benchmark {place}: no text in this {_kind(item)}{keys}. Expected {_EXPECTED}.")
    if len(found) == 1:
        return {place: found[0]}
    return {f"{place}, turn {number}": text for number, text in enumerate(found, start=1)}


def _texts(item: Any) -> list[str]:
    """The texts of the first known field that has any, there or deeper."""
    if not isinstance(item, Mapping):
        return []
    named = {str(name).lower(): value for name, value in item.items()}
    inside = [named[field] for field in TEXTS if field in named]
    inside += [value for value in item.values() if isinstance(value, Mapping)]
    for value in inside:
        if isinstance(value, str):
            return [value]
        found = [text for text in value if isinstance(text, str)] if isinstance(value, list) else _texts(value)
        if found:
            return found
    return []


def _kind(item: Any) -> str:
    names: dict[type, str] = {dict: "object", list: "list", str: "string"}
    return names.get(type(item), type(item).__name__)
