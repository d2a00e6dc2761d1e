"""What says whether a reply is right: the scorers, one port for all of them."""

from ioa.training.exams.scorers.registry import (
    GROUP,
    PLUGIN,
    Scorers,
    default_scorer,
    open_scorer,
    refuse_file,
    scorer_names,
)
from ioa.training.exams.scorers.scorer import (
    ComparingScorer,
    Progress,
    Scorer,
    ScorerContext,
    ScorerFactory,
    ScorerTraits,
    ScoringError,
    traits_of,
)

__all__ = [
    "GROUP",
    "PLUGIN",
    "ComparingScorer",
    "Progress",
    "Scorer",
    "ScorerContext",
    "ScorerFactory",
    "ScorerTraits",
    "Scorers",
    "ScoringError",
    "default_scorer",
    "open_scorer",
    "refuse_file",
    "scorer_names",
    "traits_of",
]
