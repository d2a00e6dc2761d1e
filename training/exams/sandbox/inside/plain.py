"""Plain data as JSON: what of a value crosses between the driver and the candidate, and in which form.

A value of a subclass crosses as its plain base, whatever its methods say. None, bools, strings, small integers and
finite floats are themselves; anything else is a list of a tag and its content.
"""

import builtins
import re
import sys
from collections.abc import Callable
from typing import Any

SMALL = 1 << 53
"""Integers from here on cross in hexadecimal, which has no limit of digits."""


class TooLargeError(Exception):
    """A message is longer than the output that is allowed."""


def kinds(module: str, *names: str) -> tuple[Any, ...]:
    """Classes of a module, if anybody has imported it here: else there are no values of them."""
    loaded = sys.modules.get(module)
    return tuple(getattr(loaded, name) for name in names) if loaded else ()


class Encoder:
    """Turns one message's values into what `json` writes."""

    def __init__(self, export: Callable[[Any], list[Any]], limit: int) -> None:
        """Nothing is encoded yet.

        Args:
            export: What crosses in place of a value that is not plain.
            limit: How many characters the texts and elements of the message may take.
        """
        self._export = export
        self._left = limit

    def encode(self, value: Any) -> Any:
        """The value in a form that `json` writes.

        Raises:
            TooLargeError: it is over the limit.
            RecursionError: it holds itself, or is nested too deeply.
        """
        self._count_size(4)  # the shortest is "", and a comma and a space
        if value is None or value is True or value is False:
            return value
        if isinstance(value, str):
            self._count_size(str.__len__(value))
            return str.__str__(value)
        if isinstance(value, int | float | complex):
            return self._number(value)
        return self._collection(value) or self._other(value)

    def _count_size(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise TooLargeError

    def _number(self, value: complex) -> Any:
        if isinstance(value, int):
            whole = int.__int__(value)
            self._count_size(whole.bit_length() // 4)
            return whole if -SMALL < whole < SMALL else ["i", hex(whole)]
        if isinstance(value, float):
            exact = float.__float__(value)
            return exact if exact - exact == 0 else ["f", float.hex(exact)]
        return ["c", float.hex(value.real), float.hex(value.imag)]

    def _collection(self, value: Any) -> list[Any] | None:
        if isinstance(value, bytes | bytearray):
            self._count_size(2 * len(value))
            return ["b" if isinstance(value, bytes) else "B", value.hex()]
        if isinstance(value, dict):
            return ["d", [[self.encode(key), self.encode(held)] for key, held in dict.items(value)]]
        for tag, kind in (*_SEQUENCES, *(("q", kind) for kind in kinds("collections", "deque"))):
            if isinstance(value, kind):
                return [tag, [self.encode(element) for element in kind.__iter__(value)]]
        return None

    def _other(self, value: Any) -> list[Any]:
        if isinstance(value, range):
            return ["r", *map(hex, (value.start, value.stop, value.step))]
        if isinstance(value, type) and value in vars(builtins).values():
            return ["k", value.__name__]
        if isinstance(value, kinds("decimal", "Decimal") + kinds("fractions", "Fraction")):
            self._count_size(len(str(value)))
            return ["n", "D" if isinstance(value, kinds("decimal", "Decimal")) else "F", str(value)]
        return self._moment(value) or self._array(value) or self._export(value)

    def _moment(self, value: Any) -> list[Any] | None:
        if isinstance(value, kinds("datetime", "date", "time")):
            return ["w", _first(type(value), kinds("datetime", "datetime", "date", "time")), value.isoformat()]
        if isinstance(value, kinds("datetime", "timedelta")):
            return ["w", "timedelta", value.days, value.seconds, value.microseconds]
        return None

    def _array(self, value: Any) -> list[Any] | None:
        if not isinstance(value, kinds("numpy", "ndarray", "generic")) or not _ARRAY.fullmatch(value.dtype.str):
            return None
        self._count_size(2 * value.nbytes)
        whole = isinstance(value, kinds("numpy", "ndarray"))
        return ["a", value.dtype.str, list(value.shape), value.tobytes().hex(), whole]


def _first(kind: type, of: tuple[Any, ...]) -> str:
    return next(ancestor.__name__ for ancestor in kind.__mro__ if ancestor in of)


def decode(form: Any, import_: Callable[[list[Any]], Any]) -> Any:
    """The value that was encoded.

    Args:
        form: What `Encoder.encode` made of it.
        import_: What stands here for a value that was exported.

    Raises:
        ValueError, TypeError, LookupError, AttributeError, RecursionError: nobody wrote this in earnest.
    """
    if not isinstance(form, list):
        return form
    tag, *content = form
    if tag in _COLLECTIONS:
        return _COLLECTIONS[tag]([decode(element, import_) for element in content[0]])
    if tag == "d":
        return {decode(key, import_): decode(held, import_) for key, held in content[0]}
    if tag in _SCALARS:
        return _SCALARS[tag](*content)
    return import_(form)


def _whole(form: str) -> int:
    return int(form, 16)


def _new_deque(elements: list[Any]) -> Any:
    from collections import deque

    return deque(elements)


def _kind(name: str) -> type:
    kind = getattr(builtins, name)
    if not isinstance(kind, type):
        raise ValueError(f"{name} is no type")
    return kind


def _exact(kind: str, text: str) -> Any:
    if kind == "D":
        from decimal import Decimal

        return Decimal(text)
    from fractions import Fraction

    return Fraction(text)


def _moment(kind: str, *content: Any) -> Any:
    import datetime

    if kind == "timedelta":
        return datetime.timedelta(*content)
    if kind == "time":
        return datetime.time.fromisoformat(*content)
    return {"datetime": datetime.datetime, "date": datetime.date}[kind].fromisoformat(*content)


def _array(kind: str, shape: list[int], data: str, whole: bool) -> Any:
    """An array of numpy's, or the number that one without dimensions holds."""
    import numpy

    if not _ARRAY.fullmatch(kind):
        raise ValueError(f"{kind} is no kind of number")
    array = numpy.frombuffer(bytes.fromhex(data), dtype=kind).reshape(shape).copy()
    return array if whole else array[()]


_ARRAY = re.compile(r"[<>|][biufcSUmM]\d+(?:\[\d*\w+\])?")
"""What numpy calls a kind of elements that are plain bytes."""
_SEQUENCES: tuple[tuple[str, Any], ...] = (("l", list), ("t", tuple), ("s", set), ("z", frozenset))
_COLLECTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "l": list,
    "t": tuple,
    "s": set,
    "z": frozenset,
    "q": _new_deque,
}
_SCALARS: dict[str, Callable[..., Any]] = {
    "i": _whole,
    "f": float.fromhex,
    "c": lambda real, imag: complex(float.fromhex(real), float.fromhex(imag)),
    "b": bytes.fromhex,
    "B": bytearray.fromhex,
    "r": lambda *bounds: range(*(int(bound, 16) for bound in bounds)),
    "k": _kind,
    "n": _exact,
    "w": _moment,
    "a": _array,
}
