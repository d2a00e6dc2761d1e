"""The process that executes the tests, against a candidate in another process, and gives the verdict."""

import builtins
import json
import os
import sys
import traceback
from typing import Any, NoReturn

from ioa.training.exams.sandbox.inside.lent import Lent, number_of
from ioa.training.exams.sandbox.inside.lent_packages import reach
from ioa.training.exams.sandbox.inside.limits import restrict
from ioa.training.exams.sandbox.inside.names import imported_modules, needed_names
from ioa.training.exams.sandbox.inside.peer import Message, Peer
from ioa.training.exams.sandbox.inside.plain import TooLargeError, kinds

TOLD = 600
"""Most characters of a verdict."""
SHOWN = 200
"""Most characters of a source line or a value in a verdict."""
LIMITS = ("memory", "processes", "disk", "open files", "output")
"""What the candidate may say that it has hit; nothing else of its words becomes the verdict."""
UNREADABLE = "what the code returns cannot be read"
REPLY_FAULTS = (ValueError, TypeError, LookupError, AttributeError, RecursionError, ArithmeticError)
"""What decoding a reply raises that the candidate's own code has forged."""


class Driver(Peer):
    """The end that holds the tests."""

    def __init__(self, job: dict[str, Any]) -> None:
        """See `ioa.training.exams.sandbox.checking.check` for what a job is."""
        super().__init__(job["reading"], job["writing"], job["limits"]["output_kib"] << 10)
        self._verdict, self._nonce = job["verdict"], job["nonce"]
        self._exceptions: dict[str, type[Exception]] = {}
        self._returned: tuple[Any, ...] = ()
        self._asked = 0
        self._untouched = False

    def say(self, kind: str, detail: str = "") -> None:
        """Tell the host something; each line carries the nonce of this check."""
        readable = detail[:TOLD].encode("utf-8", "backslashreplace").decode()  # lone surrogates cannot be stored
        line = json.dumps({"nonce": self._nonce, "kind": kind, "detail": readable})
        os.write(self._verdict, line.encode("ascii") + b"\n")

    def finish(self, kind: str, detail: str = "") -> NoReturn:
        """Give the verdict at once: no `except` in a test can turn it into another."""
        self.say(kind, detail)
        os._exit(0)

    def wait(self) -> None:
        """Until the candidate runs."""
        try:
            self.receive()
        except EOFError:
            self.finish("absent")
        self.say("ready")

    def load(self, alternatives: list[list[str]], names: list[str], *, seeded: bool) -> dict[str, Any]:
        """Have the code executed; a value for each of these names that it defines."""
        try:
            found = self.ask("load", alternatives, names, seeded)
        except SyntaxError as error:
            self.finish("failed", f"the code does not compile: {error}")
        except Exception as error:  # noqa: BLE001 - whatever the code raises, it has failed
            self.finish("failed", f"the code fails when it is executed: {type(error).__name__}: {error}"[: 2 * SHOWN])
        try:
            values, exceptions = dict(found["values"]), dict(found["exceptions"])
            for name in (name for name in names if name in exceptions):
                self._exceptions[name] = type(name, (self._exception(exceptions[name]),), {})
            return {name: values[name] for name in names if name in values} | self._exceptions
        except REPLY_FAULTS as error:
            self.finish("failed", f"{UNREADABLE}: {type(error).__name__}")

    def ask(self, operation: str, /, *values: Any, **named: Any) -> Any:
        """What the candidate answers; raises what it raises.

        A call that returns nothing may be there for what it does to its arguments: these are then as it left them.
        """
        self._asked += 1
        try:
            reply = self.request(operation, *values, **named)
            if "ok" in reply:
                result = self._decode(reply["ok"])
                if operation == "call":
                    self._returned = (result,)
                    left = reply.get("args", ()) if result is None else ()
                    for value, after in zip(values[1:], left[1:], strict=False):
                        change(value, self._decode(after))
                return result
            names = [] if "limit" in reply else [str(name) for name in reply["raise"]]
        except TooLargeError:
            self.finish("output", "what a call passes or returns")
        except (EOFError, BrokenPipeError):
            self.finish("ended")
        except REPLY_FAULTS as error:
            self.finish("failed", f"{UNREADABLE}: {type(error).__name__}")
        if "limit" in reply:
            self.finish(reply["limit"] if reply["limit"] in LIMITS else "failed")
        return self._raise(names, str(reply.get("text", "")))

    def answer(self, message: Message) -> Message:
        """Let the candidate call a function that a test handed over, or have an iterator's next element."""
        operation, (target, *forms) = message["op"], message["args"]
        lent = self._own(target[1])
        try:
            values = [self._decode(form) for form in forms]
            named = {name: self._decode(form) for name, form in message["kwargs"].items()}
            result = next(lent) if operation == "next" else lent(*values, **named)
            return {"ok": self._encoder()(result)}
        except Exception as error:  # noqa: BLE001 - the candidate is told, as in any call
            return {"raise": [kind.__name__ for kind in type(error).__mro__], "text": str(error)[:SHOWN]}

    def _raise(self, names: list[str], text: str) -> NoReturn:
        kind = self._exception(names)
        if "Exception" not in names:
            self.finish("failed", f"the code raises {names[0] if names else 'something unknown'}: {text}")
        try:
            error = kind(text)
        except TypeError:  # some want more than a text
            error = Exception(text)
        raise error

    def _exception(self, names: list[str]) -> type[Exception]:
        for name in names:
            kind = self._exceptions.get(name) or getattr(builtins, name, None)
            if isinstance(kind, type) and issubclass(kind, Exception):
                return kind
        return Exception

    def _export(self, value: Any) -> list[Any]:
        if isinstance(value, Lent):
            return ["h", number_of(value)]
        if callable(value) or hasattr(value, "__next__"):
            return self.lend(value)
        return self.finish("broken", f"the tests hand over a {type(value).__name__}, which cannot cross")

    def _import(self, form: list[Any]) -> Any:
        tag, number = form
        return self._own(number) if tag == "h" else Lent(self, int(number))

    def run(self, job: dict[str, Any]) -> None:
        """Execute everything; the verdict is the last thing said."""
        space: dict[str, Any] = {"__name__": "tests"}
        self._author(job["prompt"], space, or_with="\n    pass\n")
        self._author(job["imports"], space)
        sources = [job["setup"], job["test"], *job["tests"]]
        try:
            wanted = needed_names(sources, job["entry_point"], set(space))
            space.update(imported_modules(sources, job["entry_point"]))
        except SyntaxError as error:
            self.finish("broken", f"the tests do not compile: {error}")
        found = self.load(job["alternatives"], wanted, seeded=job["seeded"])
        if job["entry_point"] and job["entry_point"] not in found:
            self.finish("failed", f"the code does not define {job['entry_point']}")
        space.update(found)
        self._asked = 0
        self._untouched = bool(found) and all(isinstance(value, Lent) for value in found.values())
        if job["seeded"]:
            import random

            random.seed(0)
        self._execute("setup", job["setup"], space)
        for number, test in enumerate(job["tests"], start=1):
            self._execute(f"test {number} of {len(job['tests'])}", test, space)
        if job["test"]:
            self._execute("test", job["test"], space)
            if "check" not in space:
                self.finish("broken", "the test defines no check(candidate)")
            self._execute("test", job["test"], space, call=f"check({job['entry_point']})")
        self.finish("passed")

    def _author(self, source: str, space: dict[str, Any], or_with: str = "") -> None:
        for text in (source, source + or_with):
            try:
                code = compile(text, "<before>", "exec", dont_inherit=True)
            except SyntaxError:
                continue
            try:
                exec(code, space)  # noqa: S102 - the authors' code, in a sandbox too
            except Exception as error:  # noqa: BLE001 - any of it is reported
                self.finish("broken", f"the code before the tests fails: {type(error).__name__}: {error}")
            return
        self.finish("broken", "the code before the tests does not compile")

    def _execute(self, name: str, source: str, space: dict[str, Any], call: str = "") -> None:
        """Execute a source, or a call of what it has defined; whatever it raises has failed the check.

        But not what it raises by itself, before the code has had a part in it: such tests cannot be run here.
        """
        self._returned = ()
        try:
            exec(compile(call or source, "" if call else name, "exec", dont_inherit=True), space)  # noqa: S102
        except MemoryError:
            self.finish("memory")
        except BaseException as error:  # noqa: BLE001 - any of it fails the test
            if isinstance(error, ImportError) and error.name:  # one of the code's has crossed without that name
                self.finish("broken", f"{name}: its import of {error.name} fails here: {error}")
            if self._untouched and not self._asked and not isinstance(error, NameError):
                self.finish("broken", f"{name}: it fails by itself: {self._describe_error(error, name, source)}")
            self.finish("failed", f"{name}: {self._describe_error(error, name, source)}")

    def _describe_error(self, error: BaseException, name: str, source: str) -> str:
        lines = source.splitlines()
        at = [frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
        line = lines[at[-1] - 1].strip()[:SHOWN] if at and 0 < at[-1] <= len(lines) else ""
        what = type(error).__name__ + (f": {error}"[:SHOWN] if str(error) else "")
        if not isinstance(error, AssertionError):
            return f"{line}: {what}"
        return (line or what) + "".join(f"; the last call returned {_short(value)}" for value in self._returned)


def change(value: Any, after: Any) -> Any:
    """Make a list, dict, set or bytearray what it has become, keeping the objects inside that only changed.

    Returns:
        The value itself where it could be changed, else what it has become.
    """
    if isinstance(value, list) and isinstance(after, list):
        value[:] = [change(*pair) for pair in zip(value, after, strict=False)] + after[len(value) :]
    elif isinstance(value, dict) and isinstance(after, dict):
        changed = {key: change(value.get(key), held) for key, held in after.items()}
        value.clear()
        value.update(changed)
    elif isinstance(value, set) and isinstance(after, set):
        value.clear()
        value.update(after)
    elif isinstance(value, bytearray) and isinstance(after, bytearray):
        value[:] = after
    elif isinstance(value, kinds("numpy", "ndarray")) and getattr(after, "shape", None) == value.shape:
        value[...] = after
    else:
        return after
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def main(job: dict[str, Any]) -> None:
    """Run as the driver; the job came over the standard input."""
    restrict(job["limits"])
    reach(job["packages"])
    sys.setrecursionlimit(3000)  # a nested value is decoded in two frames a level
    driver = Driver(job)
    driver.wait()
    driver.run(job)
