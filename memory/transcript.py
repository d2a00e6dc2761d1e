"""The transcript: every call of a teacher, as it was asked and as it was answered."""

import hashlib
import json
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from ioa.memory.files import append_records, read_lines, read_records
from ioa.memory.records import Record
from ioa.memory.redaction import redact_strings

SCHEMA_VERSION = 1


class Message(Record):
    """One message of a prompt."""

    role: str
    """`system`, `user` or `assistant`."""
    content: str


class Tokens(Record):
    """Tokens of a call, as the provider reports them."""

    input: int = Field(default=0, ge=0)
    output: int = Field(default=0, ge=0)
    estimated: bool = False
    """True where the provider reported nothing and four characters were taken for a token."""


class CallContext(Record):
    """Where in the run a call was made: the fields by which a transcript is filtered."""

    node: str
    """Node of the graph; `score` for the judge, whose verdicts the examinations of all nodes ask for."""
    agent: str
    """`diagnoser`, `planner`, `adapter`, `verifier`, `examinee` or `judge`."""
    task: str
    """What was asked of the teacher; the prompt file's name."""
    stage: int | None = None
    round: int | None = None
    module: str | None = None
    strategies: tuple[str, ...] = ()
    batch: str | None = None
    """The request of the Adapter that this call serves."""


class TranscriptEvent(Record):
    """One attempt at one call."""

    schema_version: int = SCHEMA_VERSION
    id: str
    """Hash of what was asked and where, with `.2`, `.3` for the same asked again: two runs of one config give
    their events the same ids, although calls in flight together are answered in any order."""
    time: str
    """When the answer came, ISO 8601, UTC."""
    context: CallContext
    teacher: str
    """Spec of the teacher, `provider:model`."""
    attempt: int = Field(default=1, ge=1)
    """1, or 2 where the teacher was asked to repair an answer that could not be read."""
    messages: tuple[Message, ...]
    reply: str
    reasoning: str = ""
    """What a reasoning model thought before it answered; never taught."""
    parsed: Any = None
    """The reply as structured data; none where it could not be read."""
    error: str = ""
    """Why the reply could not be used; empty where it could."""
    category: str = ""
    """The same in a word or two, for counting."""
    answered: bool = True
    """False where no reply came: the attempt failed on the way."""
    ledger: bool = False
    """Whether the reply was paid for before, or by another call in flight."""
    tokens: Tokens = Tokens()
    cost: float | None = Field(default=0.0, ge=0)
    """US dollars by the price list; 0 where it came from the ledger, none where the price is not known."""
    seconds: float = Field(default=0.0, ge=0)
    """From sending the request to having the whole reply."""

    @property
    def paid(self) -> bool:
        """Whether it cost something: an answer that was not in the ledger, or an attempt that may be billed."""
        return not self.ledger and (self.answered or self.tokens.input > 0)


class Transcript:
    """An append-only log of `TranscriptEvent`s; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._seen = Counter(json.loads(line)["id"].partition(".")[0] for _, line in read_lines(path))

    def record(
        self, *, context: CallContext, messages: tuple[Message, ...], attempt: int = 1, **fields: Any
    ) -> TranscriptEvent:
        """Append an event, named and stamped here and with secrets struck out; return it as written."""
        asked = [context.model_dump(mode="json"), [message.model_dump() for message in messages], attempt]
        if not fields.get("answered", True):
            asked.append("failed")  # so that bad weather does not change the ids of the answers
        name = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:10]
        with self._lock:
            self._seen[name] += 1
            count = self._seen[name]
            event = TranscriptEvent(
                id=name if count == 1 else f"{name}.{count}",
                time=datetime.now(UTC).isoformat(timespec="milliseconds"),
                context=context,
                messages=messages,
                attempt=attempt,
                **fields,
            )
            told = event.model_dump(mode="json")
            safe = redact_strings(told)
            if safe != told:
                event = TranscriptEvent.model_validate(safe)
            append_records(self._path, [event], sync=False)  # an event a call: only a power cut can lose it
        return event

    def events(self) -> list[TranscriptEvent]:
        """All events so far, oldest first."""
        return read_records(self._path, TranscriptEvent)
