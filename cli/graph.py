"""`ioa graph`: the state graph as a picture or as Mermaid text."""

from pathlib import Path
from typing import Annotated

import typer

from ioa.cli.output import echo


def graph(
    out: Annotated[
        Path | None, typer.Argument(help="A .png, .svg or .mmd file; Mermaid text on the screen if none.")
    ] = None,
    method: Annotated[str, typer.Option(help="Whose: ioa, one it is compared with, or ./FILE.py:FUNCTION.")] = "ioa",
) -> None:
    """Draw the state graph of a method."""
    from ioa.graph.builder import build_graph
    from ioa.graph.config import RunConfig
    from ioa.graph.context import RunContext
    from ioa.memory.run_dir import RunDirectory
    from ioa.results.graph_drawing import draw, mermaid

    built = build_graph(RunContext(RunDirectory(Path("unused")), RunConfig.model_validate({"method": method})))
    if out is None:
        echo(mermaid(built))
    else:
        draw(built, out)
        echo(out)
