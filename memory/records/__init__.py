"""The frozen records that every part of the program shares.

They are what the agents leave in the run directory and what the report is drawn from, so each field says
its unit and its range. Nothing here does any work beyond a closed formula.
"""

from ioa.memory.records.assessment import Assessment, GateResult, Note
from ioa.memory.records.base import Record, Unit
from ioa.memory.records.curriculum import Curriculum, Requirement, Stage
from ioa.memory.records.diagnosis import BrokenEdge, Diagnosis, Edge, Gap, Misconception
from ioa.memory.records.domain import Domain, Filter, Generator, Level, Module, Probe, Source, Split, Written
from ioa.memory.records.items import BankItem, Decomposition, Merged, RefusedItem, SourceItem
from ioa.memory.records.lessons import Difficulty, Example, Kind, Refusal, RefusalReason, Remedy, Strategy
from ioa.memory.records.scores import Z_95, ItemResult, Score

__all__ = [
    "Z_95",
    "Assessment",
    "BankItem",
    "BrokenEdge",
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
    "ItemResult",
    "Kind",
    "Level",
    "Merged",
    "Misconception",
    "Module",
    "Note",
    "Probe",
    "Record",
    "Refusal",
    "RefusalReason",
    "RefusedItem",
    "Remedy",
    "Requirement",
    "Score",
    "Source",
    "SourceItem",
    "Split",
    "Stage",
    "Strategy",
    "Unit",
    "Written",
]
