"""One check: the code in one sandbox, its tests in another, and the verdict that comes out."""

import contextlib
import json
import os
import secrets
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from ioa.memory.records import Record
from ioa.training.sandbox.isolation import ENVIRONMENT, Isolation
from ioa.training.sandbox.settings import SandboxSettings
from ioa.training.scorers.base import ScoringError

Kind = Literal["passed", "failed", "time", "memory", "processes", "disk", "open files", "output", "ended", "broken"]
INSIDE = Path(__file__).parent / "inside"
MODULES = {
    "candidate": ("limits", "plain", "peer", "candidate"),
    "driver": ("limits", "plain", "peer", "names", "lent", "driver"),
}
"""The modules that run inside, each after those that it imports."""
START = """\
import json, os, sys, types
job, sources = json.load(sys.stdin if sys.argv[1] == "-" else __import__("io").StringIO(sys.argv[1])), sys.argv[2:]
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
for name, source in zip(sources[::2], sources[1::2]):
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)
module.main(job)
"""
CPU_SIGNALS = (24, 9)
"""SIGXCPU, and SIGKILL for who ignores it."""
GRACE = 2.0
"""Seconds for a process that has been told to end, or has been killed, to be gone."""
KEPT = 4000
"""Bytes of output kept, for what a sandbox that does not start says of it."""


class UnitTests(Record):
    """What the authors of a benchmark wrote to judge a piece of code."""

    prompt: str = ""
    """Code that stands before the completion; helper functions that the tests use may be there."""
    entry_point: str = ""
    """Name of what the code has to define; empty: not known."""
    imports: str = ""
    """Import statements that the tests rely on."""
    setup: str = ""
    """Code run before the tests; it can use what the code defines."""
    test: str = ""
    """HumanEval's form: source that defines check(candidate)."""
    tests: tuple[str, ...] = ()
    """MBPP's form: statements, each a test."""


class Outcome(Record):
    """What came of a check."""

    kind: Kind
    """passed; failed: a test, or the code itself; ended: the code's process was gone before the tests were through;
    broken: the tests cannot be run; else the limit that was hit."""
    detail: str = ""
    """Which test, which exception, which limit."""


@dataclass
class _Process:
    """One of the two, with what it printed."""

    name: str
    popen: subprocess.Popen[bytes]
    printed: int = 0
    head: bytearray = field(default_factory=bytearray)

    def print(self, data: bytes) -> None:
        """Count what it printed; only the first of it is kept."""
        self.printed += len(data)
        self.head += data[: KEPT - len(self.head)]

    def ended_by(self, *signals: int) -> bool:
        """Whether it ended by one of these, as the shell and bubblewrap number them or as Python does."""
        code = self._code()
        return code is not None and (code - 128 in signals or -code in signals)

    def told(self) -> str:
        """How it ended, and what it said last."""
        lines = self.head.decode("utf-8", "replace").strip().splitlines()
        code = self._code()
        return f"exit code {'none' if code is None else code}" + (f": {lines[-1][:300]}" if lines else "")

    def _code(self) -> int | None:
        try:
            return self.popen.wait(GRACE)
        except subprocess.TimeoutExpired:
            return None


def check(
    alternatives: Sequence[Sequence[str]], tests: UnitTests, settings: SandboxSettings, isolation: Isolation
) -> Outcome:
    """Run tests against code.

    The code is executed in a sandbox of its own and the tests in another one. They share two pipes, over which only
    plain data passes, so that the code can neither see the tests nor touch what judges it.

    Args:
        alternatives: Readings of the reply, each a list of sources that are executed one after the other. The first
            that compiles counts.
        tests: The authors' tests.
        settings: The limits.
        isolation: Where it runs.

    Raises:
        ScoringError: a sandbox does not start, or breaks down by itself.
    """
    nonce = secrets.token_hex(16)
    with contextlib.ExitStack() as stack:
        requests, replies, verdicts = (stack.enter_context(_pipe()) for _ in range(3))
        job = {
            "reading": replies.reading,
            "writing": requests.writing,
            "verdict": verdicts.writing,
            "nonce": nonce,
            "limits": settings.model_dump(),
            "alternatives": [list(sources) for sources in alternatives],
            "seeded": "random" in f"{alternatives}{tests}",
            **tests.model_dump(mode="json"),
        }
        ends = {"reading": requests.reading, "writing": replies.writing, "limits": settings.model_dump()}
        candidate = _Process("the code", stack.enter_context(_started("candidate", ends, settings, isolation)))
        driver = _Process("the tests", stack.enter_context(_started("driver", job, settings, isolation)))
        for pipe in (requests, replies):
            pipe.close()
        verdicts.close_writing()
        said = _watch((candidate, driver), verdicts.reading, nonce, settings)
        if said and said[-1]["kind"] in {"passed", "failed"}:  # the usual case: both end by themselves
            for process in (driver, candidate):
                process.told()
        return _outcome(said, candidate, driver, settings)


class _Pipe:
    """Both ends of a pipe."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        self._open = {self.reading, self.writing}

    def close_writing(self) -> None:
        self._close(self.writing)

    def close(self) -> None:
        for end in (self.reading, self.writing):
            self._close(end)

    def _close(self, end: int) -> None:
        if end in self._open:
            self._open.remove(end)
            os.close(end)


@contextlib.contextmanager
def _pipe() -> Iterator[_Pipe]:
    pipe = _Pipe()
    try:
        yield pipe
    finally:
        pipe.close()


@contextlib.contextmanager
def _started(
    role: str, job: Mapping[str, Any], settings: SandboxSettings, isolation: Isolation
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, until it and all that it started are gone.

    The driver's job comes over its standard input, the candidate's few numbers with the command: there is no file or
    pipe of the host's in the candidate.
    """
    text = json.dumps(job)
    sources = [part for name in MODULES[role] for part in (f"{__package__}.inside.{name}", _source(name))]
    program = ["-s", "-S", "-P", "-B", "-c", START, text if role == "candidate" else "-", *sources]
    ends = tuple(number for name, number in job.items() if name in {"reading", "writing", "verdict"})
    with contextlib.ExitStack() as stack:
        stdin: IO[bytes] | int = subprocess.DEVNULL
        if role == "driver":
            stdin = stack.enter_context(tempfile.TemporaryFile())
            stdin.write(text.encode())
            stdin.seek(0)
        folder = "/" if isolation.own_folder else stack.enter_context(_folder())
        process = subprocess.Popen(  # noqa: S603 - that is what all this is for
            isolation.command(program, settings),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=ends,
            env=ENVIRONMENT,
            cwd=folder,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _end(process)


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="ioa-", ignore_cleanup_errors=True)


def _source(name: str) -> str:
    return (INSIDE / f"{name}.py").read_text(encoding="utf-8")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it with all that it started.

    The first process of the sandbox's process namespace takes all others with it; bubblewrap's own then end by
    themselves, each collected by its parent.
    """
    import psutil

    if process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in reversed(psutil.Process(process.pid).children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # without isolation, what its group still holds
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    process.stdout.close()


def _watch(
    processes: tuple[_Process, _Process], verdicts: int, nonce: str, settings: SandboxSettings
) -> list[dict[str, str]]:
    """What the driver says until it is through, or a limit of the host's is hit."""
    deadline = time.monotonic() + settings.wall_seconds
    said: list[dict[str, str]] = []
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(verdicts, selectors.EVENT_READ, None)
        for process in processes:
            assert process.popen.stdout is not None  # noqa: S101 - it is a pipe
            selector.register(process.popen.stdout, selectors.EVENT_READ, process)
        while (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fileobj)
                if key.data is not None:
                    key.data.print(data)
                    if key.data.printed > settings.output_kib << 10:
                        return [*said, {"kind": "output", "detail": f"what {key.data.name} prints"}]
                elif not data:
                    return said
                else:
                    *lines, pending = (pending + data).split(b"\n")
                    said += [message for line in lines if (message := json.loads(line))["nonce"] == nonce]
    return [*said, {"kind": "time", "detail": f"{settings.wall_seconds:g} s"}]


def _outcome(
    said: Sequence[Mapping[str, str]], candidate: _Process, driver: _Process, settings: SandboxSettings
) -> Outcome:
    """What the driver's words mean, with how the processes ended."""
    kind, detail = (said[-1]["kind"], said[-1]["detail"]) if said else ("", "")
    if kind in {"", "absent"}:
        failed = candidate if kind else driver
        raise ScoringError(f"The sandbox of {failed.name} did not start: {failed.told()}")
    if kind == "time":
        return Outcome(kind="time", detail=f"time limit of {detail}")
    if kind == "ready":  # and nothing after that
        if driver.ended_by(*CPU_SIGNALS):
            return _hit("time", "", settings)
        raise ScoringError(f"The sandbox of the tests broke down: {driver.told()}")
    if kind == "ended":
        if candidate.ended_by(*CPU_SIGNALS):
            return _hit("time", "", settings)
        return Outcome(kind="ended", detail=f"its process ended before the tests did ({candidate.told()})")
    return _hit(kind, detail, settings)


def _hit(kind: str, detail: str, settings: SandboxSettings) -> Outcome:
    """The outcome, with the limit that was hit in words."""
    words = {
        "time": f"time limit of {settings.seconds} s on the processor",
        "memory": f"memory limit of {settings.memory_mib} MiB",
        "processes": f"limit of {settings.processes} processes",
        "disk": f"limit of {settings.disk_mib} MiB of files",
        "open files": f"limit of {settings.open_files} open files",
        "output": f"limit of {settings.output_kib} KiB of output",
    }.get(kind, "")
    return Outcome.model_validate({"kind": kind, "detail": ": ".join(part for part in (words, detail) if part)})
