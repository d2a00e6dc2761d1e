"""What says whether a reply is right: the scorers, one port for all of them."""

from ioa.training.scorers.base import Progress, Scorer, ScorerContext, ScorerFactory, ScoringError
from ioa.training.scorers.registry import GROUP, Scorers, default_scorer, open_scorer, scorer_names

__all__ = [
    "GROUP",
    "Progress",
    "Scorer",
    "ScorerContext",
    "ScorerFactory",
    "Scorers",
    "ScoringError",
    "default_scorer",
    "open_scorer",
    "scorer_names",
]
