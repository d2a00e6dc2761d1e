"""What is wrong with a file of items, told so that a person can find it."""

from collections.abc import Sequence

from ioa.memory.records import Record

SHOWN = 20
"""Faults that are told at once."""
_CUT = 60
"""Characters of a value that are shown."""


class Fault(Record):
    """Something wrong with one item."""

    place: str
    """`file:line`, or `file, item N` where the items of a file do not stand in lines."""
    field: str = ""
    """The field at fault, as the file names it; empty: the item as a whole."""
    text: str
    """What was found, and what was expected."""

    def __str__(self) -> str:
        return f"{self.place}: {self.field}: {self.text}" if self.field else f"{self.place}: {self.text}"


def describe_faults(faults: Sequence[Fault]) -> str:
    """The first faults, a line each, and how many there are beyond these."""
    more = f"\n... and {len(faults) - SHOWN} more faults, {len(faults)} in all." if len(faults) > SHOWN else ""
    return "\n".join(map(str, faults[:SHOWN])) + more


def show_value(value: object) -> str:
    """A value as a message shows it."""
    text = repr(value) if not isinstance(value, str | list | dict) or len(value) <= _CUT else repr(value[:_CUT])
    return text if len(text) <= _CUT else text[: _CUT - 3] + "..."
