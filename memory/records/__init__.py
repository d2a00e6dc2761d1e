"""The frozen records that every part of the program shares.

They are what the agents leave in the run directory and what the report is drawn from, so each field says
its unit and its range. Nothing here does any work beyond a closed formula.
"""

from ioa.memory.records.assessment import Assessment, GateResult, Note, Verdict
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
from ioa.memory.records.domain import Domain, Filter, Generator, Level, Module, Probe, Source, Split, Written
from ioa.memory.records.items import BankItem, Decomposition, Merged, RefusedItem, SourceItem
from ioa.memory.records.lessons import (
    Difficulty,
    Example,
    Kind,
    ObservedDifficulty,
    Refusal,
    RefusalReason,
    Remedy,
    Strategy,
    TaughtLesson,
)
from ioa.memory.records.record import Record, Unit
from ioa.memory.records.scores import Attempt, Grade, ItemResult, Replied, Score, wilson
from ioa.memory.records.strategies import StrategyEffect, StrategyRecord, StrategyUse

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
    "Undecided",
    "Unit",
    "Verdict",
    "Written",
    "WrongAnswer",
    "wilson",
]
