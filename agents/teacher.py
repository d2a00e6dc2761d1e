"""Asking a teacher: many calls at once, each written to the transcript before it is used."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from ioa.agents.exchange import Brief, Reply
from ioa.agents.prompting import UnreadableReplyError, messages, parse, repair_message, split_thought
from ioa.memory.errors import Stopped
from ioa.memory.redaction import redact
from ioa.memory.transcript import CallContext, Message, Tokens, Transcript

ATTEMPTS = 2
"""A reply that cannot be read is asked for once more."""

_ROLES: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}

T = TypeVar("T")


class TeacherError(Stopped):
    """The teacher could not be reached or refused to work; the run can be resumed when it is mended."""


@dataclass(frozen=True)
class Call:
    """One thing to ask."""

    brief: Brief
    context: CallContext


@dataclass(frozen=True)
class Outcome:
    """What came of a call."""

    call: Call
    reply: Reply | None
    """The answer; none where it stayed unreadable."""
    event: str
    """Id of the last transcript event of the call."""
    error: str = ""
    """Why there is no answer."""


class Teacher:
    """Any LangChain chat model, asked by brief and answering by record.

    The calls run on an event loop of their own, in a thread that lives as long as the teacher, because the
    providers' clients keep connections that belong to one loop.
    """

    def __init__(
        self,
        model: BaseChatModel,
        *,
        spec: str,
        transcript: Transcript,
        concurrency: int = 8,
        timeout: float = 120.0,
    ) -> None:
        self.spec = spec
        self._model = model
        self._transcript = transcript
        self._concurrency = concurrency
        self._timeout = timeout
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"teacher {spec}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the event loop; calls in flight are dropped."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def ask(self, calls: Sequence[Call], on_outcome: Callable[[Outcome], None] | None = None) -> list[Outcome]:
        """Make the calls, at most `concurrency` at a time.

        Args:
            calls: What to ask.
            on_outcome: Called in this thread with each outcome as soon as it is there, in any order.

        Returns:
            The outcomes, in the order of the calls.

        Raises:
            TeacherError: a call failed for a reason that is not the wording of its reply. Outcomes before
                it have been handed to `on_outcome`.
        """
        gate = asyncio.Semaphore(self._concurrency)
        futures = [asyncio.run_coroutine_threadsafe(self._guarded(call, gate), self._loop) for call in calls]
        try:
            for future in as_completed(futures):
                outcome = future.result()
                if on_outcome is not None:
                    on_outcome(outcome)
        finally:
            for future in futures:
                future.cancel()
        return [future.result() for future in futures]

    async def _guarded(self, call: Call, gate: asyncio.Semaphore) -> Outcome:
        async with gate:
            return await self._ask(call)

    async def _ask(self, call: Call) -> Outcome:
        prompt = list(messages(call.context.agent, call.brief))
        for attempt in range(1, ATTEMPTS + 1):
            started = time.monotonic()
            answer = await self._attempt(prompt)
            text, reasoning = split_thought(answer.text)
            error, reply = "", None
            try:
                reply = parse(text, call.brief.reply)
            except UnreadableReplyError as unreadable:
                error = str(unreadable)
                complaint = repair_message(unreadable)
            event = self._transcript.record(
                context=call.context,
                teacher=self.spec,
                attempt=attempt,
                messages=tuple(prompt),
                reply=text,
                reasoning=reasoning or _reasoning_field(answer),
                parsed=reply.model_dump(mode="json") if reply is not None else None,
                error=error,
                tokens=_tokens(answer, prompt),
                seconds=time.monotonic() - started,
            )
            if reply is not None:
                return Outcome(call, reply, event.id)
            prompt += [Message(role="assistant", content=text), complaint]
        return Outcome(call, None, event.id, error)

    async def _attempt(self, prompt: Sequence[Message]) -> AIMessage:
        sent = [_ROLES[message.role](message.content) for message in prompt]
        try:
            answer = await _within(self._timeout, self._model.ainvoke(sent))
        except TimeoutError as error:
            raise TeacherError(
                f"Teacher {self.spec} gave no answer within {self._timeout:g} s. "
                "Raise teacher.timeout or try again later; the run can be resumed."
            ) from error
        except Exception as error:
            raise TeacherError(
                f"Teacher {self.spec} failed: {type(error).__name__}: {redact(str(error))}\n"
                "Check the key, the address and the model's name; the run can be resumed."
            ) from error
        if not isinstance(answer, AIMessage):
            raise TeacherError(f"Teacher {self.spec} answered with {type(answer).__name__}, not a chat message.")
        return answer


async def _within(seconds: float, coroutine: Coroutine[Any, Any, T]) -> T:
    return await asyncio.wait_for(coroutine, seconds)


def _reasoning_field(answer: AIMessage) -> str:
    return str(answer.additional_kwargs.get("reasoning_content") or "")


def _tokens(answer: AIMessage, prompt: Sequence[Message]) -> Tokens:
    usage = answer.usage_metadata
    if usage is not None:
        estimated = "token_count" in answer.response_metadata
        return Tokens(input=usage["input_tokens"], output=usage["output_tokens"], estimated=estimated)
    characters = sum(len(message.content) for message in prompt)
    return Tokens(input=characters // 4, output=len(answer.text) // 4, estimated=True)
