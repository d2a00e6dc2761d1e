"""`ioa show`: one run on a page."""

from ioa.cli.options import AsJson, RunId, RunsDir
from ioa.cli.output import echo_json
from ioa.results.run_names import RUNS, open_run, option_for


def show(run_id: RunId, as_json: AsJson = False, runs_dir: RunsDir = RUNS) -> None:
    """One run on a page, finished or not: what was taught, what was learnt, what it cost, where to look next."""
    from ioa.results.overview import overview
    from ioa.results.terminal.pager import wide_console
    from ioa.results.terminal.run_page import overview_page

    made = open_run(runs_dir, run_id)
    page = overview(made, option_for(made, runs_dir))
    if as_json:
        echo_json(page.model_dump(mode="json"))
    else:
        wide_console().print(overview_page(page))
