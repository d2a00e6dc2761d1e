"""The transcript of a run: what was asked, what was answered, and what was decided by it."""

from typing import TYPE_CHECKING

from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.memory.transcript.data_frame import read_frame
    from ioa.memory.transcript.events import (
        SCHEMA_VERSION,
        AttemptEvent,
        CallContext,
        DecisionEvent,
        Event,
        Message,
        Tokens,
        TranscriptEvent,
    )
    from ioa.memory.transcript.log import Transcript, Visit
    from ioa.memory.transcript.reader import TranscriptReader, read_attempts, read_decisions, read_transcript
else:
    import_when_used(__name__)

__all__ = [
    "SCHEMA_VERSION",
    "AttemptEvent",
    "CallContext",
    "DecisionEvent",
    "Event",
    "Message",
    "Tokens",
    "Transcript",
    "TranscriptEvent",
    "TranscriptReader",
    "Visit",
    "read_attempts",
    "read_decisions",
    "read_frame",
    "read_transcript",
]
