"""Entries of a list that are chosen by filters and a search."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol, TypeVar


class Entry(Protocol):
    """Something that a page lists."""

    @property
    def id(self) -> str:
        """Its name."""

    @property
    def values(self) -> Mapping[str, Collection[str]]:
        """What it can be chosen by: the values it has under the name of each filter."""

    @property
    def text(self) -> str:
        """All text in it, in lower case."""


E = TypeVar("E", bound=Entry)


def matching(entries: Iterable[E], chosen: Mapping[str, str], query: str = "") -> list[E]:
    """The entries that match every filter, in their order.

    Args:
        entries: All of them.
        chosen: A value by the name of its filter; an empty one lets all pass.
        query: Text that must be in them, whatever its case.
    """
    wanted = {name: value for name, value in chosen.items() if value}
    text = query.lower()
    return [
        entry
        for entry in entries
        if all(value in entry.values.get(name, ()) for name, value in wanted.items()) and text in entry.text
    ]


def options(entries: Iterable[Entry], name: str) -> list[str]:
    """What there is to choose from under the name of a filter; numbers by size, the rest by the alphabet."""
    found = {value for entry in entries for value in entry.values.get(name, ())}
    return sorted(found, key=lambda value: (int(value) if value.isdecimal() else 0, value))
