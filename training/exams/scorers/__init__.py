"""What says whether a reply is right: the scorers, one port for all of them."""

from typing import TYPE_CHECKING

from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.training.exams.scorers.registry import Scorers, open_scorer
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
    from ioa.training.exams.scorers.scorer_naming import GROUP, PLUGIN, default_scorer, refuse_file, scorer_names
else:
    import_when_used(__name__)

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
