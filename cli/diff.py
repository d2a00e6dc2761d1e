"""`ioa diff`: two runs side by side."""

from typing import Annotated

import typer

from ioa.cli.options import AsJson, RunsDir
from ioa.cli.output import echo_json
from ioa.results.run_names import RUNS, open_run


def diff(
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help="Id of a run, or its folder.")],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="Id of the run that is held against it.")],
    as_json: AsJson = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Two runs side by side: settings, curriculum, mastery, final scores and cost."""
    from ioa.results.comparison import compare
    from ioa.results.terminal.comparison_page import comparison_page
    from ioa.results.terminal.pager import wide_console

    found = compare(open_run(runs_dir, run_a), open_run(runs_dir, run_b))
    if as_json:
        echo_json(found.model_dump(mode="json"))
    else:
        wide_console().print(comparison_page(found))
