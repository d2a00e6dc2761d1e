"""The pages of a run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RunPage:
    """A page of a run; its module builds it."""

    name: str
    """In the address; empty for the first."""
    title: str
    module: str
    """With a `build` as `ioa.results.view.run_data.RunData` says."""


PAGES = (
    RunPage("", "Overview", "ioa.results.view.overview_page"),
    RunPage("transcript", "Transcript", "ioa.results.view.transcript_page"),
    RunPage("examples", "Lessons", "ioa.results.view.examples_page"),
    RunPage("probes", "Examination", "ioa.results.view.probes_page"),
)
