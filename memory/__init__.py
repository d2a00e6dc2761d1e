"""What is remembered: the records everybody shares, the run's folder, the lessons, the transcript."""

from typing import TYPE_CHECKING

from ioa.memory.moved import find_moved_modules
from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.memory.clock import Clock
    from ioa.memory.embedding import open_embedder
    from ioa.memory.errors import Stopped, UserError
    from ioa.memory.records import (
        Assessment,
        Curriculum,
        Diagnosis,
        Domain,
        Example,
        GateResult,
        ItemResult,
        Measured,
        Module,
        Note,
        Prerequisites,
        Probe,
        Refusal,
        RefusalReason,
        Remedy,
        Score,
        Split,
        Stage,
        Verdict,
    )
    from ioa.memory.rounds import Rounds
    from ioa.memory.run_dir import RunDirectory
    from ioa.memory.store import Collision, ExampleStore
    from ioa.memory.training_log import LossPoint, TrainingLog
    from ioa.memory.transcript import Transcript, TranscriptEvent, read_frame
else:
    import_when_used(__name__)

find_moved_modules()

__all__ = [
    "Assessment",
    "Clock",
    "Collision",
    "Curriculum",
    "Diagnosis",
    "Domain",
    "Example",
    "ExampleStore",
    "GateResult",
    "ItemResult",
    "LossPoint",
    "Measured",
    "Module",
    "Note",
    "Prerequisites",
    "Probe",
    "Refusal",
    "RefusalReason",
    "Remedy",
    "Rounds",
    "RunDirectory",
    "Score",
    "Split",
    "Stage",
    "Stopped",
    "TrainingLog",
    "Transcript",
    "TranscriptEvent",
    "UserError",
    "Verdict",
    "open_embedder",
    "read_frame",
]
