"""What says whether a reply is right: the scorers, one port for all of them."""

from ioa.training.exams.scorers.registry import GROUP, Scorers, default_scorer, open_scorer, scorer_names
from ioa.training.exams.scorers.scorer import Progress, Scorer, ScorerContext, ScorerFactory, ScoringError

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
