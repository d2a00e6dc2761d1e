"""Long output, through the pager that the person likes."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from ioa.results.console import Console

_WIDTH = 160
"""Columns where there is no terminal to ask."""


def wide_console(file: IO[str] | None = None) -> "Console":
    """A console as wide as the terminal; where there is none, wide enough that tables and lines are not cut up."""
    from ioa.results.console import Console

    console = Console(file=file)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _WIDTH
    return console


def pager_command(environment: Mapping[str, str]) -> list[str]:
    """What `$PAGER` says, else `less -R`; empty where it says that none is wanted."""
    named = shlex.split(environment.get("PAGER", "less -R"))
    return [] if named[:1] in ([], ["cat"]) else named


@contextmanager
def paged(*, wanted: bool) -> Iterator["Console"]:
    """A console whose output goes through the pager as it comes, or straight out.

    Straight out: where it is not wanted, where the output is not a terminal, and where there is no such pager. The
    block ends early, and quietly, when the person leaves the pager.
    """
    terminal = wide_console()
    command = pager_command(os.environ) if wanted and sys.stdout.isatty() and terminal.is_terminal else []
    process = _start(command)
    if process is None or process.stdin is None:
        yield terminal
        return
    console = _into(process.stdin, terminal)
    try:
        with suppress(BrokenPipeError, KeyboardInterrupt):  # the person has read enough: that is how a pager is left
            yield console
    finally:
        with suppress(BrokenPipeError):  # nobody reads the rest any more
            process.stdin.close()
        _wait(process)


def _into(pipe: IO[str], terminal: "Console") -> "Console":
    """A console that writes for the terminal into a pipe, and says so where nobody reads it any more."""
    from ioa.results.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Piped(
        file=pipe,
        force_terminal=True,
        width=terminal.width,
        color_system=terminal.color_system,
    )


def _start(command: list[str]) -> "subprocess.Popen[str] | None":
    if not command:
        return None
    environment = {"LESS": "FRX", **os.environ}  # colours, and no page where it all fits on the screen
    with suppress(OSError):  # a pager that cannot be started: what it was to show is printed instead
        return subprocess.Popen(command, stdin=subprocess.PIPE, text=True, encoding="utf-8", env=environment)  # noqa: S603
    return None


def _wait(process: "subprocess.Popen[str]") -> None:
    """Until the person has read enough; a Ctrl-C is the pager's, which stays."""
    while process.poll() is None:
        with suppress(KeyboardInterrupt):
            process.wait()
