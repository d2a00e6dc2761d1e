"""The command that shows what a run file says, and what it could say."""

from typing import Annotated

import typer

from ioa.cli.output import echo_data


def config(
    config: Annotated[
        str | None, typer.Argument(help="A run file (YAML), or the name of a built-in one; the defaults if none.")
    ] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Any key of the run file.")] = None,
    docs: Annotated[bool, typer.Option("--docs", help="All keys as a Markdown document instead.")] = False,
) -> None:
    """Show a run file with every key spelt out: its value, what it means and what it may be."""
    from ioa.graph.config import RunConfig, load_config, override
    from ioa.graph.config_docs import commented, markdown

    resolved = override(load_config(config) if config else RunConfig(), settings or [])
    echo_data(markdown().rstrip() if docs else commented(resolved))
