"""The process that executes the code under test, and does what the driver asks of it.

Nothing here has to be kept from that code: all it can do is answer the driver, with plain data.
"""

import builtins
import errno
import operator
import os
import sys
import types
from collections.abc import Callable
from typing import Any

from ioa.training.exams.sandbox.inside.lent_packages import reach
from ioa.training.exams.sandbox.inside.limits import restrict
from ioa.training.exams.sandbox.inside.peer import Message, Peer
from ioa.training.exams.sandbox.inside.plain import TooLargeError, kinds

NAME = "solution"
"""Name of the module that the code becomes; not `__main__`, so that a script's last lines do not run."""
MUTABLE = (list, dict, set, bytearray)
TEXT = 300
"""Most characters kept of an exception's text."""
LIMITS = {
    errno.EAGAIN: "processes",
    errno.ENOSPC: "disk",
    errno.EFBIG: "disk",
    errno.EMFILE: "open files",
    errno.ENOMEM: "memory",
}
"""Which limit was hit when a system call fails so."""


class Borrowed:
    """A function of the driver's, or an iterator of its: it can be called, or asked for the next element."""

    def __init__(self, peer: "Candidate", number: int) -> None:
        """It has this number over there."""
        self._peer, self.number = peer, number

    def __call__(self, /, *values: Any, **named: Any) -> Any:
        """Have the driver call it."""
        return self._peer.ask("call", self, *values, **named)

    def __iter__(self) -> "Borrowed":
        return self

    def __next__(self) -> Any:
        return self._peer.ask("next", self)


class Candidate(Peer):
    """The end that holds the code's objects."""

    def __init__(self, reading: int, writing: int, limit: int) -> None:
        """See `Peer`."""
        super().__init__(reading, writing, limit)
        self._process = os.getpid()
        self._module = types.ModuleType(NAME)
        self._operations: dict[str, Callable[..., Any]] = {
            "load": self._load,
            "call": lambda function, /, *values, **named: function(*values, **named),
            "get": getattr,
            "set": setattr,
            "item": operator.getitem,
            "put": operator.setitem,
            "len": len,
            "str": str,
            "repr": repr,
            "bool": bool,
            "hash": hash,
            "iter": iter,
            "next": next,
            "instance": isinstance,
        }

    def serve(self) -> None:
        """Answer the driver until it closes its end."""
        self.send({"ready": True})
        while True:
            try:
                message = self.receive()
            except EOFError:
                return
            self.send(self.answer(message))

    def ask(self, operation: str, /, *values: Any, **named: Any) -> Any:
        """What the driver's object answers; raises what it raises."""
        reply = self.request(operation, *values, **named)
        if "raise" in reply:
            raise next(getattr(builtins, name) for name in reply["raise"] if hasattr(builtins, name))(reply["text"])
        return self._decode(reply["ok"])

    def send(self, message: Message) -> None:
        """See `Peer`; a process that the code started has nothing to say."""
        if os.getpid() != self._process:
            os._exit(1)
        super().send(message)

    def answer(self, message: Message) -> Message:
        """Do it, and say what came of it; what an exception was is all that is told of it."""
        try:
            values = [self._decode(form) for form in message["args"]]
            named = {name: self._decode(form) for name, form in message["kwargs"].items()}
            result = self._operations[message["op"]](*values, **named)
            encode = self._encoder()
            reply: Message = {"ok": encode(result)}
            if message["op"] == "call" and result is None:
                mutable = MUTABLE + kinds("numpy", "ndarray")
                reply["args"] = [encode(value) if isinstance(value, mutable) else None for value in values]
        except TooLargeError:
            return {"limit": "output"}
        except BaseException as error:  # noqa: BLE001 - the driver raises it again, or fails the test for it
            return describe_exception(error)
        return reply

    def _load(self, alternatives: list[list[str]], names: list[str], seeded: bool) -> dict[str, Any]:
        """Execute the first alternative that compiles, or the first of all where none does.

        Returns:
            What the code calls by these names; for an exception's class, the name of the builtin it derives from.
        """
        code = next((code for texts in alternatives if (code := _compiled(texts))), None)
        if seeded:
            import random

            random.seed(0)
        sys.modules[NAME] = self._module
        for part in code or [compile(text, NAME, "exec", dont_inherit=True) for text in alternatives[0]]:
            exec(part, self._module.__dict__)  # noqa: S102 - that is what the sandbox is for
        found = {name: value for name in names if (value := self._module.__dict__.get(name, self)) is not self}
        exceptions = {name: _ancestors(value) for name, value in found.items() if _is_exception(value)}
        return {"values": found, "exceptions": exceptions}

    def _export(self, value: Any) -> list[Any]:
        return ["h", value.number] if isinstance(value, Borrowed) else self.lend(value)

    def _import(self, form: list[Any]) -> Any:
        tag, number = form
        return self._own(number) if tag == "h" else Borrowed(self, number)


def describe_exception(error: BaseException) -> Message:
    """An exception in plain data: its names up to one that everybody knows, its text, and the limit it tells of."""
    try:
        text = str(error)[:TEXT]
    except BaseException:  # noqa: BLE001 - its own method fails, so there is no text
        text = ""
    limit = LIMITS.get(error.errno or 0) if isinstance(error, OSError) else None
    if isinstance(error, MemoryError):
        limit = "memory"
    if isinstance(error, RuntimeError) and "can't start new thread" in text:
        limit = "processes"
    if limit:
        return {"limit": limit}
    return {"raise": _ancestors(type(error)), "text": text, "name": type(error).__name__}


def _ancestors(kind: type) -> list[str]:
    return [ancestor.__name__ for ancestor in kind.__mro__]


def _is_exception(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Exception)


def _compiled(texts: list[str]) -> list[types.CodeType] | None:
    try:
        return [compile(text, NAME, "exec", dont_inherit=True) for text in texts]
    except (SyntaxError, ValueError):
        return None


def main(arguments: dict[str, Any]) -> None:
    """Run as the candidate.

    Args:
        arguments: reading, writing: descriptors; limits: the fields of `SandboxSettings`; packages: where they are.
    """
    restrict(arguments["limits"])
    reach(arguments["packages"])
    Candidate(arguments["reading"], arguments["writing"], arguments["limits"]["output_kib"] << 10).serve()
    os._exit(0)  # threads that the code has started are not waited for
