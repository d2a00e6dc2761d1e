"""What was asked of the teachers and what it cost: the one sum of it, whole, by agent, stage and module."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from ioa.memory.files import read_lines_from
from ioa.memory.records import Record
from ioa.memory.transcript.events import AttemptEvent, Tokens, is_paid

_LINE_END = re.compile(
    rb'"answered":(true|false),"ledger":(true|false),"tokens":\{"input":(\d+),"output":(\d+),"estimated":(?:true|false)\},'
    rb'"cost":([^,}]+)(?:,"seconds":[^,}]+)?\}\s*$'
)
"""What a call cost stands at the end of its line; no text of a model can look like it, because quotes in text are
escaped."""


class Spending(Record):
    """Calls of one kind, added up; what came from the ledger is counted and not paid."""

    name: str
    """The agent, stage or module; `-` where calls belong to none."""
    attempts: int
    """Attempts at calls, repairs included, that were not answered from the ledger."""
    calls: int
    """Of these, attempts that were answered and paid for, or ran into their deadline and may be billed."""
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
        attempts=sum(not event.ledger for event in everything),
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


def scan_spending(transcript: Path) -> Spending:
    """What a transcript says was paid, from the ends of its lines.

    30 MB of texts need not be parsed for a few numbers; `failed`, which stands elsewhere in a line, is 0.
    """
    attempts = calls = ledger = sent = received = 0
    usd: float | None = 0.0
    for _, line, _ in read_lines_from(transcript, 0, 0):
        found = _LINE_END.search(line[-400:])
        if found is None:
            continue
        answered, kept, asked = found[1] == b"true", found[2] == b"true", int(found[3])
        ledger += kept
        attempts += not kept
        if is_paid(ledger=kept, answered=answered, sent=asked):
            calls += 1
            sent, received = sent + asked, received + int(found[4])
            usd = None if usd is None or found[5] == b"null" else usd + float(found[5])
    tokens = Tokens(input=sent, output=received)
    return Spending(name="all", attempts=attempts, calls=calls, ledger=ledger, failed=0, tokens=tokens, usd=usd)
