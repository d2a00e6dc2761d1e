"""Looking at runs: which there are, what one did, how two of them differ. Nothing here changes a run."""

from ioa.results.run_cards import RunCard, list_runs, read_card
from ioa.results.selection import Selection, searchable

__all__ = ["RunCard", "Selection", "list_runs", "read_card", "searchable"]
