"""The command line in the process of the tests: what it imports is paid for once, and a call leaves nothing behind.

What only a process of its own can show, such as a kill, Ctrl-C, a second process or what is imported at the start, goes
through `tests.small.start` and `tests.small.ioa_process`.
"""

import gc
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import IO
from unittest.mock import patch

NEVER_SHOWN = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""What Python keeps to itself outside tests, and a test would make an error of."""


def run_command(
    arguments: Sequence[object], *, cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Do what `ioa ARGUMENTS` does in that folder and environment, and return what a process would have.

    What a process would die of with a traceback is raised.
    """
    from ioa.cli.main import main

    command = ["ioa", *map(str, arguments)]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out, tempfile.TemporaryFile("w+", encoding="utf-8") as error:
        with _as_a_process_of_its_own(command, cwd, environment, out, error):
            code = _exit_code(main)
        return subprocess.CompletedProcess(command, code, _text(out), _text(error))


@contextmanager
def _as_a_process_of_its_own(
    command: list[str], cwd: Path, environment: Mapping[str, str], out: IO[str], error: IO[str]
) -> Iterator[None]:
    """Give the block what a process has to itself, and take back what it changed of it."""
    with ExitStack() as held:
        held.enter_context(patch.dict(os.environ, environment, clear=True))
        held.enter_context(chdir(cwd))
        held.enter_context(patch.object(sys, "argv", command))
        nothing = held.enter_context(Path(os.devnull).open(encoding="utf-8"))
        held.enter_context(patch.object(sys, "stdin", nothing))
        held.enter_context(redirect_stdout(out))
        held.enter_context(redirect_stderr(error))
        held.enter_context(_usual_warnings())
        for number in (signal.SIGINT, signal.SIGTERM):
            held.callback(signal.signal, number, signal.getsignal(number))
        held.callback(gc.unfreeze)  # a run freezes what is there when it begins, which here is all of the tests
        yield


@contextmanager
def _usual_warnings() -> Iterator[None]:
    """Treat warnings as Python does where nobody asked for anything else: they are printed, and are no errors."""
    with warnings.catch_warnings():
        warnings.resetwarnings()
        for category in NEVER_SHOWN:
            warnings.simplefilter("ignore", category)
        warnings.showwarning = lambda message, category, filename, line, file=None, text=None: sys.stderr.write(
            warnings.formatwarning(message, category, filename, line, text)
        )
        yield


def _exit_code(main) -> int:
    try:
        main()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or 0
        print(ended.code, file=sys.stderr)
        return 1
    return 0


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()
