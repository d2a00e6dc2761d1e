"""`ioa view` as a user starts it, in a process of its own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Server:
    process: subprocess.Popen
    url: str
    """With no slash at its end."""

    def stop(self) -> tuple[int, str]:
        """Interrupt it as Ctrl-C does; its exit code, and what it wrote to standard error."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err


def begin(*arguments: object, cwd: Path) -> subprocess.Popen:
    """Start it without a browser on any free port."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.Popen(
        [sys.executable, "-m", "ioa.cli.main", "view", *map(str, arguments), "--no-browser", "--port", "0"],
        cwd=cwd,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serving(*arguments: object, cwd: Path) -> Iterator[Server]:
    """The server, listening; it is killed at the end of the block if it is not over by then."""
    process = begin(*arguments, cwd=cwd)
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+(?=/)", line)
        assert found, f"{line!r} {process.stderr.read() if process.poll() is not None else ''}"
        yield Server(process, found[0])
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
