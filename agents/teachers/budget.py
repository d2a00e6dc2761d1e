"""A hard limit on what a run may spend, counted over all teachers and all sittings."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ioa.agents.settings.budget import BudgetSettings
from ioa.memory.errors import Stopped

_ADVICE = "What was paid for is kept. To go on, raise it: ioa resume RUN --set budget.KEY=VALUE."


class BudgetReached(Stopped):
    """A limit of the budget is reached; the run can be resumed with a larger one."""


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
    ) -> None:
        """The budget of one run.

        Args:
            settings: The limits.
            spent: What earlier sittings have spent.
            wall: Seconds the run has worked, earlier sittings included.
            on_spent: Told after each call what is spent by now.
        """
        began = time.monotonic()
        self._settings = settings
        self._on_spent = on_spent
        self._wall = wall or (lambda: time.monotonic() - began)
        self.spent = spent or Spent()
        self._reserved = Spent()
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def reserve(self, usd: float, tokens: int) -> AsyncIterator[Callable[[float, int], None]]:
        """Set aside what a call will probably cost, and count what it did cost.

        Where only what is set aside for calls in flight is in the way, it waits for them.

        Args:
            usd: Estimate in US dollars.
            tokens: Estimate.

        Yields:
            A function to be told the true cost; a call that fails before it is told costs nothing.

        Raises:
            BudgetReached: the call might go over a limit.
        """
        while not self._fits(usd, tokens):
            await self._changed.wait()
        self._reserved.add(usd, tokens, 1)
        try:
            yield self._settle
        finally:
            self._reserved.add(-usd, -tokens, -1)
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

    def _settle(self, usd: float, tokens: int) -> None:
        self.spent.add(usd, tokens, 1)
        self._on_spent(self.spent)

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
