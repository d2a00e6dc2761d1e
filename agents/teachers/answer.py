"""What a model answered, whichever provider's message it came in."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage

from ioa.agents.teachers.dialect import protocol
from ioa.agents.teachers.finish_reasons import read_ending
from ioa.memory.records import Record
from ioa.memory.transcript import Message, Tokens

CHARACTERS_PER_TOKEN = 4
"""Where a provider reports no usage; English text has a little more, JSON and digits have fewer."""


class BrokenReplyError(Exception):
    """A reply that its provider broke off, or an error that it sent in place of one with a success."""

    def __init__(
        self, message: str, *, text: str = "", tokens: Tokens | None = None, status: int | None = None
    ) -> None:
        """What is known of it.

        Args:
            message: What the provider says is wrong.
            text: What had come by then.
            tokens: What it says that cost; none where it does not say.
            status: The HTTP status that it gives the error in the body; none where it does not.
        """
        super().__init__(message)
        self.text = text
        self.tokens = tokens
        self.status = status


class UnsaidEndingError(BrokenReplyError):
    """A reply with nothing to say whether it is whole."""

    def __init__(self, answer: "Answer") -> None:
        """The reply as it would be if it were whole."""
        super().__init__("no finish reason: the reply may be broken off", text=answer.text, tokens=answer.tokens)
        self.answer = answer


class Answer(Record):
    """One paid answer, as it is kept in the ledger."""

    text: str
    """What the model said, its reasoning left out."""
    reasoning: str = ""
    """What it thought before, where the provider hands that over apart from the text."""
    ending: Literal["stop", "length", "refusal"] = "stop"
    """`length`: cut off at the token limit. `refusal`: the model or its provider would not answer."""
    tokens: Tokens
    reasoning_tokens: int = 0
    """Of the output, as far as it is reported."""


def read_answer(message: AIMessage, prompt: Sequence[Message]) -> Answer:
    """Take from a provider's message what matters.

    Raises:
        UnsaidEndingError: the provider does not say how the reply ended.
        BrokenReplyError: it is not a whole reply, nor one that was cut off at a limit or refused.
    """
    refusal = message.additional_kwargs.get("refusal")
    ending, reason = read_ending(message.response_metadata)
    usage = message.usage_metadata
    text = str(refusal) if refusal and not message.text else message.text
    tokens = _tokens(message, prompt)
    if refusal and ending in {"stop", "unsaid"}:
        ending = "refusal"
    if ending == "stop" and usage and usage["input_tokens"] and not usage["output_tokens"] and not text:
        raise BrokenReplyError("nothing was generated, not a single token", tokens=tokens)
    if ending == "broken":
        raise BrokenReplyError(f"the reply is broken off: finish reason {reason!r}", text=text, tokens=tokens)
    details: Mapping[str, Any] = (usage.get("output_token_details") if usage else None) or {}
    answer = Answer(
        text=text,
        reasoning=_reasoning(message),
        ending="stop" if ending == "unsaid" else ending,
        tokens=tokens,
        reasoning_tokens=int(details.get("reasoning") or 0),
    )
    if ending == "unsaid":
        raise UnsaidEndingError(answer)
    return answer


def estimate_tokens(prompt: Sequence[Message]) -> int:
    """About how many tokens a prompt has."""
    return sum(len(message.content) for message in prompt) // CHARACTERS_PER_TOKEN + 1


def _reasoning(message: AIMessage) -> str:
    for name in ("reasoning_content", "reasoning"):
        value = message.additional_kwargs.get(name)
        if isinstance(value, str) and value:
            return value
    blocks = (
        [block for block in message.content if isinstance(block, dict)] if isinstance(message.content, list) else []
    )
    thought = [block for block in blocks if block.get("type") in {"thinking", "reasoning"}]
    parts = [str(block.get("thinking") or block.get("reasoning") or block.get("text") or "") for block in thought]
    return "\n".join(part for part in parts if part)


def _tokens(message: AIMessage, prompt: Sequence[Message]) -> Tokens:
    usage = message.usage_metadata
    if usage is not None and (usage["input_tokens"] or usage["output_tokens"]):  # some servers report zeros
        estimated = "token_count" in message.response_metadata  # the embedded tutor counts words
        return Tokens(input=usage["input_tokens"], output=usage["output_tokens"], estimated=estimated)
    said = len(message.text) + len(_reasoning(message))
    return Tokens(input=estimate_tokens(prompt), output=said // CHARACTERS_PER_TOKEN + 1, estimated=True)


class Endings:
    """Whether a model's provider says why replies end, learnt from those that came.

    A few old servers of OpenAI's family never do, and what they say is then taken as it is. To tell them from a reply
    that was broken off, the first that comes without a reason is asked for again: where the next one has one, all have
    to. Where the protocol demands a reason, and in streams, there is no reply without one.
    """

    def __init__(self, model: BaseChatModel) -> None:
        """The endings of one model."""
        spoken = protocol(model)
        self._demanded = spoken in {"anthropic", "ollama"} or bool(spoken and getattr(model, "streaming", False))
        self._doubted = not spoken  # a model of somebody's own need not say it
        self._named = False

    def check(self, read: Callable[[], Answer]) -> Answer:
        """The answer that is read from a message.

        Raises:
            BrokenReplyError: it is not whole, or may not be.
        """
        try:
            answer = read()
        except UnsaidEndingError as unsaid:
            if self._named or self._demanded or not self._doubted:
                self._doubted = True
                raise
            return unsaid.answer
        self._named = True
        return answer
