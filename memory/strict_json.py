"""JSON as its standard has it: what Python would take on top, or drop without a word, is refused."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

SPACE = " \t\r\n\ufeff\x1e"
"""What may stand between values: JSON's white space, the mark between files that were joined, a record separator."""


class NotStandard(ValueError):
    """Something that Python's reader takes and JSON's standard does not know."""


@dataclass(frozen=True)
class Refused:
    """What stands in a document in the place of a value that is not standard."""

    why: str


class SpelledFloat(float):
    """A number that is shown as it was written: `18.0`, `1e3`, and a decimal with more digits than a float holds."""

    _text: str

    def __new__(cls, text: str) -> Self:
        """Read it.

        Raises:
            NotStandard: it is too large for a number of the machine.
        """
        made = super().__new__(cls, text)
        if not math.isfinite(made):
            raise NotStandard(f"the number {text[:40]} is too large")
        made._text = text
        return made

    def __str__(self) -> str:
        """As it was written."""
        return self._text

    def __reduce__(self) -> tuple[type["SpelledFloat"], tuple[str]]:
        """For copies."""
        return SpelledFloat, (self._text,)


def _constant(name: str) -> Any:
    raise NotStandard(f"{name} is no JSON number")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotStandard(f"the key {twice!r} stands twice in one object; keep one")
    return made


def _marking(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same reader, giving what it refuses as a value."""

    def marked(found: Any) -> Any:
        try:
            return read(found)
        except NotStandard as error:
            return Refused(str(error))

    return marked


_DECODER = json.JSONDecoder(parse_float=SpelledFloat, parse_constant=_constant, object_pairs_hook=_object)
_MARKER = json.JSONDecoder(
    parse_float=_marking(SpelledFloat), parse_constant=_marking(_constant), object_pairs_hook=_marking(_object)
)


def read_json(text: str) -> Any:
    """One JSON value; numbers with a fraction or an exponent remember how they were written.

    Raises:
        ValueError: it is none; `NotStandard` of NaN, Infinity, a number too large, or a key twice.
        RecursionError: it is nested too deeply.
    """
    return _DECODER.decode(text.strip(SPACE))


def read_document(text: str) -> Any:
    """The same, with a `Refused` in the place of each value that is not standard, so that the rest can be read.

    Raises:
        ValueError: it is not JSON even so.
        RecursionError: it is nested too deeply.
    """
    return _MARKER.decode(text.strip(SPACE))


def refused(value: Any) -> str:
    """Why a value of a document is refused, or something in it; empty where nothing is."""
    if isinstance(value, Refused):
        return value.why
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next(filter(None, map(refused, parts)), "")


def read_values(text: str) -> Iterator[tuple[int, Any]]:
    """JSON values one behind the other, with the places where they begin; a value that is wrong is its error.

    Behind a wrong one it goes on with the next object that begins a line.
    """
    at = 0
    while (at := _next(text, at)) < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            yield at, error
            end = text.find("\n{", at + 1) + 1 or len(text)
        else:
            yield at, value
        at = end


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in SPACE:
        at += 1
    return at
