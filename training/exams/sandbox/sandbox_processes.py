"""Starting the two processes of a check, and ending them with all that they started."""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ioa.training.exams.sandbox.isolation import ENVIRONMENT, PACKAGES, Isolation
from ioa.training.exams.sandbox.sandbox_settings import SandboxSettings

INSIDE = Path(__file__).parent / "inside"
MODULES = {
    "candidate": ("limits", "lent_packages", "plain", "peer", "candidate"),
    "driver": ("limits", "lent_packages", "plain", "peer", "names", "lent", "driver"),
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
GRACE = 2.0
"""Seconds for a process that has been told to end, or has been killed, to be gone."""
KEPT = 4000
"""Bytes of output kept, for what a sandbox that does not start says of it."""


@dataclass
class Process:
    """One of the two, with what it printed."""

    name: str
    popen: subprocess.Popen[bytes]
    start: float = field(default_factory=time.monotonic)
    printed: int = 0
    head: bytearray = field(default_factory=bytearray)

    def print(self, data: bytes) -> None:
        """Count what it printed; only the first of it is kept."""
        self.printed += len(data)
        self.head += data[: KEPT - len(self.head)]

    def out_of_time(self, seconds: int) -> bool:
        """Whether the kernel ended it for its time on the processor: by SIGXCPU, or a second later by SIGKILL."""
        code = self._code() or 0
        number = -code if code < 0 else code - 128  # as Python says it, or as the shell and bubblewrap do
        late = time.monotonic() - self.start > seconds
        return number == signal.SIGXCPU or (number == signal.SIGKILL and late)

    def describe_end(self) -> str:
        """How it ended, and what it said last."""
        self._code()
        self._read_rest()
        lines = self.head.decode("utf-8", "replace").strip().splitlines()
        code = self._code()
        return f"exit code {'none' if code is None else code}" + (f": {lines[-1][:300]}" if lines else "")

    def _read_rest(self) -> None:
        assert self.popen.stdout is not None  # noqa: S101 - it is a pipe
        os.set_blocking(self.popen.stdout.fileno(), False)
        with contextlib.suppress(BlockingIOError):  # there is no more now
            while len(self.head) < KEPT and (data := os.read(self.popen.stdout.fileno(), KEPT)):
                self.print(data)

    def _code(self) -> int | None:
        try:
            return self.popen.wait(GRACE)
        except subprocess.TimeoutExpired:
            return None


class Pipe:
    """Both ends of a pipe."""

    def __init__(self) -> None:
        """Open it; no child inherits it unless it is passed on."""
        self.reading, self.writing = os.pipe()
        self._open = {self.reading, self.writing}

    def close_writing(self) -> None:
        """Close the end that is written to, so that its reader learns when the last writer is gone."""
        self._close(self.writing)

    def close(self) -> None:
        """Close both ends; may be called twice."""
        for end in (self.reading, self.writing):
            self._close(end)

    def _close(self, end: int) -> None:
        if end in self._open:
            self._open.remove(end)
            os.close(end)


@contextlib.contextmanager
def opened_pipe() -> Iterator[Pipe]:
    """A pipe that is closed in the end."""
    pipe = Pipe()
    try:
        yield pipe
    finally:
        pipe.close()


@contextlib.contextmanager
def start_process(
    role: str,
    job: Mapping[str, Any],
    settings: SandboxSettings,
    isolation: Isolation,
    packages: Sequence[Path] = (),
) -> Iterator[Process]:
    """The process, until it and all that it started are gone.

    The driver's job comes over its standard input, the candidate's few numbers with the command: there is no file or
    pipe of the host's in the candidate.
    """
    sources = [part for name in MODULES[role] for part in (f"{__package__}.inside.{name}", _source(name))]
    ends = tuple(number for name, number in job.items() if name in {"reading", "writing", "verdict"})
    with contextlib.ExitStack() as stack:
        lent = str(PACKAGES if isolation.own_folder else _linked(stack, packages)) if packages else ""
        text = json.dumps({**job, "packages": lent})
        program = ["-s", "-S", "-P", "-B", "-c", START, text if role == "candidate" else "-", *sources]
        stdin: IO[bytes] | int = subprocess.DEVNULL
        if role == "driver":
            stdin = stack.enter_context(tempfile.TemporaryFile())
            stdin.write(text.encode())
            stdin.seek(0)
        folder = "/" if isolation.own_folder else stack.enter_context(_folder())
        process = subprocess.Popen(  # noqa: S603 - that is what all this is for
            isolation.command(program, settings, packages),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=ends,
            env=ENVIRONMENT,
            cwd=folder,
            start_new_session=True,
        )
        try:
            yield Process(f"the {'code' if role == 'candidate' else 'tests'}", process)
        finally:
            _end(process, alone=isolation.own_folder)


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="ioa-", ignore_cleanup_errors=True)


def _linked(stack: contextlib.ExitStack, packages: Sequence[Path]) -> Path:
    """A folder of the host's with links to them, so that nothing beside them is found."""
    folder = Path(stack.enter_context(_folder()))
    for path in packages:
        (folder / path.name).symlink_to(path)
    return folder


def _source(name: str) -> str:
    return (INSIDE / f"{name}.py").read_text(encoding="utf-8")


def _end(process: subprocess.Popen[bytes], *, alone: bool) -> None:
    """Kill it with all that it started.

    The first process of the sandbox's process namespace takes all others with it; bubblewrap's own then end by
    themselves, each collected by its parent.

    Args:
        process: What was started.
        alone: Whether it has a process namespace of its own; else its group is killed, and what has left the group
            stays.
    """
    import psutil

    if not alone:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
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
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    process.stdout.close()
