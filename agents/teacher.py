"""A teacher as the agents know it: asked by brief, answering by record."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate

from langchain_core.language_models import BaseChatModel

from ioa.agents.exchange import Brief, Reply
from ioa.agents.prompting import UnreadableReplyError, messages, parse, repair_message
from ioa.agents.teachers import (
    Answer,
    CallDesk,
    Endpoint,
    Failure,
    RejectedError,
    Request,
    Sitting,
    TeacherError,
    TeacherSettings,
)
from ioa.agents.teachers.budget import Purpose, TeachingSpentError
from ioa.agents.teachers.provider_faults import Fault
from ioa.memory.redaction import repeats_key
from ioa.memory.spoken_text import split_thought
from ioa.memory.transcript import CallContext, Message, Tokens, Transcript

ATTEMPTS = 2
"""A reply that cannot be used is asked for once more."""
HOPELESS = 0.5
"""Share of a request's calls without a usable reply at which the run stops instead of paying for more of them."""
HOPELESS_CALLS = 12
"""Calls before that share means anything."""
UNASKED = "unasked"
"""Category of a call that was not made, because it could go beyond `budget.teacher_tokens`."""
SHORTEST_LIMIT = 512
"""Tokens that a reply which was cut off at a limit not ours is taken to have had at least."""


@dataclass(frozen=True)
class Call:
    """One thing to ask."""

    brief: Brief
    context: CallContext
    sample: int = 0
    """Number of the answer, where several to the same brief are wanted."""


@dataclass(frozen=True)
class Outcome:
    """What came of a call."""

    call: Call
    reply: Reply | None
    """The answer; none where there was none that could be used."""
    event: str
    """Id of the last transcript event of the call."""
    error: str = ""
    """Why there is no answer."""
    category: str = ""
    """The same in a word or two, for counting."""
    teacher: str = ""
    """Spec of who answered."""
    tokens: Tokens = field(default_factory=Tokens)
    """Of the last attempt."""


class Teacher:
    """One or several chat models in a role."""

    def __init__(
        self, endpoints: Sequence[Endpoint], desk: CallDesk, *, weights: Sequence[float] | None = None
    ) -> None:
        """A teacher for one or more roles.

        Args:
            endpoints: Whom to ask, in the order of preference; the next one is asked where one does not answer.
            desk: Where the calls are made.
            weights: Shares of the calls that each endpoint is asked first; none: always the first one.
        """
        self._endpoints = tuple(endpoints)
        self._desk = desk
        self._weights = tuple(weights) if weights is not None else None

    @classmethod
    def of(cls, model: BaseChatModel, *, spec: str, transcript: Transcript, **settings: float) -> "Teacher":
        """A teacher of one model, with a desk of its own and without a ledger.

        Args:
            model: The model.
            spec: Its name in the transcript, `provider:model`.
            transcript: Where every attempt is written.
            settings: Of `TeacherSettings`.
        """
        made = TeacherSettings.model_validate({"model": spec, **settings})
        return cls([Endpoint(model, made)], CallDesk(transcript))

    @property
    def spec(self) -> str:
        """Who it is: `provider:model`, several joined by commas."""
        return ", ".join(dict.fromkeys(endpoint.spec for endpoint in self._endpoints))

    def knows(self, task: str) -> bool:
        """Whether everybody who may be asked has a way to do the task; a language model has one for all."""
        return all(endpoint.knows(task) for endpoint in self._endpoints)

    def close(self) -> None:
        """Close the desk; calls in flight are dropped."""
        self._desk.close()

    def ask(self, calls: Sequence[Call], on_outcome: Callable[[Outcome], None] | None = None) -> list[Outcome]:
        """Make the calls, as many at a time as each endpoint allows.

        Args:
            calls: What to ask.
            on_outcome: Called in this thread with each outcome as soon as it is there, in any order.

        Returns:
            The outcomes, in the order of the calls.

        Raises:
            TeacherError: nobody answers, or too many replies are of no use. No new call was begun after that;
                the outcomes of those in flight have been handed to `on_outcome`.
            BudgetReached: the same, because nothing is left to spend.
        """
        sitting, useless, done = Sitting(self._desk), Counter[str](), 0

        def take_outcome(outcome: Outcome) -> None:
            nonlocal done
            done += 1
            if outcome.reply is None and outcome.category != UNASKED:
                useless[outcome.category] += 1
            if on_outcome is not None:
                on_outcome(outcome)
            if done >= HOPELESS_CALLS and useless.total() > HOPELESS * done and sitting.stopped is None:
                counts = ", ".join(f"{count} {category}" for category, count in useless.most_common())
                sitting.stopped = TeacherError(
                    f"Teacher {self.spec}: of {done} replies {useless.total()} could not be used ({counts}); the last "
                    f"one: {outcome.error}\nThe run stops before it pays for more of them; see `ioa transcript`."
                )

        # As many as all of them together may have in flight; each endpoint holds back its own.
        width = sum(endpoint.settings.concurrency for endpoint in self._endpoints)
        return sitting.run([partial(self._ask, call) for call in calls], width, take_outcome)

    async def _ask(self, call: Call) -> Outcome:
        prompt, larger, before = messages(call.context.agent, call.brief), None, ""
        for number in range(1, ATTEMPTS + 1):
            outcome, answer = await self._attempt(call, prompt, larger, number, before)
            before = outcome.event
            if answer is None or outcome.reply is not None or outcome.category == "refusal":
                break
            if outcome.category == "length":  # the same again, with room: half a reply is no use as an example
                larger = 2 * max(self._endpoints[0].settings.max_tokens or SHORTEST_LIMIT, answer.tokens.output)
            else:
                said = Message(role="assistant", content=split_thought(answer.text)[0])
                prompt = (*prompt, said, repair_message(UnreadableReplyError(outcome.error)))
        return outcome

    async def _attempt(
        self, call: Call, prompt: tuple[Message, ...], limit: int | None, number: int, before: str
    ) -> tuple[Outcome, Answer | None]:
        """One paid answer, read; none where the call cannot be answered at all. `before`: the attempt it repairs."""
        started, failures = time.monotonic(), list[str]()
        record = self._recorder(call, prompt, number, failures)
        purpose = Purpose(call.context.node if call.context.teaches else "")
        request = Request(prompt, call.brief.reply_schema(), limit, record, purpose)
        try:
            answer, endpoint, kept = await self._desk.answer(self._order(call), request, call.sample)
        except TeachingSpentError as error:
            return Outcome(call, None, before, str(error), UNASKED, self.spec), None
        except RejectedError as error:
            if not failures:  # an identical call in flight was rejected
                record(Failure(self.spec, Fault(error.kind, str(error))))
            event = failures[-1]
            return Outcome(call, None, event, str(error), error.kind.value, self.spec), None
        text, thought = split_thought(answer.text)
        reply, why, category = _read(text, answer, call.brief.reply)
        event = self._desk.transcript.record(
            context=call.context,
            teacher=endpoint.spec,
            attempt=number,
            parent=before,
            messages=prompt,
            reply=text,
            reasoning="\n".join(part for part in (answer.reasoning, thought) if part),
            parsed=reply.model_dump(mode="json") if reply is not None else None,
            error=why,
            category=category,
            answer=self._desk.name_answer(endpoint, request, call.sample),
            tokens=answer.tokens,
            cost=0.0 if kept else endpoint.cost(answer.tokens),
            ledger=kept,
            seconds=time.monotonic() - started,
        ).id
        return Outcome(call, reply, event, why, category, endpoint.spec, answer.tokens), answer

    def _order(self, call: Call) -> Sequence[Endpoint]:
        """Whom to ask first; by weight the same call always goes to the same one, so that it is paid once."""
        if self._weights is None:
            return self._endpoints
        point = _fraction(f"{call.brief.model_dump_json()}/{call.sample}") * sum(self._weights)
        ends = accumulate(self._weights)
        first = next((place for place, end in enumerate(ends) if point < end), len(self._weights) - 1)
        return (self._endpoints[first], *self._endpoints[:first], *self._endpoints[first + 1 :])

    def _recorder(
        self, call: Call, prompt: tuple[Message, ...], number: int, events: list[str]
    ) -> Callable[[Failure], None]:
        def record(failure: Failure) -> None:
            events.append(self._desk.record_failure(failure, call.context, prompt, number))

        return record


def _read(text: str, answer: Answer, kind: type[Reply]) -> tuple[Reply | None, str, str]:
    """(reply, why there is none, the same in a word)."""
    if answer.ending == "refusal":
        return None, f"the teacher refused: {text or 'it said nothing'}", "refusal"
    if answer.ending == "length":
        return None, f"the reply was cut off at {answer.tokens.output} tokens", "length"
    if repeats_key(text):  # it is kept as it came, and nobody is taught by it
        return None, "the reply repeats a key of yours", "key"
    try:
        return parse(text, kind), "", ""
    except UnreadableReplyError as unreadable:
        return None, str(unreadable), "empty" if not text.strip() else "unreadable"


def _fraction(text: str) -> float:
    """A number in [0, 1) that depends on nothing but the text."""
    # 48 bits: exact as a float, whose mantissa has 53.
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48
