"""One check: the code in one sandbox, its tests in another, and the verdict that comes out."""

import contextlib
import json
import os
import secrets
import selectors
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from ioa.memory.errors import ScoringError
from ioa.memory.records import Record
from ioa.training.exams.sandbox.isolation import Isolation
from ioa.training.exams.sandbox.sandbox_processes import KEPT, Process, opened_pipe, start_process
from ioa.training.exams.sandbox.sandbox_settings import SandboxSettings

Kind = Literal["passed", "failed", "time", "memory", "processes", "disk", "open files", "output", "ended", "broken"]


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


def check(
    alternatives: Sequence[Sequence[str]],
    tests: UnitTests,
    settings: SandboxSettings,
    isolation: Isolation,
    packages: Sequence[Path] = (),
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
        packages: Folders and files of third-party packages that can be imported there: see `package_paths`.

    Raises:
        ScoringError: a sandbox does not start, or breaks down by itself.
    """
    nonce = secrets.token_hex(16)
    with contextlib.ExitStack() as stack:
        requests, replies, verdicts = (stack.enter_context(opened_pipe()) for _ in range(3))
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
        candidate = stack.enter_context(start_process("candidate", ends, settings, isolation, packages))
        driver = stack.enter_context(start_process("driver", job, settings, isolation, packages))
        for pipe in (requests, replies):
            pipe.close()
        verdicts.close_writing()
        said = _watch((candidate, driver), verdicts.reading, nonce, settings)
        if said and said[-1]["kind"] in {"passed", "failed"}:  # the usual case: both end by themselves
            for process in (driver, candidate):
                process.describe_end()
        return _outcome(said, candidate, driver, settings)


def _watch(
    processes: tuple[Process, Process], verdicts: int, nonce: str, settings: SandboxSettings
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
                    if len(pending) > KEPT:
                        raise ScoringError("The sandbox of the tests broke down: its verdict does not end.")
                    said += [message for line in lines if (message := json.loads(line))["nonce"] == nonce]
    return [*said, {"kind": "time", "detail": f"{settings.wall_seconds:g} s"}]


def _outcome(
    said: Sequence[Mapping[str, str]], candidate: Process, driver: Process, settings: SandboxSettings
) -> Outcome:
    """What the driver's words mean, with how the processes ended."""
    kind, detail = (said[-1]["kind"], said[-1]["detail"]) if said else ("", "")
    if not said or said[0]["kind"] != "ready":
        failed = candidate if kind == "absent" else driver
        why = f"nothing happened for {detail}" if kind == "time" else failed.describe_end()
        raise ScoringError(f"The sandbox of {failed.name} did not start: {why}")
    if kind == "time":
        return Outcome(kind="time", detail=f"time limit of {detail}")
    if kind == "ready":  # and nothing after that
        if driver.out_of_time(settings.seconds):
            return _report_limit("time", "", settings)
        raise ScoringError(f"The sandbox of the tests broke down: {driver.describe_end()}")
    if kind == "ended":
        if candidate.out_of_time(settings.seconds):
            return _report_limit("time", "", settings)
        return Outcome(kind="ended", detail=f"its process ended before the tests did ({candidate.describe_end()})")
    return _report_limit(kind, detail, settings)


def _report_limit(kind: str, detail: str, settings: SandboxSettings) -> Outcome:
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
