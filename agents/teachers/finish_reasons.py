"""Why a reply ended, in the words of the providers: a closed list of what is known to be a whole one.

What is in none of the lists is a fault of the provider, whatever its name: providers name new ones every year, most of
them for replies that they broke off.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

Ending = Literal["stop", "length", "refusal", "broken", "unsaid"]

_WHOLE = (
    *("stop", "end_turn", "stop_sequence", "eos", "eos_token", "end_of_turn", "end_of_text", "endoftext"),
    *("stop_token", "eos_found", "stop_string_found", "stop_criteria_met", "matched_stop"),
    *("complete", "completed", "done", "finish", "finished", "normal"),
)
_CUT_OFF = (
    *("length", "max_tokens", "max_output_tokens", "max_new_tokens", "max_completion_tokens", "maximum_tokens"),
    *("max_length", "token_limit", "max_tokens_reached", "max_predicted_tokens_reached"),
    *("model_length", "model_context_window_exceeded", "context_length", "context_length_reached", "error_limit"),
    "repetition",  # vLLM, where it was told to end loops
)
_REFUSED = (
    *("content_filter", "content_filtered", "content_policy", "content_policy_violation", "refusal", "safety"),
    *("recitation", "prohibited_content", "blocklist", "blocked", "spii", "image_safety", "model_armor"),
    *("sensitive", "guardrail_intervened", "error_toxic"),
)
_FIELDS = ("finish_reason", "stop_reason", "done_reason", "completion_reason", "stopReason", "finishReason")
_NOTHING = ("", "null", "none", "undefined")


def _bare(reason: str) -> str:
    """The same for `max_tokens`, `MAX_TOKENS`, `maxTokens` and `FinishReason.MAX_TOKENS`.

    LangChain joins what several parts of a stream say: a reason that comes twice is `stopstop`.
    """
    letters = re.sub(r"[^a-z0-9]", "", reason.lower().rpartition(".")[2])
    letters = letters.removeprefix("finishreason")
    twice = re.fullmatch(r"(.{3,}?)\1+", letters)
    return twice.group(1) if twice else letters


_ENDINGS: dict[str, Ending] = {
    **{_bare(name): "stop" for name in _WHOLE},
    **{_bare(name): "length" for name in _CUT_OFF},
    **{_bare(name): "refusal" for name in _REFUSED},
    **{_bare(name): "unsaid" for name in _NOTHING},
}


def finish_reason(metadata: Mapping[str, Any]) -> str:
    """The reason that stands in a message's `response_metadata`; empty where there is none."""
    for name in _FIELDS:
        if isinstance(metadata.get(name), str) and metadata[name]:
            return str(metadata[name])
    if metadata.get("finish_reason"):  # a number or a structure: some reason it is, though not one that is known
        return repr(metadata["finish_reason"])
    details = metadata.get("incomplete_details")  # OpenAI's responses
    if isinstance(details, Mapping) and details.get("reason"):
        return str(details["reason"])
    feedback = metadata.get("prompt_feedback")  # Gemini, where it does not even begin
    if isinstance(feedback, Mapping) and feedback.get("block_reason"):
        return "blocked"
    return str(metadata.get("status") or "")


def read_ending(metadata: Mapping[str, Any]) -> tuple[Ending, str]:
    """(how a reply ended, the reason that was given for it).

    A router says its own reason and that of the provider behind it (`native_finish_reason`); where the second is known
    and is not that of a whole reply, it counts.
    """
    said = finish_reason(metadata)
    if not said and metadata.get("done") is True:  # old servers of Ollama say no more
        return "stop", ""
    ending = _ENDINGS.get(_bare(said), "broken")
    native = str(metadata.get("native_finish_reason") or "")
    behind = _ENDINGS.get(_bare(native), "broken")
    if ending == "unsaid" and native:
        return behind, native
    if ending == "stop" and (behind in {"length", "refusal"} or _BROKEN.search(native)):
        return behind, native
    return ending, said


_BROKEN = re.compile(r"error|fail|abort|cancel|incomplete|malformed|insufficient|time_?out|interrupt", re.IGNORECASE)
"""Reasons behind a router's `stop` that contradict it. Unknown ones do not: the router has read them as a whole."""
