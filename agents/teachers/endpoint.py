"""One teacher as it is reached: the only retry loop there is, with the limits it keeps to."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from ioa.agents.settings.teacher import Price, TeacherSettings
from ioa.agents.teachers.answer import Answer, estimate_tokens, read_answer
from ioa.agents.teachers.budget import Budget
from ioa.agents.teachers.dialect import Dialect, Form, first_form
from ioa.agents.teachers.keys import key_variable
from ioa.agents.teachers.provider_faults import MAYBE_BILLED, PASSES, STOPS, Fault, FaultKind, classify
from ioa.agents.teachers.rate_limits import Breaker, RateLimiter, Slots
from ioa.memory.errors import Stopped, UserError
from ioa.memory.redaction import redact
from ioa.memory.transcript import Message, Tokens

BACK_OFF = 0.5
"""Seconds before the second attempt, at most; each further wait is at most twice the one before."""
LONGEST_BACK_OFF = 30.0
"""Seconds. A provider that is down for minutes is noticed by the breaker, not by ever longer waits."""
UNKNOWN_REPLY = 500
"""Tokens a reply is taken to have until one has come."""

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
    on_send: Callable[[], None] = field(default=lambda: None)
    """Told just before an attempt is sent."""


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
    ) -> None:
        """The endpoint of one chat model.

        Args:
            model: The model; its own retries are off.
            settings: How it is called.
            price: Of its tokens; none where it is not known.
            budget: What it spends from.
            notice: Told what a person watching should know: waits, and what the server turned out not to accept.
        """
        self.settings = settings
        self.price = price
        self._model = model
        self._budget = budget
        self._notice = notice
        form = first_form(model) if settings.form == "auto" else Form(settings.form)
        self._dialect = Dialect(form=form, temperature=settings.temperature, max_tokens=settings.max_tokens)
        self._limiter = RateLimiter(settings.rpm, settings.tpm)
        self._slots = Slots(settings.concurrency)
        self._breaker = Breaker(settings.breaker, settings.cool_down)
        self._reply_tokens = float(UNKNOWN_REPLY)
        self._longest = 0
        self._last = ""
        self._answered = 0
        self._hopeless = ""

    @property
    def spec(self) -> str:
        """`provider:model`."""
        return self.settings.model

    @property
    def dialect(self) -> Dialect:
        """What the model was found to accept so far."""
        return self._dialect

    @property
    def free(self) -> bool:
        """Whether an answer costs nothing, so that it is not worth keeping."""
        return bool(getattr(self._model, "free_of_charge", False))

    def knows(self, task: str) -> bool:
        """Whether the model has a way to do the task; one that does not list its `tasks` has one for all."""
        tasks = getattr(self._model, "tasks", None)
        return tasks is None or task in tasks

    @property
    def address(self) -> str:
        """Where the model answers, as far as that is known: given in the settings or found in the environment."""
        named = (getattr(self._model, name, None) for name in ("openai_api_base", "azure_endpoint", "base_url"))
        found = next((str(one) for one in named if one), "")
        return self.settings.base_url or ("" if self.settings.model.startswith("gguf:") else found)

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
            began, dialect = time.monotonic(), self._dialect
            try:
                return await self._attempt(request, dialect)
            except _OpenError as error:
                many = f"failed {self.settings.breaker} times in a row"
                raise UnavailableError(f"{self.where} {many}{self._last}") from error
            except _AttemptError as error:
                fault = error.fault
            billed = self._billed(fault, request)
            request.on_fault(Failure(self.spec, fault, time.monotonic() - began, billed, self.cost(billed)))
            self._last = f"; the last time: {fault.kind.value}: {fault.message}"
            if fault.kind in STOPS:
                self._hopeless = self._stopped(fault)
                raise TeacherError(self._hopeless)
            if fault.kind not in PASSES:
                self._ask_for_less(fault, dialect)
                continue
            if fault.kind is FaultKind.RATE_LIMIT and self._answered > answered:
                answered = self._answered  # others get through: it is only this call's turn that has not come
            else:
                failures += 1
            if failures < self.settings.attempts:
                await self._wait(fault, failures, began, dialect)
            elif fault.kind is not FaultKind.RATE_LIMIT:
                self._breaker.failed()
        if self._answered > answered and fault.kind is not FaultKind.RATE_LIMIT:
            # It answers others: this call is at fault, and must not stop them.
            raise RejectedError(fault.kind, f"failed in {failures} attempts{self._last}")
        raise UnavailableError(f"{self.where} failed in {failures} attempts{self._last}")

    async def close(self) -> None:
        """Close the model's connections, where it has any of its own, on the loop that they belong to."""
        await close_connections(self._model)

    async def _attempt(self, request: Request, dialect: Dialect) -> Answer:
        read = estimate_tokens(request.prompt)
        if request.max_tokens is not None:
            dialect = replace(dialect, max_tokens=request.max_tokens)
        most = dialect.max_tokens or max(int(2 * self._reply_tokens), self._longest)
        expected = Tokens(input=read, output=most, estimated=True)
        async with self._slots.slot():
            if self._hopeless:  # found out by another call while this one waited
                raise TeacherError(self._hopeless)
            if self._breaker.open:
                raise _OpenError
            await self._limiter.acquire(read + expected.output)
            if self._budget is None:
                request.on_send()
                answer = await self._send(request.prompt, dialect, request.schema)
            else:
                async with self._budget.reserve(self.cost(expected) or 0.0, read + expected.output) as settle:
                    request.on_send()
                    try:
                        answer = await self._send(request.prompt, dialect, request.schema)
                    except _AttemptError as error:
                        billed = self._billed(error.fault, request)
                        if billed.input:
                            settle(self.cost(billed) or 0.0, billed.input)
                        raise
                    settle(self.cost(answer.tokens) or 0.0, answer.tokens.input + answer.tokens.output)
        self._slots.record_success()
        self._breaker.succeeded()
        self._answered += 1
        self._limiter.settle(read + expected.output, answer.tokens.input + answer.tokens.output)
        self._longest = max(self._longest, answer.tokens.output)
        # A moving mean over about the last ten replies: the length changes with the task, node by node.
        self._reply_tokens += 0.1 * (answer.tokens.output - self._reply_tokens)
        return answer

    @staticmethod
    def _billed(fault: Fault, request: Request) -> Tokens:
        if fault.kind not in MAYBE_BILLED:
            return Tokens()
        return Tokens(input=estimate_tokens(request.prompt), estimated=True)

    async def _send(self, prompt: Sequence[Message], dialect: Dialect, schema: Mapping[str, Any]) -> Answer:
        arguments = dialect.arguments(self._model, schema)
        try:
            said = await asyncio.wait_for(
                self._model.ainvoke(dialect.messages(prompt), **arguments), self.settings.timeout
            )
        except UserError:
            raise
        except TimeoutError as error:
            seconds = f"no whole answer within {self.settings.timeout:g} s"
            raise _AttemptError(Fault(FaultKind.TIMEOUT, seconds)) from error
        except Exception as error:
            fault = classify(error)
            if fault is None:
                raise TeacherError(
                    f"Teacher {self.where} failed: {type(error).__name__}: {redact(str(error))}\n"
                    "Resume the run when that is mended; nothing is lost."
                ) from error
            raise _AttemptError(fault) from error
        if not isinstance(said, AIMessage):
            raise _AttemptError(Fault(FaultKind.MALFORMED, f"{type(said).__name__} instead of a chat message"))
        try:
            return read_answer(said, prompt)
        except (ValueError, TypeError, KeyError) as error:
            raise _AttemptError(Fault(FaultKind.MALFORMED, f"{type(error).__name__}: {redact(str(error))}")) from error

    def _ask_for_less(self, fault: Fault, dialect: Dialect) -> None:
        """Leave out what the server refuses, from now on; where nothing of ours is refused the call is at fault."""
        softer = dialect.without_refused(fault.message) if fault.kind is FaultKind.BAD_REQUEST else None
        if softer is None:
            raise RejectedError(fault.kind, fault.message)
        self._soften(dialect, softer, f"refuses part of the request ({fault.message})")

    def _soften(self, dialect: Dialect, softer: Dialect, why: str) -> None:
        if self._dialect == dialect:  # of calls in flight together the first one tells
            self._dialect = softer
            self._notice(f"{self.spec} {why}: going on without it.")

    async def _wait(self, fault: Fault, failures: int, began: float, dialect: Dialect) -> None:
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
                softer = dialect.weaker()
                if failures > 1 and softer is not None and not self._breaker.open:  # some answer 500 to a schema
                    self._soften(dialect, softer, "answers a request for structured output with a server error")
        await asyncio.sleep(pause)

    @property
    def where(self) -> str:
        """The teacher with its address."""
        return f"{self.spec} at {self.settings.base_url}" if self.settings.base_url else self.spec

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


class _AttemptError(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


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
