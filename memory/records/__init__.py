"""The frozen records that every part of the program shares.

They are what the agents leave in the run directory and what the report is drawn from, so each field says
its unit and its range. Nothing here does any work beyond a closed formula.
"""

from typing import TYPE_CHECKING

from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.memory.records.curriculum import Curriculum, Requirement, Revision, Stage
    from ioa.memory.records.diagnosis import (
        Agreement,
        BrokenEdge,
        Claim,
        Diagnosis,
        Edge,
        Gap,
        Measured,
        Misconception,
        Prerequisites,
        Undecided,
        WrongAnswer,
    )
    from ioa.memory.records.domain import (
        BankItem,
        Decomposition,
        Domain,
        Filter,
        Generator,
        Level,
        Merged,
        Module,
        Probe,
        RefusedItem,
        Source,
        SourceItem,
        Split,
        Written,
    )
    from ioa.memory.records.lessons import (
        Difficulty,
        Example,
        Kind,
        ObservedDifficulty,
        Refusal,
        RefusalReason,
        Remedy,
        Strategy,
        StrategyEffect,
        StrategyRecord,
        StrategyUse,
        TaughtLesson,
        Teaching,
    )
    from ioa.memory.records.record import Record, Unit
    from ioa.memory.records.scores import (
        Assessment,
        Attempt,
        GateResult,
        Grade,
        ItemResult,
        Note,
        Replied,
        Score,
        Verdict,
        sum_unread,
        unread_note,
        wilson,
    )
else:
    import_when_used(__name__)

__all__ = [
    "Agreement",
    "Assessment",
    "Attempt",
    "BankItem",
    "BrokenEdge",
    "Claim",
    "Curriculum",
    "Decomposition",
    "Diagnosis",
    "Difficulty",
    "Domain",
    "Edge",
    "Example",
    "Filter",
    "Gap",
    "GateResult",
    "Generator",
    "Grade",
    "ItemResult",
    "Kind",
    "Level",
    "Measured",
    "Merged",
    "Misconception",
    "Module",
    "Note",
    "ObservedDifficulty",
    "Prerequisites",
    "Probe",
    "Record",
    "Refusal",
    "RefusalReason",
    "RefusedItem",
    "Remedy",
    "Replied",
    "Requirement",
    "Revision",
    "Score",
    "Source",
    "SourceItem",
    "Split",
    "Stage",
    "Strategy",
    "StrategyEffect",
    "StrategyRecord",
    "StrategyUse",
    "TaughtLesson",
    "Teaching",
    "Undecided",
    "Unit",
    "Verdict",
    "Written",
    "WrongAnswer",
    "sum_unread",
    "unread_note",
    "wilson",
]
