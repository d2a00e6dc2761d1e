"""Who follows a run that the command line works on, and how the command ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ioa.cli.output import echo
from ioa.memory.errors import Stopped
from ioa.results.run_names import runs_dir_option

if TYPE_CHECKING:
    from ioa.graph.listeners import Listener
    from ioa.memory.run_dir import RunDirectory


@contextmanager
def following() -> Iterator["Listener"]:
    """All who follow a run: the display, the report, the curves and the exporters."""
    from ioa.graph.listeners import Listeners
    from ioa.results.exporters import CurveListener, ExportListener
    from ioa.results.report import ReportWriter
    from ioa.results.terminal.progress import progress_display

    with progress_display() as display:
        # Curves are closed and the report is written before the exporters are: they may read its numbers.
        say = display.message
        yield Listeners([display, CurveListener(say), ReportWriter(say), ExportListener(say)])


@contextmanager
def resumable(run_id: str, runs_dir: Path) -> Iterator[None]:
    """Say how to go on when a run is interrupted, stops for want of a teacher, or waits for its review."""
    advice = f"Go on with: ioa resume {run_id}{runs_dir_option(runs_dir)}"
    try:
        yield
    except KeyboardInterrupt:
        echo(f"Interrupted; nothing is lost. {advice}", err=True)
        raise
    except Stopped as error:
        error.args = (f"{error}\n{advice}",)
        raise


def show_closing(run: "RunDirectory") -> None:
    """The table of a run that is finished, and where its report is."""
    from ioa.results.console import Console
    from ioa.results.run_cards import read_summary
    from ioa.results.terminal.closing_table import closing_table

    summary = read_summary(run)
    if summary is not None:
        Console().print(closing_table(summary))
    echo(f"Report: {run.report}")
