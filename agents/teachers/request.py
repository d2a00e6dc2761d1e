"""What a teacher is asked, and an attempt that came to nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ioa.agents.teachers.budget import NO_PURPOSE, Purpose
from ioa.agents.teachers.provider_faults import Fault
from ioa.memory.transcript import Message, Tokens


@dataclass(frozen=True)
class Failure:
    """An attempt that came to nothing."""

    teacher: str
    """Spec."""
    fault: Fault
    seconds: float = 0.0
    billed: Tokens = field(default_factory=Tokens)
    """What the provider may charge for it all the same, estimated."""
    usd: float | None = 0.0
    """The same in US dollars; none where the price is not known."""


@dataclass(frozen=True)
class Request:
    """One thing to ask, whoever is asked."""

    prompt: tuple[Message, ...]
    schema: Mapping[str, Any]
    """JSON Schema of the reply."""
    max_tokens: int | None = None
    """Limit of this reply; none for the teacher's own."""
    on_fault: Callable[[Failure], None] = field(default=lambda _: None)
    """Told of every attempt that failed."""
    purpose: Purpose = NO_PURPOSE
    """What it is for, to the budget."""
    on_send: Callable[[], None] = field(default=lambda: None)
    """Told just before an attempt is sent."""
