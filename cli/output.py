"""How commands say something in a line, ask something, and print data."""

import json
from typing import Any

import typer

from ioa.memory.plain_text import plain


def echo(text: object, *, err: bool = False) -> None:
    """Say something; control characters of what people and models wrote are taken out.

    Args:
        text: Of any number of lines.
        err: To standard error, so that the output can be piped.
    """
    typer.echo(plain(str(text)), err=err)


def echo_json(value: Any, indent: int | None = 2) -> None:
    """Print a value as JSON, in ASCII: every control character in it is spelt out."""
    echo_data(json.dumps(value, indent=indent))


def echo_data(text: str) -> None:
    """Print what another program may read, unchanged; whoever wrote it has spelt control characters out."""
    typer.echo(text)


def ask(question: str, default: str) -> str:
    """What the person at the terminal answers."""
    return str(typer.prompt(plain(question), default=default, err=True))
