"""Plain-text views of values: differences between two texts, and JSON as an outline."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, Literal

Part = tuple[Literal["same", "gone", "new"], str]
"""A stretch of two texts: in both, only in the first, or only in the second."""

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_ROW = 8
"""Entries of a list that may stand in one row."""
LONGEST = 4000
"""Words from which two texts are not compared word by word: the time grows with their product."""


def differences(before: str, after: str) -> list[Part]:
    """What was changed between two texts, by words; beyond `LONGEST` words of either, one stretch gone and one new."""
    if before == after:
        return [("same", before)] if before else []
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > LONGEST:
        whole: list[Part] = [("gone", before), ("new", after)]
        return [(kind, text) for kind, text in whole if text]
    parts: list[Part] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            _put(parts, "same", old[a:b])
            continue
        _put(parts, "gone", old[a:b])
        _put(parts, "new", new[c:d])
    return parts


def _put(parts: list[Part], kind: Literal["same", "gone", "new"], words: Sequence[str]) -> None:
    if words:
        parts.append((kind, "".join(words)))


def outline(value: Any, limit: int = 2000) -> tuple[str, bool]:
    """A JSON value as indented lines, without quotes and brackets, and whether it was cut off.

    Args:
        value: What `json.loads` gives.
        limit: Characters after which it ends; the work ends there too, however big the value is.
    """
    lines: list[str] = []
    room = limit
    for line in _lines(value, ""):
        lines.append(line[:room])
        room -= len(line) + 1
        if room < 0:
            return "\n".join(lines).rstrip("\n"), True
    return "\n".join(lines), False


def _lines(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _entry(f"{indent}{key}: ", item, indent)
    elif isinstance(value, list):
        for item in value:
            yield from _entry(f"{indent}– ", item, indent)
    else:
        yield from _leaf(indent, value, indent)


def _entry(head: str, item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, list) and (short := _in_a_row(item)):
        yield head + short
    elif isinstance(item, dict | list) and item:
        inner = _lines(item, indent + "  ")
        if head.endswith("– ") and isinstance(item, dict):
            yield head + next(inner).lstrip()  # the first field of a list's entry stands beside its dash
        else:
            yield head.rstrip()
        yield from inner
    else:
        yield from _leaf(head, item, indent + "  ")


def _in_a_row(items: list[Any]) -> str:
    """Few short words beside one another; empty where that is not what a list has."""
    if not 0 < len(items) <= _ROW or any(isinstance(item, dict | list) or "\n" in str(item) for item in items):
        return ""
    row = ", ".join(map(_word, items))
    return row if len(row) <= _ROW * 10 and " " not in row.replace(", ", "") else ""


def _leaf(head: str, value: Any, indent: str) -> Iterator[str]:
    first, *rest = _word(value).split("\n")
    yield head + first
    yield from (indent + line for line in rest)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ([], {}):
        return "(none)"
    return str(value)
