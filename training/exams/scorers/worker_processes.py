"""Work that may hang, or take all memory, done in processes that can be ended."""

import json
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import LifoQueue
from typing import Any

import psutil

from ioa.memory.errors import ScoringError

PATIENCE = 30
"""Times its limit of processor time that a request may take on the clock: the machine may be busy."""
START = 120.0
"""Seconds on the clock within which a worker has to be ready."""


class UnfinishedError(Exception):
    """A worker did not answer; the message says why."""


class EndedError(UnfinishedError):
    """It died, perhaps of something else than the request."""


class Worker:
    """One process, started when it is first asked and again after it was ended."""

    def __init__(self, module: str, arguments: list[str], seconds: float) -> None:
        """The process is not started yet.

        Args:
            module: What it runs: it says one line when it is ready, and then answers each line of JSON by one.
            arguments: Of its command line.
            seconds: Processor time that a request may take.
        """
        self._command = [sys.executable, "-m", module, *arguments]
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: Any = None

    def ask(self, request: dict[str, Any]) -> Any:
        """The worker's answer.

        Raises:
            UnfinishedError: it took too long; the next request is put to a new process.
            EndedError: it died, and the same holds.
            ScoringError: the process cannot be started.
        """
        if self._process is not None and self._process.poll() is not None:
            self.stop()
        process = self._process or self._start()
        try:
            return self._exchange(process, json.dumps(request), self._seconds, PATIENCE * self._seconds)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process, whatever it does; may be called twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        with suppress(BrokenPipeError), process:  # what it was not yet told; leaving closes the pipes and waits
            pass
        self._errors.close()

    def _start(self) -> subprocess.Popen[bytes]:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,  # a Ctrl-C is for the parent
        )
        try:
            self._exchange(self._process, "", START, START)
        except UnfinishedError as error:
            self._errors.seek(0)
            said = self._errors.read()[-2000:].decode(errors="replace")
            self.stop()
            raise ScoringError(f"{' '.join(self._command)} does not start: {error}. {said}") from error
        return self._process

    @staticmethod
    def _exchange(process: subprocess.Popen[bytes], line: str, seconds: float, longest: float) -> Any:
        """Say a line, empty for none, and wait for one."""
        told, said = process.stdin, process.stdout
        if told is None or said is None:
            raise ValueError("the process was started without pipes")
        begun, spent = time.monotonic(), _processor_time(process)
        try:
            if line:
                told.write(f"{line}\n".encode())
                told.flush()
            # A tenth of a second: the limit is on processor time, which no wait on a pipe can be told of.
            while not select.select([said], [], [], 0.1)[0]:
                if _processor_time(process) - spent > seconds or time.monotonic() - begun > longest:
                    raise UnfinishedError(f"not finished within {seconds:g} s of processor time")
            answer = said.readline()
        except BrokenPipeError as error:
            raise EndedError("the process ended") from error
        if not answer.endswith(b"\n"):
            raise EndedError("the process ended")
        return json.loads(answer)


class Pool:
    """A few workers of one kind, for as many requests as there are threads."""

    def __init__(self, workers: list[Worker]) -> None:
        """The workers are the pool's from now on."""
        self._all = workers
        self._idle: LifoQueue[Worker] = LifoQueue()  # a single asker needs no second process
        for worker in reversed(workers):
            self._idle.put(worker)

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """A worker that nobody else asks meanwhile; waits for one."""
        worker = self._idle.get()
        try:
            yield worker
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End all workers."""
        for worker in self._all:
            worker.stop()


def _processor_time(process: subprocess.Popen[bytes]) -> float:
    """Seconds so far; 0 for one that is gone, whose pipe says so."""
    try:
        times = psutil.Process(process.pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
