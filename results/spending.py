"""What the teachers were paid, by agent, stage and module."""

from collections import Counter
from collections.abc import Callable, Iterable

from ioa.memory.records import Record
from ioa.memory.transcript import AttemptEvent, Tokens


class Spending(Record):
    """Calls of one kind, added up; what came from the ledger is counted and not paid."""

    name: str
    """The agent, stage or module; `-` where calls belong to none."""
    calls: int
    """Attempts that were answered and paid for, or ran into their deadline and may be billed."""
    ledger: int
    """Answers that had been paid for before."""
    failed: int
    """Attempts without an answer, and answers that could not be used."""
    tokens: Tokens
    """Of what was paid for."""
    usd: float | None
    """By the price list; none where a price is not known."""


def add_tokens(parts: Iterable[Tokens]) -> Tokens:
    """The sum of several calls' tokens; estimated where any of them is."""
    total = Tokens()
    for part in parts:
        total = Tokens(
            input=total.input + part.input,
            output=total.output + part.output,
            estimated=total.estimated or part.estimated,
        )
    return total


def spend(name: str, events: Iterable[AttemptEvent]) -> Spending:
    """Add up these events."""
    everything = list(events)
    paid = [event for event in everything if event.paid]
    costs = [event.cost for event in paid]
    known = [cost for cost in costs if cost is not None]
    return Spending(
        name=name,
        calls=len(paid),
        ledger=sum(event.ledger for event in everything),
        failed=sum(bool(event.error) for event in everything),
        tokens=add_tokens(event.tokens for event in paid),
        usd=sum(known) if len(known) == len(costs) else None,
    )


def spending_by(events: Iterable[AttemptEvent], key: Callable[[AttemptEvent], str | None]) -> tuple[Spending, ...]:
    """Add up the events in groups, in the order of first occurrence."""
    groups: dict[str, list[AttemptEvent]] = {}
    for event in events:
        groups.setdefault(key(event) or "-", []).append(event)
    return tuple(spend(name, group) for name, group in groups.items())


def by_agent(events: Iterable[AttemptEvent]) -> tuple[Spending, ...]:
    """In the order in which they first spoke."""
    return spending_by(events, lambda event: event.context.agent)


def by_stage(events: Iterable[AttemptEvent]) -> tuple[Spending, ...]:
    """`-` is what was asked before the first and after the last stage."""
    return spending_by(events, lambda event: None if event.context.stage is None else f"stage {event.context.stage}")


def by_module(events: Iterable[AttemptEvent]) -> tuple[Spending, ...]:
    """`-` is what was asked about several at once."""
    return spending_by(events, lambda event: event.context.module)


def waits(events: Iterable[AttemptEvent]) -> dict[str, float]:
    """Seconds of all attempts of each agent, added up, although several are waited for at once."""
    waited: dict[str, float] = {}
    for event in events:
        waited[event.context.agent] = waited.get(event.context.agent, 0.0) + event.seconds
    return waited


def rejections(events: Iterable[AttemptEvent]) -> dict[str, int]:
    """Attempts that came to nothing, counted by category, the commonest first."""
    counts = Counter(event.category or "unreadable" for event in events if event.error)
    return dict(counts.most_common())
