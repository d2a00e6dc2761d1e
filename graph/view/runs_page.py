"""The list of runs."""

from ioa.graph.view.data import Runs
from ioa.graph.view.elements import address, link, problem, say


async def build(runs: Runs) -> None:
    """Make the page."""
    cards = await runs.cards()
    if not cards:
        problem(f"There is no run in {runs.runs_dir} yet. Begin one: ioa run arithmetic")
    for card in cards:
        link(card.run_id, address(card.run_id))
        say(card.status, "muted")
