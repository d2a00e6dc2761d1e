"""Writing the transcript."""

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from ioa.memory.files import append_records
from ioa.memory.records import Note
from ioa.memory.redaction import redact, redact_strings
from ioa.memory.transcript.events import AttemptEvent, CallContext, DecisionEvent, Event, Message
from ioa.memory.transcript.reader import read_attempts, read_transcript

E = TypeVar("E", bound=Event)
_DIGITS = 10
"""Of an event's id, 40 bits: short enough to be typed, and two of 100,000 events are the same in 1 run of 200."""


@dataclass
class Visit:
    """A visit to a node that is under way; what it comes to is filled in before it ends."""

    context: CallContext
    read: Mapping[str, Any]
    wrote: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[Note] = ()
    lines: list[str] = field(default_factory=list)
    """What is to be told about it."""

    @property
    def id(self) -> str:
        """Of its decision; the same when an interrupted visit is made again."""
        return _name(["visit", self.context.model_dump(mode="json"), dict(self.read)])


_UNDER_WAY: ContextVar[Visit | None] = ContextVar("visit", default=None)
"""The visit that a call is made in. Not an attribute of the log: several threads are on visits at the same time, and
the event loop takes the context of who asks along with each call."""


def _parent() -> str:
    visit = _UNDER_WAY.get()
    return visit.id if visit else ""


class Transcript:
    """An append-only log of attempts and decisions; safe to use from several threads."""

    def __init__(self, path: Path, run: str = "") -> None:
        """Open the log of a run.

        Args:
            path: The file, made when something is written.
            run: Id of the run, written into each line.

        Raises:
            UserError: a complete line of the file is no event.
        """
        self._path = path
        self._run = run
        self._lock = threading.Lock()
        self._seen = Counter(event.id.partition(".")[0] for event in read_transcript(path))

    def record(
        self,
        *,
        context: CallContext,
        messages: tuple[Message, ...],
        attempt: int = 1,
        parent: str = "",
        **fields: Any,
    ) -> AttemptEvent:
        """Append an attempt, named and stamped here; return it as written.

        Secrets are struck out of what was asked and of errors, never of what the model said.

        Args:
            context: Where it was made.
            messages: What was asked.
            attempt: Number of it.
            parent: The attempt that it repairs; else it belongs to the visit that is under way.
            fields: The others of `AttemptEvent`.
        """
        asked = [context.model_dump(mode="json"), [message.model_dump() for message in messages], attempt]
        if not fields.get("answered", True):
            asked.append("failed")  # so that failures on the way do not change the ids of the answers
        name = _name(asked)
        with self._lock:
            self._seen[name] += 1
            count = self._seen[name]
            event = AttemptEvent(
                run=self._run,
                id=name if count == 1 else f"{name}.{count}",
                parent=parent or _parent(),
                time=_now(),
                context=context,
                messages=messages,
                attempt=attempt,
                **fields,
            )
            return self._append([event])[0]

    @contextmanager
    def visit(self, context: CallContext, read: Mapping[str, Any]) -> Iterator[Visit]:
        """Take what is asked in the block for part of a visit to a node, and append what that came to at its end.

        A visit that ends in an exception has come to nothing, and one that was written down before the run was killed
        is not written again.

        Args:
            context: Node, agent, and where in the run.
            read: The state as the node found it.
        """
        visit, before, began = Visit(context, read), _parent(), time.monotonic()
        entered = _UNDER_WAY.set(visit)
        try:
            yield visit
        finally:
            _UNDER_WAY.reset(entered)
        self._decide(
            DecisionEvent(
                id=visit.id,
                parent=before,
                time=_now(),
                context=context,
                seconds=time.monotonic() - began,
                read=dict(read),
                wrote=dict(visit.wrote),
                notes=tuple(visit.notes),
                text="\n".join(visit.lines),
            )
        )

    def judge(self, lessons: Iterable[tuple[CallContext, str, str, str, str]]) -> None:
        """Append what was decided about lessons; what is there already is not written again.

        Args:
            lessons: (where, id of the lesson, id of the attempt in which it was written, category, why) of each; the
                last two are empty of an accepted lesson.
        """
        self._decide(
            *(
                DecisionEvent(
                    id=_name(["lesson", subject]),
                    parent=parent,
                    time=_now(),
                    context=context,
                    subject=subject,
                    error=why,
                    category=category,
                    text=f"refused: {why}" if why else "accepted",
                )
                for context, subject, parent, category, why in lessons
            )
        )

    def _decide(self, *decisions: DecisionEvent) -> None:
        with self._lock:
            new = [one.model_copy(update={"run": self._run}) for one in decisions if not self._seen[one.id]]
            self._seen.update(one.id for one in new)
            self._append(new)

    def _append(self, events: Sequence[E]) -> list[E]:
        safe = [_safe(event) for event in events]
        append_records(self._path, safe, sync=False)  # an event a call: only a power cut can lose it
        return safe

    def attempts(self) -> list[AttemptEvent]:
        """All attempts so far, oldest first."""
        return read_attempts(self._path)


_SAID = {"reply", "reasoning", "parsed"}
"""Of an attempt: what the model said, which is kept word for word."""


def _safe(event: E) -> E:
    said = _SAID if isinstance(event, AttemptEvent) else set[str]()
    told = event.model_dump(mode="json", exclude=said)
    safe = redact_strings(told)
    if isinstance(event, AttemptEvent) and event.error:
        safe["error"] = redact(event.error)
    return event if safe == told else type(event).model_validate({**event.model_dump(mode="json"), **safe})


def _name(what: Any) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:_DIGITS]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
