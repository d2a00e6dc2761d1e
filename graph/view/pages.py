"""The pages of a run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RunPage:
    """A page of a run; its module builds it."""

    name: str
    """In the address; empty for the first."""
    title: str
    module: str
    """With a `build` as `ioa.graph.view.data.RunData` says."""


PAGES = (
    RunPage("", "Overview", "ioa.graph.view.overview_page"),
    RunPage("transcript", "Transcript", "ioa.graph.view.transcript_page"),
    RunPage("examples", "Lessons", "ioa.graph.view.examples_page"),
    RunPage("probes", "Examination", "ioa.graph.view.probes_page"),
)
