"""Two processes that ask each other over a pair of pipes; each lends the other its objects by number."""

import json
import os
from typing import Any

from ioa.training.exams.sandbox.inside.plain import Encoder, TooLargeError, decode

Message = dict[str, Any]


class Peer:
    """One end. A subclass says what it lends, what stands for what is lent to it, and how it answers."""

    def __init__(self, reading: int, writing: int, limit: int) -> None:
        """Nothing is lent yet.

        Args:
            reading: Descriptor of the pipe from the other end.
            writing: Descriptor of the pipe to it.
            limit: Longest message in bytes, either way.
        """
        self._from = os.fdopen(reading, "rb")
        self._to = os.fdopen(writing, "wb")
        self._limit = limit
        self._lent: list[Any] = []

    def request(self, operation: str, /, *values: Any, **named: Any) -> Message:
        """Have the other end do something; until it is done, its own requests are answered."""
        encode = self._encoder()
        self.send(
            {
                "op": operation,
                "args": [encode(value) for value in values],
                "kwargs": {name: encode(value) for name, value in named.items()},
            }
        )
        while "op" in (message := self.receive()):
            self.send(self.answer(message))
        return message

    def answer(self, message: Message) -> Message:
        """Do what the other end asks for."""
        raise NotImplementedError

    def send(self, message: Message) -> None:
        """Write a message.

        Raises:
            TooLargeError: it is over the limit.
            OSError: nobody reads it.
        """
        data = json.dumps(message).encode("ascii")
        if len(data) > self._limit:
            raise TooLargeError
        self._to.write(len(data).to_bytes(8, "big") + data)
        self._to.flush()

    def receive(self) -> Message:
        """Read a message.

        Raises:
            TooLargeError: it is over the limit.
            EOFError: there is no other end any more.
            ValueError: it is not a message.
        """
        size = int.from_bytes(self._read(8), "big")
        if size > self._limit:
            raise TooLargeError
        message = json.loads(self._read(size))
        if not isinstance(message, dict):
            raise ValueError("not a message")
        return message

    def lend(self, value: Any) -> list[Any]:
        """Keep an object for the other end."""
        self._lent.append(value)
        return ["o", len(self._lent) - 1]

    def _encoder(self) -> Any:
        return Encoder(self._export, self._limit).encode

    def _decode(self, form: Any) -> Any:
        return decode(form, self._import)

    def _own(self, number: int) -> Any:
        if not 0 <= number < len(self._lent):
            raise ValueError("nothing was lent under this number")
        return self._lent[number]

    def _export(self, value: Any) -> list[Any]:
        raise NotImplementedError

    def _import(self, form: list[Any]) -> Any:
        raise NotImplementedError

    def _read(self, size: int) -> bytes:
        data = self._from.read(size)
        if len(data) < size:
            raise EOFError
        return data
