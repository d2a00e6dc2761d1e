"""What a person sees after a run: `report.html`, `summary.json` and the closing table."""

import json

from ioa.memory.files import write_record, write_text
from ioa.memory.run_dir import RunDirectory
from ioa.results.facts import read_facts
from ioa.results.summary import ModuleSummary, Summary, build_summary, summarise
from ioa.results.terminal.closing_table import closing_table

__all__ = ["ModuleSummary", "Summary", "build_summary", "closing_table", "last_status", "write_report"]


def last_status(run: RunDirectory) -> str:
    """The run's status as `summary.json` last had it; `running` where there is none that can be read."""
    try:
        return str(json.loads(run.summary.read_bytes())["status"])
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return "running"


def write_report(run: RunDirectory, status: str) -> Summary:
    """Write `summary.json`, `strategies.json` and `report.html` of a run, complete or not, and return the summary.

    Args:
        run: the run; parts that it has not reached yet are left out.
        status: `running`, `interrupted`, `failed` or `finished`.

    Raises:
        UserError: a file of the run cannot be read as what it should be.
    """
    from ioa.results.report.page import render_page

    facts = read_facts(run, status)
    summary = summarise(facts)
    write_record(run.summary, summary)
    if facts.strategies is not None:
        write_record(run.strategies, facts.strategies)
    write_text(run.report, render_page(facts, summary))
    return summary
