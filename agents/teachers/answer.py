"""What a model answered, whichever provider's message it came in."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from langchain_core.messages import AIMessage

from ioa.memory.records import Record
from ioa.memory.transcript import Message, Tokens

CHARACTERS_PER_TOKEN = 4
"""Where a provider reports no usage; English text has a little more, JSON and digits have fewer."""

Ending = Literal["stop", "length", "refusal"]
_CUT_OFF = {"length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_context_window_exceeded"}
_REFUSED = {"content_filter", "refusal", "safety", "SAFETY"}


class Answer(Record):
    """One paid answer, as it is kept in the ledger."""

    text: str
    """What the model said, its reasoning left out."""
    reasoning: str = ""
    """What it thought before, where the provider hands that over apart from the text."""
    ending: Ending = "stop"
    """`length`: cut off at the token limit. `refusal`: the model or its provider would not answer."""
    tokens: Tokens
    reasoning_tokens: int = 0
    """Of the output, as far as it is reported."""


def read_answer(message: AIMessage, prompt: Sequence[Message]) -> Answer:
    """Take from a provider's message what matters."""
    refusal = message.additional_kwargs.get("refusal")
    finish = _finish(message)
    ending: Ending = "stop"
    if finish in _CUT_OFF:
        ending = "length"
    elif refusal or finish in _REFUSED:
        ending = "refusal"
    usage = message.usage_metadata
    details: Mapping[str, Any] = (usage.get("output_token_details") if usage else None) or {}
    return Answer(
        text=str(refusal) if refusal and not message.text else message.text,
        reasoning=_reasoning(message),
        ending=ending,
        tokens=_tokens(message, prompt),
        reasoning_tokens=int(details.get("reasoning") or 0),
    )


def estimate_tokens(prompt: Sequence[Message]) -> int:
    """About how many tokens a prompt has."""
    return sum(len(message.content) for message in prompt) // CHARACTERS_PER_TOKEN + 1


def _finish(message: AIMessage) -> str:
    metadata = message.response_metadata
    return str(metadata.get("finish_reason") or metadata.get("stop_reason") or metadata.get("done_reason") or "")


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
