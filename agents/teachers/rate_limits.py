"""Holding back: requests and tokens a minute, calls in flight, and a circuit that opens after failures in a row."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

MINUTE = 60.0
Now = Callable[[], float]


class Bucket:
    """A token bucket: a minute's allowance, filled up continuously.

    It starts with a twentieth of it, three seconds' worth: providers count in shorter windows than a minute.
    """

    def __init__(self, per_minute: float, now: Now = time.monotonic) -> None:
        self.rate = per_minute / MINUTE
        self.capacity = max(1.0, per_minute / 20)
        self._now = now
        self._level = self.capacity
        self._at = now()

    def take(self, amount: float) -> float:
        """Take that much, on credit if need be.

        Returns:
            Seconds to wait until it was covered; 0 where it is.
        """
        self._fill()
        # Below zero on purpose: who takes now waits for it, and whoever comes later waits behind them.
        self._level -= amount
        return max(0.0, -self._level / self.rate)

    def give(self, amount: float) -> None:
        """Give back what was taken too much; a negative amount is what was taken too little."""
        self._fill()
        self._level = min(self.capacity, self._level + amount)

    def _fill(self) -> None:
        now = self._now()
        self._level = min(self.capacity, self._level + (now - self._at) * self.rate)
        self._at = now


class RateLimiter:
    """Requests and tokens a minute, acquired once per attempt, and a pause that a provider asked for."""

    def __init__(self, rpm: float | None, tpm: float | None, now: Now = time.monotonic) -> None:
        self._requests = Bucket(rpm, now) if rpm else None
        self._tokens = Bucket(tpm, now) if tpm else None
        self._now = now
        self._paused_until = 0.0

    async def acquire(self, tokens: int) -> None:
        """Wait until an attempt of about that many tokens may be made."""
        waits = [bucket.take(amount) for bucket, amount in ((self._requests, 1), (self._tokens, tokens)) if bucket]
        if waits and max(waits) > 0:
            await asyncio.sleep(max(waits))
        # Again after the sleep: another call may have been told to wait longer meanwhile.
        while (left := self._paused_until - self._now()) > 0:
            await asyncio.sleep(left)

    def settle(self, estimated: int, used: int) -> None:
        """Correct the tokens of an attempt once they are known."""
        if self._tokens is not None:
            self._tokens.give(estimated - used)

    def pause(self, seconds: float) -> None:
        """Let no attempt begin for that long."""
        self._paused_until = max(self._paused_until, self._now() + seconds)


class Slots:
    """Calls in flight: as many as are allowed while all goes well, half as many after each sign of overload.

    The first call goes alone, so that a wrong key costs one request and not as many as fit. After that: additive
    increase, multiplicative decrease, as TCP does it; a round of good answers opens one more slot. One overload is
    answered once, however many calls in flight report it.
    """

    def __init__(self, most: int, now: Now = time.monotonic) -> None:
        self.most = most
        self.limit = 1.0
        self.used = 0
        self._now = now
        self._answered = False
        self._halved_at = float("-inf")
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the slots; in the order of asking."""
        if self.used >= int(self.limit) or self._waiting:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                # A slot that was handed to a call which is being cancelled would be lost for good.
                if turn.done() and not turn.cancelled():
                    self._free()  # it was handed over in the same moment
                raise
        else:
            self.used += 1
        try:
            yield
        finally:
            self._free()

    def record_success(self) -> None:
        """A good answer came."""
        # 1 / limit for each of `limit` good answers makes one more slot a round. The very first answer opens all of
        # them: it shows that the key and the model are right, and only an overload says that fewer are better.
        self.limit = min(float(self.most), self.limit + 1 / self.limit) if self._answered else float(self.most)
        self._answered = True
        self._admit_waiting()

    def overloaded(self, began: float) -> None:
        """The server had too much to do.

        Args:
            began: When the attempt that says so began: a halving since then was the answer to it already.
        """
        if began >= self._halved_at:
            self.limit = max(1.0, self.limit / 2)
            self._halved_at = self._now()

    def _free(self) -> None:
        self.used -= 1
        self._admit_waiting()

    def _admit_waiting(self) -> None:
        while self._waiting and self.used < int(self.limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self.used += 1
                turn.set_result(None)


class Breaker:
    """Opens after so many failures in a row, over all calls; then nothing is sent for a while."""

    def __init__(self, threshold: int, cool_down: float, now: Now = time.monotonic) -> None:
        self._threshold = threshold
        self._cool_down = cool_down
        self._now = now
        self._failures = 0
        self._opened_at = float("-inf")

    @property
    def open(self) -> bool:
        """Whether calls are held back; after the cool-down one failure is enough to open it again."""
        return self._failures >= self._threshold and self._now() < self._opened_at + self._cool_down

    def succeeded(self) -> None:
        """An answer came."""
        self._failures = 0

    def failed(self) -> None:
        """An attempt failed."""
        self._failures += 1
        if self._failures >= self._threshold:
            self._opened_at = self._now()
