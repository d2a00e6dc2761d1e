"""The frozen records that every part of the program shares.

They are what the agents leave in the run directory and what the report is drawn from, so each field says
its unit and its range. Nothing here does any work beyond a closed formula.
"""

from ioa.memory.records.assessment import Assessment, GateResult, Note, Verdict
from ioa.memory.records.base import Record, Unit
from ioa.memory.records.curriculum import Curriculum, Requirement, Revision, Stage
from ioa.memory.records.diagnosis import (
    Agreement,
    BrokenEdge,
    Diagnosis,
    Edge,
    Gap,
    Misconception,
    WrongAnswer,
)
from ioa.memory.records.domain import Domain, Filter, Generator, Module, Probe, Split
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
from ioa.memory.records.scores import ItemResult, Score
from ioa.memory.records.strategies import StrategyEffect, StrategyRecord, StrategyUse

__all__ = [
    "Agreement",
    "Assessment",
    "BrokenEdge",
    "Curriculum",
    "Diagnosis",
    "Difficulty",
    "Domain",
    "Edge",
    "Example",
    "Filter",
    "Gap",
    "GateResult",
    "Generator",
    "ItemResult",
    "Kind",
    "Misconception",
    "Module",
    "Note",
    "ObservedDifficulty",
    "Probe",
    "Record",
    "Refusal",
    "RefusalReason",
    "Remedy",
    "Requirement",
    "Revision",
    "Score",
    "Split",
    "Stage",
    "Strategy",
    "StrategyEffect",
    "StrategyRecord",
    "StrategyUse",
    "TaughtLesson",
    "Unit",
    "Verdict",
    "WrongAnswer",
]
