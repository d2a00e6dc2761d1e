"""The report of a run: one self-contained page, `report.html`, and the same numbers for machines, `summary.json`."""

import time
from collections.abc import Callable

from typing_extensions import override

from ioa.graph.config import RunConfig
from ioa.graph.listeners import Listener, NodeVisit
from ioa.memory.files import write_record, write_text
from ioa.memory.records import Assessment
from ioa.memory.run_dir import RunDirectory
from ioa.results.facts import read_facts
from ioa.results.summary import Summary, summarise

__all__ = ["ReportWriter", "write_report"]

_SHARE = 0.01
"""Of the time of a run under way, at most this goes into drawing its page."""


class ReportWriter(Listener):
    """Writes the report of a run after assessments, and when the run is left.

    After each of them its numbers are written; the page is drawn again when that has become a small part of the time.
    That a report cannot be made is said, and the run goes on: it has all that a report is made of. A full disk ends it.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        """Say what went wrong that way."""
        self._say = say
        self._run: RunDirectory | None = None
        self._seconds = 0.0
        self._drawn = 0.0

    @override
    def run_begun(self, run: RunDirectory, config: RunConfig) -> None:
        """See `Listener`."""
        self._run = run

    @override
    def assessed(self, assessment: Assessment) -> None:
        """See `Listener`."""
        self._write("running", page=self._seconds <= _SHARE * (time.monotonic() - self._drawn))

    @override
    def visit_ended(self, visit: NodeVisit) -> None:
        """The report of a finished run is written before its last checkpoint, so that no kill can leave it out."""
        if visit.node == "finish":
            self._write("finished")

    @override
    def run_ended(self, status: str) -> None:
        """See `Listener`; that of a finished run has been written."""
        if status != "finished":
            self._write(status)

    def _write(self, status: str, *, page: bool = True) -> None:
        if self._run is None:
            return
        begun = time.monotonic()
        try:
            write_report(self._run, status, page=page)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a picture, the run has what it draws
            self._say(f"The report is not up to date: {error}\nWrite it later: ioa report {self._run.run_id}")
        if page:
            self._drawn = time.monotonic()
            self._seconds = self._drawn - begun


def write_report(run: RunDirectory, status: str, *, page: bool = True) -> Summary:
    """Write `summary.json`, `strategies.json` and `report.html` of a run, complete or not, and return the summary.

    Args:
        run: the run; parts that it has not reached yet are left out.
        status: `running`, `interrupted`, `failed`, `out of budget`, `paused` or `finished`.
        page: whether `report.html` is drawn, which takes most of the time.

    Raises:
        UserError: a file of the run cannot be read as what it should be.
    """
    facts = read_facts(run, status)
    summary = summarise(facts)
    write_record(run.summary, summary)
    if facts.strategies is not None:
        write_record(run.strategies, facts.strategies)
    if page:
        from ioa.results.report.page import render_page

        write_text(run.report, render_page(facts, summary))
    return summary
