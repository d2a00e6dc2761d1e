"""Which events of a transcript a person wants to see."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from ioa.memory.errors import UserError
from ioa.memory.transcript import AttemptEvent, TranscriptEvent


@dataclass(frozen=True)
class Selection:
    """A choice of events: every filter that is given must match."""

    agent: str | None = None
    node: str | None = None
    stage: int | None = None
    round: int | None = None
    module: str | None = None
    kind: Literal["attempt", "decision"] | None = None
    rejected: bool = False
    """Only what could not be used."""
    grep: str = ""
    """Case-insensitive; a regular expression."""
    literal: bool = False
    """Whether `grep` is the text itself instead."""
    event: str | None = None
    """Only the event of that id."""
    family: bool = False
    """With `event`: its parent and its children too."""
    parent: str = ""
    """Id of that parent; `with_parent` finds it."""

    def __post_init__(self) -> None:
        """See that the regular expression is one.

        Raises:
            UserError: it is not.
        """
        _ = self._pattern

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        try:
            return re.compile(re.escape(self.grep) if self.literal else self.grep, re.IGNORECASE | re.MULTILINE)
        except re.error as error:
            raise UserError(
                f"{self.grep!r} is not a regular expression ({error}). "
                r"Put a backslash before what is meant as it stands: \( \[ \. \* \+ \?"
            ) from error

    def for_event(self, event: TranscriptEvent) -> "Selection":
        """The same with its event and, where the family is wanted, its parent named in full."""
        return replace(self, event=event.id, parent=event.parent)

    def with_parent(self, events: Iterable[TranscriptEvent]) -> "Selection":
        """The same with the parent of its event looked up, where the family is wanted."""
        if not (self.family and self.event):
            return self
        found = next((event for event in events if event.id == self.event), None)
        return self.for_event(found) if found else self

    def matches(self, event: TranscriptEvent) -> bool:
        """Whether the event is wanted."""
        context = event.context
        pairs = (
            (self.agent, context.agent),
            (self.node, context.node),
            (self.stage, context.stage),
            (self.round, context.round),
            (self.module, context.module),
            (self.kind, event.kind),
        )
        if any(wanted not in {None, found} for wanted, found in pairs):
            return False
        if self.rejected and not event.rejected:
            return False
        return self._named(event) and (not self.grep or bool(self._pattern.search(searchable(event))))

    def _named(self, event: TranscriptEvent) -> bool:
        if self.event is None or event.id == self.event:
            return True
        return self.family and (event.parent == self.event or (self.parent != "" and event.id == self.parent))


def searchable(event: TranscriptEvent) -> str:
    """All text in an event, as a person would search it."""
    if isinstance(event, AttemptEvent):
        texts = [*(message.content for message in event.messages), event.reasoning, event.reply]
    else:
        states = (json.dumps(state, ensure_ascii=False) for state in (event.read, event.wrote) if state)
        texts = [*(note.text for note in event.notes), event.subject, *states, event.text]
    context = event.context
    where = (event.id, context.agent, context.node, context.task, context.module or "", context.batch or "")
    return "\n".join([*where, *texts, event.category, event.error])
