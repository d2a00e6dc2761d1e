"""The command that shows runs in the browser."""

import socket
from pathlib import Path
from typing import Annotated

import typer

from ioa.cli.output import echo
from ioa.memory.errors import UserError

FIRST_PORT, PORTS = 8765, 20
"""Where the viewer listens if no port is named: the first of so many that is free."""


def view(
    runs_dir: Annotated[Path, typer.Argument(metavar="[RUNS_DIR]", help="Folder of the runs, or of one run.")] = Path(
        "runs"
    ),
    host: Annotated[str, typer.Option(help="Address to listen at; by default only this machine can read.")] = (
        "127.0.0.1"
    ),
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0: any. The first free one from 8765 if none is named.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser, too.")] = True,
) -> None:
    """Show runs in the browser, also while they work. It reads and changes nothing. Ctrl-C ends it."""
    from ioa.results.view.app import LOOPBACK, serve

    if host not in LOOPBACK:
        echo(
            f"Warning: whoever can reach {host} can read these runs. Leave --host out to keep them to this machine.",
            err=True,
        )
    serve(runs_dir, host, choose_port(host, port), open_browser=browser, say=echo)


def choose_port(host: str, port: int | None) -> int:
    """A port that is free.

    Args:
        host: Address to listen at.
        port: The one that was asked for; 0: any; none: the first free one from 8765.

    Raises:
        UserError: the port is taken, or nobody may listen at that address.
    """
    wanted = range(FIRST_PORT, FIRST_PORT + PORTS) if port is None else [port]
    for one in wanted:
        if (free := _try(host, one)) is not None:
            return free
    if port is None:
        raise UserError(f"The ports {wanted[0]} to {wanted[-1]} of {host} are taken. Name a free one with --port.")
    raise UserError(f"Port {port} of {host} is taken. Name another with --port, or leave it out.")


def _try(host: str, port: int) -> int | None:
    """The port, or for 0 a free one; none where it is taken."""
    import errno

    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            return None
        raise UserError(
            f"--host {host}: cannot listen there ({error.strerror or error}). Name an address of this machine."
        ) from error
