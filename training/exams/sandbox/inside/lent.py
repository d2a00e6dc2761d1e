"""What stands in the tests for an object of the candidate's."""

from typing import Any, Protocol


class Lender(Protocol):
    """The driver's end: has things done by the candidate."""

    def ask(self, operation: str, /, *values: Any, **named: Any) -> Any:
        """What the candidate answers; raises what it raises."""


class Lent:
    """An object of the candidate's: its attributes, items and calls are the candidate's own.

    It is equal to nothing but itself and has no order and no arithmetic: to compare an object of the candidate's, or
    to compute with it, would be to ask the candidate whether it is right. Its fields and what its methods return
    are plain data, which can be compared.
    """

    __slots__ = ("_lender", "_number")

    def __init__(self, lender: Lender, number: int) -> None:
        """It has this number over there."""
        object.__setattr__(self, "_lender", lender)
        object.__setattr__(self, "_number", number)

    def __call__(self, /, *values: Any, **named: Any) -> Any:
        """Have the candidate call it."""
        return self._lender.ask("call", self, *values, **named)

    def __getattr__(self, name: str) -> Any:
        return self._lender.ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._lender.ask("set", self, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._lender.ask("item", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._lender.ask("put", self, key, value)

    def __len__(self) -> int:
        return int(self._lender.ask("len", self))

    def __bool__(self) -> bool:
        return self._lender.ask("bool", self) is True

    def __hash__(self) -> int:
        return hash(self._lender.ask("hash", self))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __str__(self) -> str:
        return str.__str__(self._lender.ask("str", self))

    def __repr__(self) -> str:
        return str.__str__(self._lender.ask("repr", self))

    def __iter__(self) -> Any:
        return self._lender.ask("iter", self)

    def __next__(self) -> Any:
        return self._lender.ask("next", self)

    def __instancecheck__(self, other: Any) -> bool:
        return isinstance(other, Lent) and self._lender.ask("instance", other, self) is True


def number_of(value: Lent) -> int:
    """The number under which the candidate lends it."""
    number: int = object.__getattribute__(value, "_number")
    return number
