"""Reading item sets: files of problems with answers that a person has already."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ioa.memory.errors import UserError
from ioa.memory.records import SourceItem
from ioa.memory.yaml_source import fault_text

SHOWN = 20
"""Faults of a file that are told at once."""


def read_items(path: Path, modules: Collection[str] = ()) -> tuple[SourceItem, ...]:
    """Read an item set, JSON lines with `question`, `answer` and perhaps `id` and `module`.

    Args:
        path: The file.
        modules: Ids of the modules that an item may name.

    Raises:
        UserError: the file cannot be read, holds no item, or a line is not an item: file, line, field and what was
            expected.
    """
    if path.suffix != ".jsonl":
        raise UserError(f"{path}: expected a file of JSON lines, named *.jsonl.")
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # splitlines would part a text at U+2028
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file. The paths of `items` begin at the pack's folder.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as text ({error}).") from error
    items: list[SourceItem] = []
    faults: list[str] = []
    names: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = _item(line)
        if isinstance(found, SourceItem):
            items.append(found)
            told = list(_references(found, number, names, modules))
        else:
            told = found
        faults += [f"{path}:{number}: {text}" for text in told]
    if faults:
        more = f"\n... and {len(faults) - SHOWN} more faults." if len(faults) > SHOWN else ""
        raise UserError("\n".join(faults[:SHOWN]) + more)
    if not items:
        raise UserError(f"{path}: holds no item; expected a JSON object with `question` and `answer` in each line.")
    return tuple(items)


def _item(line: str) -> SourceItem | list[str]:
    """The item in a line, or what is wrong with it."""
    try:
        data: Any = json.loads(line)
    except ValueError as error:
        return [f"not JSON: {error}. Expected one object a line."]
    try:
        return SourceItem.model_validate(data)
    except ValidationError as error:
        if not isinstance(data, dict):
            return [f"expected an object with `question` and `answer`, not {type(data).__name__}."]
        return [fault_text(fault, SourceItem) for fault in error.errors()]


def _references(item: SourceItem, line: int, names: dict[str, int], modules: Collection[str]) -> Iterator[str]:
    if item.id and names.setdefault(item.id, line) != line:
        yield f"id: {item.id!r} is also the id of line {names[item.id]}."
    if item.module and item.module not in modules:
        known = f"expected one of {', '.join(modules)}" if modules else "the pack has no `modules`; name them there"
        yield f"module: {item.module!r} is not the id of a module of the pack; {known}."
