"""Where all calls of a run are made: one event loop, one ledger, one budget, whoever asks whom."""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate
from queue import SimpleQueue
from typing import Any, TypeVar

from ioa.agents.teachers.answer import Answer
from ioa.agents.teachers.endpoint import Endpoint, TeacherError, UnavailableError
from ioa.agents.teachers.request import Failure, Request
from ioa.memory.clock import Meter, Unmetered
from ioa.memory.ledger import Ledger, ledger_key
from ioa.memory.transcript import CallContext, Message, Transcript

T = TypeVar("T")
MOST_THREADS = 1024
"""As many as a teacher may have calls in flight."""
ANSWER_DIGITS = 16
"""Of an answer's name, 64 bits."""


class CallDesk:
    """Runs calls on an event loop of its own, in a thread that lives as long as the desk.

    The providers' clients keep connections that belong to one loop, so all of them share this one. Several threads may
    ask at the same time: what calls share, the slots, the limits, the budget and who is in flight, is touched on the
    loop alone, a `Sitting` belongs to the thread that runs it, and ledger and transcript have a lock each.
    """

    def __init__(
        self,
        transcript: Transcript,
        *,
        ledger: Ledger | None = None,
        since: str = "",
        run: str = "",
        meter: Meter | None = None,
    ) -> None:
        """Open the desk.

        Args:
            transcript: Where every attempt is written.
            ledger: Paid answers; none to keep none.
            since: Only answers kept from that time on count (ISO 8601, UTC); the others are paid for anew.
            run: Whose calls they are, for the ledger.
            meter: Told how long calls are in flight, and what they bring.
        """
        self.transcript = transcript
        self._ledger = ledger
        self._since = since
        self._run = run
        self._meter = meter or Unmetered()
        self._in_flight: dict[str, asyncio.Future[tuple[Answer, Endpoint]]] = {}
        self._asked: set[Endpoint] = set()
        self._loop = asyncio.new_event_loop()
        # Models without an asynchronous call of their own get a thread each: the slots say how many, not the loop.
        self._loop.set_default_executor(ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="teacher"))
        self._thread = threading.Thread(target=self._loop.run_forever, name="calls", daemon=True)
        self._thread.start()

    def submit(self, call: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run a coroutine on the desk's loop."""
        return asyncio.run_coroutine_threadsafe(call, self._loop)

    def record_failure(
        self, failure: Failure, context: CallContext, messages: tuple[Message, ...], attempt: int = 1
    ) -> str:
        """Write down an attempt that brought no answer; gives the event's id."""
        return self.transcript.record(
            context=context,
            teacher=failure.teacher,
            attempt=attempt,
            messages=messages,
            reply=failure.fault.reply,
            error=f"{failure.fault.kind.value}: {failure.fault.message}",
            category=failure.fault.kind.value,
            answered=False,
            tokens=failure.billed,
            cost=failure.usd,
            seconds=failure.seconds,
        ).id

    def close(self) -> None:
        """Drop the calls in flight, close the connections of the teachers that were asked, and stop the loop."""
        if self._loop.is_closed():
            return
        try:
            self.submit(self._shut_down()).result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _shut_down(self) -> None:
        calls = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        for endpoint in self._asked:
            with suppress(Exception):  # what is thrown away may be broken
                await endpoint.close()
        # Streams that were cut off hold connections until their generators are closed.
        await self._loop.shutdown_asyncgens()

    async def answer(
        self, endpoints: Sequence[Endpoint], request: Request, sample: int = 0
    ) -> tuple[Answer, Endpoint, bool]:
        """Have a request answered by the first endpoint that can, or from the ledger.

        An identical request that is in flight is waited for instead of being paid for twice.

        Args:
            endpoints: In the order of preference.
            request: What is asked.
            sample: Number of the answer, where several to the same prompt are wanted.

        Returns:
            (answer, who gave it, whether it came from the ledger or from another call in flight).

        Raises:
            TeacherError: none of them answers.
            RejectedError: the request can never be answered as it is.
            BudgetReached: nothing is left for it.
            TeachingSpentError: it belongs to the teaching, for which nothing is left.
        """
        keys = [self._key(endpoint, request, sample) for endpoint in endpoints]
        # An answer of the second teacher counts only where the first was asked too, so its key holds both: a run with
        # another first teacher must not find it.
        chains = list(accumulate(keys, lambda before, key: hashlib.sha256(f"{before}{key}".encode()).hexdigest()))
        kept = self._find_kept(endpoints, chains)
        if kept is not None:
            return await self._take_kept(kept, request, sample)
        while (waiting := self._in_flight.get(keys[0])) is not None:
            with suppress(_DroppedError):  # by whoever asked first; it is made here instead
                return await self._take_kept(await asyncio.shield(waiting), request, sample)
        promise: asyncio.Future[tuple[Answer, Endpoint]] = self._loop.create_future()
        self._in_flight[keys[0]] = promise
        try:
            found = await self._ask(endpoints, keys, chains, request)
        except BaseException as error:
            promise.set_exception(error if isinstance(error, Exception) else _DroppedError())
            promise.exception()  # seen here, should nobody else wait for it
            raise
        else:
            promise.set_result(found)
        finally:
            del self._in_flight[keys[0]]
        return (*found, False)

    async def _take_kept(
        self, kept: tuple[Answer, Endpoint], request: Request, sample: int
    ) -> tuple[Answer, Endpoint, bool]:
        answer, endpoint = kept
        name = self.name_answer(endpoint, request, sample)
        await endpoint.take_kept(replace(request, purpose=replace(request.purpose, answer=name)), answer)
        return answer, endpoint, True

    async def _ask(
        self, endpoints: Sequence[Endpoint], keys: Sequence[str], chains: Sequence[str], request: Request
    ) -> tuple[Answer, Endpoint]:
        reasons = []
        for endpoint, key, chain in zip(endpoints, keys, chains, strict=True):
            self._asked.add(endpoint)
            try:
                named = replace(request, purpose=replace(request.purpose, answer=key[:ANSWER_DIGITS]))
                answer = await self._pay(endpoint, key, named)
                if chain != key and self._ledger is not None and not endpoint.free:
                    self._ledger.put(chain, endpoint.spec, answer)
                return answer, endpoint
            except UnavailableError as error:
                reasons.append(str(error))
        raise TeacherError(
            "\n".join(f"Teacher {reason}" for reason in reasons)
            + "\nResume the run when it answers again; nothing is lost."
        )

    async def _pay(self, endpoint: Endpoint, key: str, request: Request) -> Answer:
        """Have it answered and keep the answer; a call that is dropped on its way stays noted as in flight."""
        ledger = self._ledger
        if ledger is None or endpoint.free:
            return await self._call(endpoint, request)
        try:
            answer = await self._call(endpoint, replace(request, on_send=lambda: ledger.begin(key, self._run)))
            ledger.put(key, endpoint.spec, answer)
        except Exception:  # whatever it was, it came back and is raised on; a dropped call is no Exception
            ledger.end(key, self._run)
            raise
        ledger.end(key, self._run)
        return answer

    async def _call(self, endpoint: Endpoint, request: Request) -> Answer:
        with self._meter.during("teacher"):
            answer = await endpoint.call(request)
        self._meter.count("teacher", items=1, tokens=answer.tokens.output)
        return answer

    def _find_kept(self, endpoints: Sequence[Endpoint], keys: Sequence[str]) -> tuple[Answer, Endpoint] | None:
        """What was answered by the first of them, or by a later one when all before it did not answer."""
        if self._ledger is None:
            return None
        for endpoint, key in zip(endpoints, keys, strict=True):
            answer = None if endpoint.free else self._ledger.get(key, Answer, self._since)
            if answer is not None:
                return answer, endpoint
        return None

    def name_answer(self, endpoint: Endpoint, request: Request, sample: int) -> str:
        """Name of that teacher's answer, the same whenever it is asked the same."""
        return self._key(endpoint, request, sample)[:ANSWER_DIGITS]

    def _key(self, endpoint: Endpoint, request: Request, sample: int) -> str:
        settings = endpoint.settings
        decides = {
            "base_url": endpoint.address,
            "temperature": settings.temperature,
            "max_tokens": request.max_tokens or settings.max_tokens,
            "options": dict(settings.options),
            "form": settings.form,
        }
        return ledger_key(settings.model, decides, request.prompt, sample)


class _DroppedError(Exception):
    """A call was cancelled while an identical one waited for its answer."""


class Sitting:
    """Calls that belong together: where one cannot go on, those in flight are finished and no other begins."""

    def __init__(self, desk: CallDesk) -> None:
        self._desk = desk
        self.stopped: Exception | None = None
        """Set by whoever finds that the sitting cannot go on."""

    def run(
        self, jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]], width: int, on_result: Callable[[T], None]
    ) -> list[T]:
        """Run them all and return their results in order.

        Args:
            jobs: Each makes one call when it is called itself.
            width: Most of them at a time.
            on_result: Called in this thread with each result as soon as it is there, in any order.

        Raises:
            Exception: what one of them raised first; the results of those in flight have been handed over.
        """
        results: dict[int, T] = {}
        arrived: SimpleQueue[tuple[int, T] | None] = SimpleQueue()
        conducted = self._desk.submit(self._conduct(jobs, width, arrived.put))
        try:
            while (arrival := arrived.get()) is not None:
                index, results[index] = arrival
                on_result(results[index])
        except BaseException:
            conducted.cancel()
            raise
        conducted.result()
        if self.stopped is not None:
            raise self.stopped
        return [results[index] for index in range(len(jobs))]

    async def _conduct(
        self,
        jobs: Sequence[Callable[[], Coroutine[Any, Any, T]]],
        width: int,
        put: Callable[[tuple[int, T] | None], None],
    ) -> None:
        waiting = iter(enumerate(jobs))

        async def work() -> None:
            for index, job in waiting:
                if self.stopped is not None:
                    return
                try:
                    put((index, await job()))
                except Exception as error:  # noqa: BLE001 - raised again in the caller's thread
                    self.stopped = self.stopped or error

        try:
            await asyncio.gather(*(work() for _ in range(min(width, len(jobs)))))
        finally:
            put(None)
