"""A GGUF file as a teacher: a llama.cpp server of its own, on loopback, for as long as it is asked.

The server runs in a child process, because llama.cpp ends the process it is in when it fails, and the run should
outlive that. This file is also the program of the child; it is started by its path, since `-m ioa.agents.teachers.gguf`
would import all agents, which takes seconds and memory that the model needs.
"""

import http.client
import importlib.util
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from ioa.memory.errors import UserError

MAGIC = b"GGUF"
"""The first bytes of every GGUF file."""
INSTALL = "pip install 'ioa[gguf]'"
LAST_LINES = 8
"""So many lines of the server's log are shown when it fails."""
_LAST_BYTES = 4096
"""Of the log's end, which holds the last lines however long the log is."""
_POLL = 0.1
"""Seconds between two looks at a server that is loading its model."""


class GgufServer:
    """An OpenAI-compatible llama.cpp server for one model file, ready once it is constructed.

    It ends with `close`, with the `with` block, and when this process dies in any way: the child watches a pipe
    that the operating system closes then. Ctrl-C in the terminal does not reach it, so that replies in flight are
    not lost before this process has decided what to do. Only this machine can connect to it.

    Args:
        path: The GGUF file; a leading `~` is the user's home.
        context: Most tokens of one request, prompt and reply together. llama.cpp shares its context out evenly
            among the slots, so memory is reserved for `context * parallel` tokens: 2 GB for a model of 8 billion
            parameters and the values given here. A slot has never more than the model was trained with.
        parallel: Requests that are answered at once; more of them wait for their turn.
        threads: Threads that compute; none for one per physical core.
        timeout: Seconds within which the model has to be loaded; 40 GB on a hard disk take minutes.

    Raises:
        UserError: the file is missing, unreadable or not a GGUF file, xllamacpp is not installed, or the server
            ended or was not ready in time; the message then holds the last lines that it printed.
    """

    def __init__(
        self,
        path: Path,
        *,
        context: int = 4096,
        parallel: int = 4,
        threads: int | None = None,
        timeout: float = 300.0,
    ) -> None:
        check_gguf(path)
        self.path = path.expanduser()
        # It has no name in any folder, so nothing has to remove it, whichever way this process ends.
        self._log = tempfile.TemporaryFile(prefix="ioa-gguf-")  # noqa: SIM115 - closed by close
        numbers = (context * parallel, parallel, -1 if threads is None else threads)
        self._process = subprocess.Popen(  # noqa: S603 - our own file, run by our own interpreter
            [sys.executable, "-P", __file__, str(self.path.resolve()), *map(str, numbers)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
        )
        try:
            self._address = self._ready(timeout)
        except BaseException:
            self.close()
            raise

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes as its base URL, for example `http://127.0.0.1:43155/v1`."""
        return f"{self._address}/v1"

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    def ended(self) -> str | None:
        """How the server ended, and the last lines that it printed; none while it runs.

        A client sees no more than a refused connection. It can be asked until `close`.
        """
        code = self._process.poll()
        if code is None:
            return None
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit status {code}"
        return f"the llama.cpp server ended {how}. {self._last_lines()}"

    def close(self) -> None:
        """End the server and release its memory; requests in flight fail. Calling it again does no harm."""
        self._process.kill()  # it keeps nothing that an orderly end would save
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        """The server itself; it runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _ready(self, timeout: float) -> str:
        deadline = time.monotonic() + timeout
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        address = ""
        while time.monotonic() < deadline:
            if address:
                if _healthy(address):
                    return address
                time.sleep(_POLL)
            elif select.select([self._process.stdout], [], [], _POLL)[0]:
                address = self._process.stdout.readline().decode().strip()
            if self._process.poll() is not None:
                raise UserError(f"Teacher gguf:{self.path}: {self.ended()}")
        raise UserError(
            f"Teacher gguf:{self.path}: the llama.cpp server was not ready within {timeout:g} s. {self._last_lines()}"
        )

    def _last_lines(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        # The child writes at the same file offset, which a seek would move.
        text = os.pread(self._log.fileno(), _LAST_BYTES, max(0, size - _LAST_BYTES)).decode(errors="replace")
        lines = text.splitlines()[-LAST_LINES:]
        return "\n".join(["It printed last:", *(f"  {line}" for line in lines)]) if lines else "It printed nothing."


def check_gguf(path: Path) -> None:
    """See, without starting anything, that a server could be started for the file.

    Args:
        path: The GGUF file; a leading `~` is the user's home.

    Raises:
        UserError: the file is missing, unreadable or not a GGUF file, or xllamacpp is not installed.
    """
    path = path.expanduser()
    try:
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except FileNotFoundError as error:
        raise UserError(f"Teacher gguf:{path}: there is no such file. Give the path of a GGUF model.") from error
    except OSError as error:
        raise UserError(f"Teacher gguf:{path}: the file cannot be read: {error.strerror}.") from error
    if magic != MAGIC:
        raise UserError(
            f"Teacher gguf:{path}: this is not a GGUF file; one begins with the bytes GGUF, this with {magic!r}. "
            "Convert the model with llama.cpp's convert_hf_to_gguf.py, or download it in the GGUF format."
        )
    if importlib.util.find_spec("xllamacpp") is None:
        raise UserError(
            f"Teacher gguf:{path}: it needs the package xllamacpp, which is not installed. Install it with:\n"
            f"  {INSTALL}"
        )


def _healthy(address: str) -> bool:
    """Whether the server says that it can be asked; no proxy of the environment is used to reach loopback."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _serve(path: str, context: int, parallel: int, threads: int) -> None:
    """What the child does: load the model, print the server's address, serve until the parent is gone."""
    # Whatever llama.cpp prints goes to the log; the pipe to the parent is for the address alone.
    report = os.dup(1)
    os.dup2(2, 1)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    xllamacpp = import_module("xllamacpp")
    try:
        server = xllamacpp.Server(_parameters(xllamacpp, path, context, parallel, threads))
    except RuntimeError as error:
        sys.exit(str(error))
    os.write(report, f"{server.listening_address}\n".encode())
    threading.Event().wait()


def _parameters(xllamacpp: Any, path: str, context: int, parallel: int, threads: int) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = path
    parameters.model_alias = {Path(path).stem}  # else every reply names the whole path
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0  # any free one
    parameters.n_ctx = context
    parameters.n_parallel = parallel
    parameters.cpuparams.n_threads = threads
    parameters.cache_ram_mib = 0  # else up to 8 GiB of memory are filled with the state of earlier prompts
    parameters.cache_idle_slots = False  # it is kept in that memory
    parameters.ui = False
    parameters.endpoint_slots = False  # it shows the prompts in work
    parameters.cors_origins = ""  # else every web page that is open on this machine may read the model's answers
    parameters.verbosity = 2  # warnings and errors
    return parameters


def _end_with(parent: int) -> None:
    """End this process as soon as standard input does, which is when the parent closes it or dies.

    The parent's id is looked at too, because a process that it forked keeps the pipe open. While a model is being
    loaded, the binding lets no other thread run; an orphan ends when that is done.
    """
    while os.getppid() == parent and not select.select([0], [], [], 1.0)[0]:
        pass
    os._exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1], *map(int, sys.argv[2:5]))
