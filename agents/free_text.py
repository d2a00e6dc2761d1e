"""Asking a chat model in free text: no brief, no form of the reply, and no second attempt at a bad one."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from ioa.agents.teachers import CallDesk, Endpoint, Failure, RejectedError, Request, Sitting
from ioa.memory.spoken_text import split_thought
from ioa.memory.transcript import CallContext, Message, Tokens

Conversation = tuple[Message, ...]
"""The turns so far, the last one the user's."""


@dataclass(frozen=True)
class Said:
    """What a model said to a conversation."""

    text: str
    """Its reasoning left out; whatever it is: half a reply and a refusal are replies."""
    event: str
    """Id of the transcript event."""
    error: str = ""
    """Why it could not be asked; empty where it said something."""
    tokens: Tokens = field(default_factory=Tokens)


class FreeText:
    """One chat model, asked as a user would; what it is paid for is kept in the desk's ledger."""

    def __init__(self, endpoint: Endpoint, desk: CallDesk, context: CallContext) -> None:
        """The model behind an endpoint, which has to be opened with `form: text`."""
        self._endpoint = endpoint
        self._desk = desk
        self._context = context

    def say(
        self, conversations: Sequence[Conversation], on_progress: Callable[[int, int], None] | None = None
    ) -> list[Said]:
        """What it says to each conversation, in their order.

        Args:
            conversations: Each is one call.
            on_progress: Told how many are answered, and how many there are.

        Raises:
            TeacherError: it does not answer at all; what was paid for is in the ledger.
            BudgetReached: the same, because nothing is left to spend.
        """
        done = 0

        def take_outcome(_: Said) -> None:
            nonlocal done
            done += 1
            if on_progress is not None:
                on_progress(done, len(conversations))

        jobs = [partial(self._ask, conversation) for conversation in conversations]
        return Sitting(self._desk).run(jobs, self._endpoint.settings.concurrency, take_outcome)

    async def _ask(self, conversation: Conversation) -> Said:
        started, failures = time.monotonic(), list[str]()

        def failed(failure: Failure) -> None:
            failures.append(self._desk.record_failure(failure, self._context, conversation))

        request = Request(conversation, {}, on_fault=failed)
        try:
            answer, endpoint, kept = await self._desk.answer([self._endpoint], request)
        except RejectedError as error:
            return Said("", failures[-1] if failures else "", f"{error.kind.value}: {error}")
        text, thought = split_thought(answer.text)
        event = self._desk.transcript.record(
            context=self._context,
            teacher=endpoint.spec,
            messages=conversation,
            reply=text,
            reasoning="\n".join(part for part in (answer.reasoning, thought) if part),
            tokens=answer.tokens,
            cost=0.0 if kept else endpoint.cost(answer.tokens),
            ledger=kept,
            seconds=time.monotonic() - started,
        )
        return Said(text, event.id, tokens=answer.tokens)
