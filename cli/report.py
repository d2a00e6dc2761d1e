"""`ioa report`: the report of a run, drawn again."""

from ioa.cli.options import RunId, RunsDir
from ioa.cli.output import echo
from ioa.memory.errors import UserError
from ioa.results.run_names import RUNS, open_run


def report(run_id: RunId, runs_dir: RunsDir = RUNS) -> None:
    """Draw the report of a run again, finished or not."""
    from ioa.results.report import write_report
    from ioa.results.run_cards import read_summary, run_status

    made = open_run(runs_dir, run_id)
    try:
        summary = read_summary(made)
    except UserError:  # it is written again below
        summary = None
    status = run_status(made, summary)  # asked before it is held here: then somebody works on it
    with made.hold():
        write_report(made, "interrupted" if status == "stopped" else status)
    echo(made.report)
