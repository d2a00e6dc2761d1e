"""One teacher as it is reached: the only retry loop there is, with the limits it keeps to."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from ioa.agents.settings.teacher import Price, TeacherSettings
from ioa.agents.teachers.adjusting import Adjuster
from ioa.agents.teachers.answer import Answer, BrokenReplyError, Endings, estimate_tokens, read_answer
from ioa.agents.teachers.budget import Budget
from ioa.agents.teachers.dialect import Dialect
from ioa.agents.teachers.keys import key_variable
from ioa.agents.teachers.opening import address_of, remarks
from ioa.agents.teachers.part_refusals import Learned
from ioa.agents.teachers.provider_faults import MAYBE_BILLED, PASSES, STOPS, AttemptError, Fault, FaultKind, classify
from ioa.agents.teachers.rate_limits import Breaker, RateLimiter, Slots
from ioa.agents.teachers.request import Failure, Request
from ioa.memory.errors import Stopped, UserError
from ioa.memory.redaction import redact
from ioa.memory.transcript import Message, Tokens

BACK_OFF = 0.5
"""Seconds before the second attempt, at most; each further wait is at most twice the one before."""
LONGEST_BACK_OFF = 30.0
"""Seconds. A provider that is down for minutes is noticed by the breaker, not by ever longer waits."""
UNKNOWN_REPLY = 500
"""Tokens a reply is taken to have until one has come."""
_PROMPT_MARGIN = 2
"""By what an estimate of a prompt is multiplied where it must not be too low: digits are a token each."""

Notice = Callable[[str], None]


class TeacherError(Stopped):
    """The teacher could not be reached or refused to work; the run can be resumed when it is mended."""


class UnavailableError(Exception):
    """This teacher does not answer now; another one might."""


class RejectedError(Exception):
    """This one call cannot be answered as it is; others can."""

    def __init__(self, kind: FaultKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Endpoint:
    """A chat model with everything that is known about reaching it.

    All calls to one endpoint run on one event loop.
    """

    def __init__(
        self,
        model: BaseChatModel,
        settings: TeacherSettings,
        *,
        price: Price | None = None,
        budget: Budget | None = None,
        notice: Notice = lambda _: None,
        learned: Learned | None = None,
    ) -> None:
        """The endpoint of one chat model.

        Args:
            model: The model; its own retries are off.
            settings: How it is called.
            price: Of its tokens; none where it is not known.
            budget: What it spends from.
            notice: Told what a person watching should know: waits, and what the server turned out not to accept.
            learned: What was found out about the same model at the same address, shared with others who ask it.
        """
        self.settings = settings
        self.price = price
        self._model = model
        self._copies: dict[frozenset[str], BaseChatModel] = {frozenset(): model}
        self._budget = budget
        self._notice = notice
        self._adjuster = Adjuster(model, settings, notice, learned or Learned())
        self._limiter = RateLimiter(settings.rpm, settings.tpm)
        self._slots = Slots(settings.concurrency)
        self._breaker = Breaker(settings.breaker, settings.cool_down)
        self._endings = Endings(model)
        self._reply_tokens = float(UNKNOWN_REPLY)
        self._longest = 0
        self._last = ""
        self._answered = 0
        self._hopeless = ""
        self.free = bool(getattr(model, "free_of_charge", False))
        """Whether an answer costs nothing, so that it is not worth keeping."""
        for said in remarks(settings):
            notice(f"{self.spec}: {said}")

    @property
    def spec(self) -> str:
        """`provider:model`."""
        return self.settings.model

    @property
    def dialect(self) -> Dialect:
        """What the model was found to accept so far."""
        return self._adjuster.dialect

    def knows(self, task: str) -> bool:
        """Whether the model has a way to do the task; one that does not list its `tasks` has one for all."""
        tasks = getattr(self._model, "tasks", None)
        return tasks is None or task in tasks

    @property
    def address(self) -> str:
        """Where the model answers, as far as that is known."""
        return address_of(self._model, self.settings)

    def cost(self, tokens: Tokens) -> float | None:
        """US dollars of a call; none where the price is not known."""
        if self.free:
            return 0.0
        return None if self.price is None else self.price.cost(tokens)

    async def call(self, request: Request) -> Answer:
        """Have the request answered, with as many attempts as the settings allow.

        Raises:
            TeacherError: trying again cannot help; or the wait it asks for is too long.
            UnavailableError: all attempts failed, or so many calls did that none is made now.
            RejectedError: this request can never be answered as it is.
            BudgetReached: there is no money, token, call or time left for it.
        """
        failures, answered = 0, self._answered
        while failures < self.settings.attempts:
            began = time.monotonic()
            try:
                return await self._attempt(request)
            except _OpenError as error:
                many = f"failed {self.settings.breaker} times in a row"
                raise UnavailableError(f"{self.where} {many}{self._last}") from error
            except AttemptError as error:
                sent = error
            self._report(sent.fault, request, began)
            found_out = failures if not self._breaker.open else 0
            outcome = await self._adjuster.adjust(request, sent, found_out, partial(self._trial, request))
            if not isinstance(outcome, Fault):
                if outcome is None:
                    continue  # another call has found out meanwhile what this server takes
                return outcome
            fault = outcome
            self._give_up(fault)
            if fault.kind is FaultKind.RATE_LIMIT and self._answered > answered:
                answered = self._answered  # others get through: it is only this call's turn that has not come
            else:
                failures += 1
            if failures < self.settings.attempts:
                await self._wait(fault, failures, began)
            elif fault.kind is not FaultKind.RATE_LIMIT:
                self._breaker.failed()
        if self._answered > answered and fault.kind is not FaultKind.RATE_LIMIT:
            # It answers others: this call is at fault, and must not stop them.
            raise RejectedError(fault.kind, f"failed in {failures} attempts{self._last}")
        raise UnavailableError(f"{self.where} failed in {failures} attempts{self._last}")

    async def close(self) -> None:
        """Close the model's connections, where it has any of its own, on the loop that they belong to."""
        for model in self._copies.values():
            await close_connections(model)

    def _give_up(self, fault: Fault) -> None:
        """Raise what trying again cannot cure."""
        if fault.kind in STOPS:
            self._hopeless = self._stopped(fault)
            raise TeacherError(self._hopeless)
        if fault.kind not in PASSES:
            raise RejectedError(fault.kind, fault.message)

    async def _attempt(self, request: Request, trial: Dialect | None = None) -> Answer:
        """Send it once; a trial goes beside the slots, which may all be waiting for what it finds out."""
        read = estimate_tokens(request.prompt)
        async with self._slots.slot() if trial is None else nullcontext():
            if trial is None:
                await self._may_begin()
            dialect, place = trial or self._adjuster.speaking(request), self._adjuster.place
            most = dialect.max_tokens or max(int(2 * self._reply_tokens), self._longest)
            expected = Tokens(input=read, output=most, estimated=True)
            await self._limiter.acquire(read + expected.output)
            try:
                answer = await self._pay(request, dialect, expected)
            except AttemptError as error:
                error.sent = (dialect, place)
                raise
        self._slots.record_success()
        self._breaker.succeeded()
        self._answered += 1
        self._adjuster.accepted(request, dialect)
        self._limiter.settle(read + expected.output, answer.tokens.input + answer.tokens.output)
        self._longest = max(self._longest, answer.tokens.output)
        # A moving mean over about the last ten replies: the length changes with the task, node by node.
        self._reply_tokens += 0.1 * (answer.tokens.output - self._reply_tokens)
        return answer

    async def _may_begin(self) -> None:
        await self._adjuster.settled()
        if self._hopeless:  # found out by another call while this one waited
            raise TeacherError(self._hopeless)
        if self._breaker.open:
            raise _OpenError

    async def _pay(self, request: Request, dialect: Dialect, expected: Tokens) -> Answer:
        if self._budget is None:
            request.on_send()
            return await self._send(request.prompt, dialect, request.schema)
        usd, tokens = self.cost(expected) or 0.0, expected.input + expected.output
        async with self._budget.reserve(usd, tokens, request.purpose, self._most(expected, dialect)) as settle:
            request.on_send()
            try:
                answer = await self._send(request.prompt, dialect, request.schema)
            except AttemptError as error:
                billed = self._billed(error.fault, request)
                if billed.input:
                    settle(self.cost(billed) or 0.0, billed.input + billed.output, answered=False)
                raise
            settle(self.cost(answer.tokens) or 0.0, answer.tokens.input + answer.tokens.output)
        return answer

    def _most(self, expected: Tokens, dialect: Dialect) -> int:
        """Tokens that a call will hardly exceed: `budget.teacher_tokens` is not to be passed by a long reply."""
        reply = dialect.max_tokens or max(expected.output, 2 * self._longest)
        return _PROMPT_MARGIN * expected.input + reply

    async def take_kept(self, request: Request, answer: Answer) -> None:
        """Count an answer of this teacher that was not asked for now, because it was there.

        Raises:
            TeachingSpentError: `budget.teacher_tokens` is too small for it.
        """
        if self._budget is not None:
            await self._budget.take_kept(answer.tokens.input + answer.tokens.output, request.purpose)

    def _report(self, fault: Fault, request: Request, began: float) -> None:
        billed = self._billed(fault, request)
        request.on_fault(Failure(self.spec, fault, time.monotonic() - began, billed, self.cost(billed)))
        self._last = f"; the last time: {fault.kind.value}: {fault.message}"

    @staticmethod
    def _billed(fault: Fault, request: Request) -> Tokens:
        if fault.tokens is not None:
            return fault.tokens
        if fault.kind not in MAYBE_BILLED:
            return Tokens()
        return Tokens(input=estimate_tokens(request.prompt), estimated=True)

    async def _send(self, prompt: Sequence[Message], dialect: Dialect, schema: Mapping[str, Any]) -> Answer:
        if dialect.without not in self._copies:
            self._copies[dialect.without] = dialect.model(self._model)
        model = self._copies[dialect.without]
        arguments = dialect.arguments(model, schema)
        try:
            async with asyncio.timeout(self.settings.timeout):
                said = await model.ainvoke(dialect.messages(prompt), **arguments)
        except UserError:
            raise
        except TimeoutError as error:
            seconds = f"no whole answer within {self.settings.timeout:g} s"
            raise AttemptError(Fault(FaultKind.TIMEOUT, seconds)) from error
        except Exception as error:
            fault = classify(error)
            if fault is None:
                raise TeacherError(
                    f"Teacher {self.where} failed: {type(error).__name__}: {redact(str(error))}\n"
                    "Resume the run when that is mended; nothing is lost."
                ) from error
            raise AttemptError(fault) from error
        if not isinstance(said, AIMessage):
            raise AttemptError(Fault(FaultKind.MALFORMED, f"{type(said).__name__} instead of a chat message"))
        try:
            return self._endings.check(lambda: read_answer(said, prompt))
        except (BrokenReplyError, ValueError, TypeError, KeyError) as error:
            wrong = Fault(FaultKind.MALFORMED, f"{type(error).__name__}: {redact(str(error))}")
            raise AttemptError(classify(error) or wrong) from error

    async def _trial(self, request: Request, dialect: Dialect) -> Answer:
        began = time.monotonic()
        try:
            return await self._attempt(request, dialect)
        except AttemptError as error:
            self._report(error.fault, request, began)
            raise

    async def _wait(self, fault: Fault, failures: int, began: float) -> None:
        most = min(LONGEST_BACK_OFF, BACK_OFF * 2 ** (failures - 1))
        pause = random.uniform(most / 2, most)
        if fault.kind is FaultKind.RATE_LIMIT:
            self._slots.overloaded(began)
            pause = max(pause, fault.retry_after or 0.0)
            if pause > self.settings.longest_wait:
                raise UnavailableError(
                    f"{self.where} asks to wait {pause:.0f} s, more than `longest_wait` "
                    f"({self.settings.longest_wait:g} s): {fault.message}"
                )
            self._limiter.pause(pause)
            if pause >= 1:
                self._notice(f"{self.spec}: rate limit, waiting {pause:.0f} s")
        else:
            self._breaker.failed()
            if fault.kind is FaultKind.SERVER:
                self._slots.overloaded(began)
        await asyncio.sleep(pause)

    @property
    def where(self) -> str:
        """The teacher with its address."""
        at = self._adjuster.place or self.address
        return f"{self.spec} at {at}" if at else self.spec

    def _stopped(self, fault: Fault) -> str:
        todo = {
            FaultKind.AUTHENTICATION: f"Check the key in {key_variable(self.settings)}",
            FaultKind.UNKNOWN_MODEL: "Check the model's name and the address",
            FaultKind.QUOTA: "Add credit to the account or name another teacher",
        }[fault.kind]
        return (
            f"Teacher {self.where}: {fault.kind.value}: {fault.message}\n{todo}, then resume the run; nothing is lost."
        )


class _OpenError(Exception):
    """The circuit is open: nothing is sent."""


_CLIENTS = ("root_async_client", "_async_client")
"""Where OpenAI's and its likes keep theirs, and where Anthropic's and Ollama's do."""


async def close_connections(model: BaseChatModel) -> None:
    """Close a model's connections, where it has any, on the loop that they belong to.

    A model that knows how to close them has a coroutine method `aclose`. A client that was never used is not made
    for it: `_async_client` of Anthropic's is a cached property.
    """
    closes = getattr(model, "aclose", None)
    if closes is not None:
        await closes()
        return
    held = {**vars(model), **(model.__pydantic_private__ or {})}
    for name in _CLIENTS:
        client = held.get(name)
        if client is not None:
            await client.close()
