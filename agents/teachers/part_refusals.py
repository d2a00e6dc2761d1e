"""Finding out which part of a request a server refuses, by leaving out one at a time.

No words of a complaint have to be known for it; those that name a part only decide which one is tried first.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ioa.agents.teachers.answer import Answer
from ioa.agents.teachers.dialect import WEAKNESS, Dialect, Lesser
from ioa.agents.teachers.provider_faults import AttemptError, Fault, FaultKind

MOST_TRIALS = 24
"""Requests that one search sends at most."""
MOST_SEARCHES = 4
"""Searches in vain after which only a part that a complaint names is left out."""

_REFUSALS = {FaultKind.BAD_REQUEST, FaultKind.CONTEXT, FaultKind.UNKNOWN_MODEL}
"""What a server that refuses a part may be taken to say; of the last two only with the name of a part."""
_SURE_CONTEXT = re.compile(r"context_length_exceeded", re.IGNORECASE)


@dataclass
class Learned:
    """What the server at one address was found not to accept of a model's requests, by whoever asked it."""

    form: str = ""
    """The strictest form that it takes; empty where none was refused."""
    temperature: bool = True
    system: bool = True
    limit: str = ""
    without: frozenset[str] = frozenset()
    address: str = ""
    """Where it was found to answer; empty for where it was said to."""

    def applied(self, dialect: Dialect) -> Dialect:
        """A dialect without what is refused."""
        form = max((dialect.form, type(dialect.form)(self.form or dialect.form)), key=WEAKNESS.index)
        return replace(
            dialect,
            form=form,
            temperature=dialect.temperature if self.temperature else None,
            system=dialect.system and self.system,
            limit=self.limit or dialect.limit,
            without=dialect.without | self.without,
        )

    def learn(self, before: Dialect, after: Dialect) -> None:
        """Remember what the second dialect leaves out of the first."""
        if after.form is not before.form:
            self.form = after.form.value
        self.temperature = self.temperature and not (before.temperature is not None and after.temperature is None)
        self.system = self.system and after.system
        self.limit = after.limit
        self.without |= after.without


@dataclass(frozen=True)
class Found:
    """A request that was answered with less in it."""

    answer: Answer
    dialect: Dialect
    left_out: tuple[Lesser, ...]
    doubtful: tuple[Lesser, ...] = ()
    """What was left out on the way, though no complaint named it."""


@dataclass
class PartSearch:
    """The parts of one request, and a way to send it with fewer of them."""

    send: Callable[[Dialect], Awaitable[Answer]]
    """Raises `AttemptError`."""
    lesser: Callable[[Dialect], list[Lesser]]
    accepted: Callable[[Lesser], bool]
    """Whether the part was in a request that was answered before: then it is left out only where it is named."""
    named_only: bool = False
    """Whether only parts that a complaint names may be left out."""
    trials: int = field(default=MOST_TRIALS, init=False)

    async def run(self, dialect: Dialect, fault: Fault) -> Found | None:
        """The request answered without a part, or without as few as need be; none where that does not help.

        Raises:
            AttemptError: a fault of another kind was in the way.
        """
        found = await self._one_by_one(dialect, fault)
        if found is None and not self.named_only:
            found = await self._bare(dialect)
        return await self._with_as_much_as_may_be(dialect, found) if found is not None else None

    async def _one_by_one(self, dialect: Dialect, fault: Fault) -> Found | None:
        """Without one part; where the complaint changes then, without that one and another."""
        left_out, doubtful, tried = list[Lesser](), list[Lesser](), {dialect}
        while self.trials > 0:
            one = self._suspect(dialect, fault, tried)
            if one is None:
                return None
            tried.add(one.dialect)
            outcome = await self._try(one.dialect, fault)
            if isinstance(outcome, Answer):
                return Found(outcome, one.dialect, (*left_out, one), tuple(doubtful))
            if complaint(outcome) != complaint(fault):
                doubtful += [] if one.named_in(fault.message) else [one]
                left_out.append(one)
                dialect, fault = one.dialect, outcome
        return None

    def _suspect(self, dialect: Dialect, fault: Fault, tried: set[Dialect]) -> Lesser | None:
        """What to leave out next: what is named first, and nothing that is known to be accepted unless it is named."""
        left = [one for one in self.lesser(dialect) if one.dialect not in tried]
        named = [one for one in left if one.named_in(fault.message)]
        others = [] if self.named_only else [one for one in left if not self.accepted(one)]
        return next(iter([*named, *others]), None)

    async def _bare(self, dialect: Dialect) -> Found | None:
        """Without any of them, where several are refused in the same words."""
        left_out: list[Lesser] = []
        while less := self.lesser(dialect):
            left_out.append(less[-1])
            dialect = less[-1].dialect
        if len({one.part for one in left_out}) < 2 or self.trials <= 0 or all(map(self.accepted, left_out)):
            return None
        outcome = await self._try(dialect, None)
        return Found(outcome, dialect, tuple(left_out), tuple(left_out)) if isinstance(outcome, Answer) else None

    async def _with_as_much_as_may_be(self, whole: Dialect, found: Found) -> Found:
        """Take back what was left out on the way without being at fault."""
        for one in tuple({one.part: one for one in found.doubtful}.values()):
            back = _with_part(found.dialect, whole, one)
            if back == found.dialect or self.trials <= 0:
                continue
            try:
                outcome = await self._try(back, None)
            except AttemptError:
                break
            if isinstance(outcome, Answer):
                found = Found(outcome, back, tuple(other for other in found.left_out if other.part != one.part))
        return found

    async def _try(self, dialect: Dialect, fault: Fault | None) -> Answer | Fault:
        self.trials -= 1
        try:
            return await self.send(dialect)
        except AttemptError as error:
            refused = error.fault.kind in _REFUSALS or (fault is not None and error.fault.kind is fault.kind)
            if not refused:
                raise
            return error.fault


def may_be_a_part(fault: Fault, lesser: list[Lesser]) -> bool:
    """Whether a fault may be about a part of the request rather than about all of it."""
    if fault.kind is FaultKind.BAD_REQUEST:
        return bool(lesser)
    if fault.kind is FaultKind.BROKEN_OFF and fault.reply:
        return False
    if fault.kind not in {*_REFUSALS, FaultKind.SERVER, FaultKind.BROKEN_OFF}:
        return False
    named = {one.part for one in lesser if one.named_in(fault.message)}
    # Of an overflow, the limit of the reply may be what is too long: servers reserve room for it.
    return bool(named & {"limit"} if _SURE_CONTEXT.search(fault.message) else named)


def complaint(fault: Fault) -> str:
    """What a fault says, without the numbers that differ from request to request."""
    return re.sub(r"[0-9a-f]*\d[0-9a-f]*|[^\w\s]", "#", f"{fault.kind}: {fault.message}".lower())


def _with_part(dialect: Dialect, whole: Dialect, one: Lesser) -> Dialect:
    same: Mapping[str, Any] = {
        "schema": {"form": whole.form},
        "temperature": {"temperature": whole.temperature},
        "limit": {"limit": whole.limit},
        "system": {"system": whole.system},
    }
    return replace(dialect, **same.get(one.part, {"without": dialect.without - {one.part}}))
