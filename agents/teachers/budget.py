"""A hard limit on what a run may spend, counted over all teachers and all sittings."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ioa.agents.settings.budget import BudgetSettings
from ioa.memory.errors import Stopped
from ioa.memory.transcript.teaching_tokens import TeachingTokens

_ADVICE = "What was paid for is kept. To go on, raise it: ioa resume RUN --set budget.KEY=VALUE."


class BudgetReached(Stopped):
    """A limit of the budget is reached; the run can be resumed with a larger one."""


class TeachingSpentError(Exception):
    """One more call could go beyond `budget.teacher_tokens`; the run goes on without what it would have brought."""


@dataclass(frozen=True)
class Purpose:
    """What a call is for, as far as a budget asks."""

    teaching: str = ""
    """Node of the graph where the call is part of the teaching; empty where it is not, as in an examination."""
    answer: str = ""
    """Name of the answer: none counts twice."""


NO_PURPOSE = Purpose()


class Settle(Protocol):
    """Told what a call did cost, once it is over."""

    def __call__(self, usd: float, tokens: int, *, answered: bool = True) -> None:
        """Count it; without an answer it may be billed all the same."""
        ...


@dataclass
class Spent:
    """What calls have cost."""

    usd: float = 0.0
    tokens: int = 0
    calls: int = 0

    def add(self, usd: float, tokens: int, calls: int) -> None:
        """Count more, or less."""
        self.usd += usd
        self.tokens += tokens
        self.calls += calls


class Budget:
    """Reserves for a call before it is made, so that calls in flight together cannot go over the limit.

    All calls of a run are made on one event loop; that is where it is used.
    """

    def __init__(
        self,
        settings: BudgetSettings,
        spent: Spent | None = None,
        wall: Callable[[], float] | None = None,
        on_spent: Callable[[Spent], None] = lambda _: None,
        teaching: TeachingTokens | None = None,
    ) -> None:
        """The budget of one run.

        Args:
            settings: The limits.
            spent: What earlier sittings have spent.
            wall: Seconds the run has worked, earlier sittings included.
            on_spent: Told after each call what is spent by now.
            teaching: What earlier sittings took for teaching.
        """
        began = time.monotonic()
        self._settings = settings
        self._on_spent = on_spent
        self._wall = wall or (lambda: time.monotonic() - began)
        self.spent = spent or Spent()
        self.teaching = teaching or TeachingTokens()
        self.unasked_nodes: set[str] = set()
        """Nodes of which a call was not made in this sitting because of `teacher_tokens`."""
        self.largest_calls: dict[str, int] = {}
        """Most tokens that were set aside for a call of the teaching, by its node."""
        self._reserved = Spent()
        self._held_for_teaching = 0
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def reserve(
        self, usd: float, tokens: int, purpose: Purpose = NO_PURPOSE, most: int = 0
    ) -> AsyncIterator[Settle]:
        """Set aside what a call will probably cost, and count what it did cost.

        Where only what is set aside for calls in flight is in the way, it waits for them.

        Args:
            usd: Estimate in US dollars.
            tokens: Estimate.
            purpose: What it is for.
            most: Tokens that it will hardly exceed: what is set aside of `teacher_tokens` where it is for teaching.

        Yields:
            A function to be told the true cost; a call that fails before it is told costs nothing.

        Raises:
            BudgetReached: the call might go over a limit that stops the run.
            TeachingSpentError: it might go over `teacher_tokens`.
        """
        counts = bool(purpose.teaching) and not self.teaching.has(purpose.answer)
        for_teaching = most if counts else 0
        while not (self._fits(usd, tokens) and self._fits_teaching(for_teaching, purpose.teaching)):
            await self._changed.wait()
        self._reserved.add(usd, tokens, 1)
        self._held_for_teaching += for_teaching
        try:
            yield partial(self._settle, purpose)
        finally:
            self._reserved.add(-usd, -tokens, -1)
            self._held_for_teaching -= for_teaching
            self._changed.set()
            self._changed = asyncio.Event()

    def check_wall(self) -> None:
        """See that there is time left.

        Raises:
            BudgetReached: there is none.
        """
        limit = self._settings.wall
        if limit is not None and self._wall() > limit:
            raise BudgetReached(f"The budget is reached: the run has worked for {limit:g} seconds. {_ADVICE}")

    @property
    def teaching_left(self) -> int | None:
        """Tokens that teaching may still take; none where `teacher_tokens` sets no bound."""
        limit = self._settings.teacher_tokens
        return None if limit is None else max(0, limit - self.teaching.used)

    async def take_kept(self, tokens: int, purpose: Purpose) -> None:
        """Count an answer that lay in the ledger: of the limits only `teacher_tokens` is concerned.

        Raises:
            TeachingSpentError: it goes beyond.
        """
        if not purpose.teaching or self.teaching.has(purpose.answer):
            return
        while not self._fits_teaching(tokens, purpose.teaching):
            await self._changed.wait()
        self.teaching.add(purpose.teaching, tokens, purpose.answer)

    def _settle(self, purpose: Purpose, usd: float, tokens: int, *, answered: bool = True) -> None:
        self.spent.add(usd, tokens, 1)
        if purpose.teaching:
            self.teaching.add(purpose.teaching, tokens, purpose.answer if answered else "")
        self._on_spent(self.spent)

    def _fits_teaching(self, tokens: int, node: str) -> bool:
        """As `_fits`, for `teacher_tokens`."""
        left = self.teaching_left
        if left is None or not tokens:
            return True
        self.largest_calls[node] = max(self.largest_calls.get(node, 0), tokens)
        if tokens > left:
            self.unasked_nodes.add(node)
            raise TeachingSpentError(
                f"budget.teacher_tokens: {self.teaching.used:,} of {self._settings.teacher_tokens:,} tokens are used, "
                "and this call could go beyond"
            )
        return tokens + self._held_for_teaching <= left

    def _fits(self, usd: float, tokens: int) -> bool:
        """Whether there is room now; false where there might be once calls in flight are settled."""
        limits, spent, held = self._settings, self.spent, self._reserved
        self.check_wall()
        sums = (
            (limits.usd, spent.usd + usd, held.usd, f"${spent.usd:.4f} of ${limits.usd}"),
            (limits.tokens, spent.tokens + tokens, held.tokens, f"{spent.tokens:,} of {limits.tokens} tokens"),
            (limits.calls, spent.calls + 1, held.calls, f"{spent.calls:,} of {limits.calls} calls"),
        )
        for limit, needed, _, said in sums:
            if limit is not None and needed > limit:
                raise BudgetReached(
                    f"The budget is reached: {said} are spent, and the next call might go beyond. {_ADVICE}"
                )
        return all(limit is None or needed + waiting <= limit for limit, needed, waiting, _ in sums)
