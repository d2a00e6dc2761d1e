"""How providers write on the wire what the contract of all teachers speaks of.

A `Wire` knows one protocol: how a good reply looks in it, how its faults look, and where a request says what. The
faults are the providers' own words, as they are quoted in public bug reports.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ioa.agents.teachers.provider_faults import FaultKind
from ioa.agents.tutor import open_tutor
from tests import fault_server as play
from tests.fault_server import KEY, Cue, Handler, Play, RetryAfter

READ, WRITTEN = 11, 7
"""Tokens that every good reply reports, of the prompt (cached ones included) and of itself."""
ENDINGS = ("stop", "length", "refusal")
Faults = tuple[tuple[FaultKind, Play], ...]


@dataclass(frozen=True)
class Sent:
    """What a request says, whatever it calls it."""

    messages: list[tuple[str, str]]
    """(role, text), the system message first."""
    temperature: float | None
    max_tokens: int | None
    schema: Mapping[str, Any] | None
    """JSON Schema that the reply is held to by the server."""


@dataclass(frozen=True)
class Wire:
    """One provider's protocol."""

    provider: str
    handler: type[Handler]
    reply: Callable[..., Play]
    """A good reply: (text, reasoning, ending), the ending one of `ENDINGS` in the provider's own word."""
    sent: Callable[[dict], Sent]
    faults: Faults
    root: str = "/v1"
    """Path of the address that the client is told."""
    endings: tuple[str, ...] = ENDINGS
    thinking: Mapping[str, Any] = field(default_factory=dict)
    """Options without which LangChain drops the reasoning."""

    def fault(self, kind: FaultKind) -> Play:
        """The first fault of that kind."""
        return next(fault for known, fault in self.faults if known is kind)

    def tutored(self, pause: Callable[[str], float] = lambda _: 0.0) -> Cue:
        """The embedded tutor behind this wire; `pause` says how many seconds it takes over a prompt."""
        tutor = open_tutor("arithmetic")

        def answer(body: dict) -> Play:
            asked = self.sent(body).messages
            return replace(self.reply(tutor.invoke(asked).text), silence=pause(asked[-1][1]))

        return answer


def _fault(name, status, body, retry_after=None) -> Play:
    return Play(name, status, json.dumps(body), retry_after=retry_after)


# OpenAI, and DeepSeek, which speaks nearly the same


def _openai_reply(text, reasoning=None, ending="stop") -> Play:
    finish = {"refusal": "content_filter"}.get(ending, ending)
    usage = {"prompt_tokens": READ, "completion_tokens": WRITTEN, "total_tokens": READ + WRITTEN}
    return play.ok(text, usage=usage, finish_reason=finish, reasoning_content=reasoning)


def _deepseek_reply(text, reasoning=None, ending="stop") -> Play:
    finish = {"refusal": "content_filter"}.get(ending, ending)
    usage = {
        "prompt_tokens": READ,
        "completion_tokens": WRITTEN,
        "total_tokens": READ + WRITTEN,
        "prompt_cache_hit_tokens": 4,
        "prompt_cache_miss_tokens": READ - 4,
    }
    return play.ok(text, usage=usage, finish_reason=finish, reasoning_content=reasoning)


def _openai_sent(body: dict) -> Sent:
    form = body.get("response_format", {})
    return Sent(
        messages=[(message["role"], message["content"]) for message in body["messages"]],
        temperature=body.get("temperature"),
        max_tokens=body.get("max_tokens", body.get("max_completion_tokens")),
        schema=form.get("json_schema", {}).get("schema"),
    )


def _deepseek_fault(name, status, message, retry_after=None, code="invalid_request_error") -> Play:
    error = {"message": message, "type": code, "param": None, "code": code}
    return _fault(name, status, {"error": error}, retry_after)


OPENAI = Wire(
    provider="openai",
    handler=Handler,
    reply=_openai_reply,
    sent=_openai_sent,
    faults=(
        (FaultKind.AUTHENTICATION, play.unauthorized()),
        (FaultKind.AUTHENTICATION, play.forbidden()),
        (FaultKind.UNKNOWN_MODEL, play.unknown_model()),
        (FaultKind.QUOTA, play.quota_exhausted()),
        (FaultKind.RATE_LIMIT, play.rate_limited(1)),
        (FaultKind.SERVER, play.server_error()),
        (FaultKind.CONTEXT, play.context_overflow()),
    ),
)

DEEPSEEK = Wire(
    provider="deepseek",
    handler=Handler,
    reply=_deepseek_reply,
    sent=_openai_sent,
    faults=(
        (
            FaultKind.AUTHENTICATION,
            _deepseek_fault("unauthorized", 401, f"Authentication Fails, Your api key: {KEY} is invalid"),
        ),
        (FaultKind.UNKNOWN_MODEL, _deepseek_fault("unknown_model", 400, "Model Not Exist")),
        (FaultKind.QUOTA, _deepseek_fault("no_balance", 402, "Insufficient Balance", code="unknown_error")),
        (FaultKind.RATE_LIMIT, _deepseek_fault("rate_limited", 429, "Rate limit reached", RetryAfter(1))),
        (FaultKind.SERVER, _deepseek_fault("server_error", 500, "Internal Server Error", code="internal_error")),
        (FaultKind.SERVER, _deepseek_fault("busy", 503, "Service is too busy.", code="service_unavailable_error")),
        (
            FaultKind.CONTEXT,
            _deepseek_fault(
                "context_overflow",
                400,
                "This model's maximum context length is 131072 tokens. However, you requested 131100 tokens (131000 in "
                "the messages, 100 in the completion). Please reduce the length of the messages or completion.",
            ),
        ),
    ),
)


# Anthropic


class _AnthropicHandler(Handler):
    chat = "/v1/messages"


def _anthropic_reply(text, reasoning=None, ending="stop") -> Play:
    reason = {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal"}[ending]
    thought = [] if reasoning is None else [{"type": "thinking", "thinking": reasoning, "signature": "c2lnbmVk"}]
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": play.MODEL,
        "content": [*thought, *([{"type": "text", "text": text}] if text else [])],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": READ - 6,
            "cache_creation_input_tokens": 2,
            "cache_read_input_tokens": 4,
            "output_tokens": WRITTEN,
        },
    }
    return Play("ok", body=json.dumps(body))


def _anthropic_sent(body: dict) -> Sent:
    told = [("system", body["system"])] if "system" in body else []
    told += [(message["role"], message["content"]) for message in body["messages"]]
    return Sent(
        messages=[(role, said if isinstance(said, str) else said[0]["text"]) for role, said in told],
        temperature=body.get("temperature"),
        max_tokens=body["max_tokens"],
        schema=body.get("output_config", {}).get("format", {}).get("schema"),
    )


def _anthropic_fault(name, status, type_, message, retry_after=None) -> Play:
    body = {"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_1"}
    return _fault(name, status, body, retry_after)


ANTHROPIC = Wire(
    provider="anthropic",
    handler=_AnthropicHandler,
    reply=_anthropic_reply,
    sent=_anthropic_sent,
    root="",
    faults=(
        (
            FaultKind.AUTHENTICATION,
            _anthropic_fault("unauthorized", 401, "authentication_error", f"invalid x-api-key: {KEY}"),
        ),
        (FaultKind.UNKNOWN_MODEL, _anthropic_fault("unknown_model", 404, "not_found_error", "model: m")),
        (
            FaultKind.QUOTA,
            _anthropic_fault(
                "no_credit",
                400,
                "invalid_request_error",
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade "
                "or purchase credits.",
            ),
        ),
        (
            FaultKind.RATE_LIMIT,
            _anthropic_fault(
                "rate_limited",
                429,
                "rate_limit_error",
                "This request would exceed your organization's rate limit of 50 requests per minute",
                RetryAfter(1),
            ),
        ),
        (FaultKind.SERVER, _anthropic_fault("server_error", 500, "api_error", "Internal server error")),
        (FaultKind.SERVER, play.overloaded()),
        (
            FaultKind.CONTEXT,
            _anthropic_fault(
                "context_overflow",
                400,
                "invalid_request_error",
                "prompt is too long: 200251 tokens > 200000 maximum",
            ),
        ),
        (
            FaultKind.CONTEXT,
            _anthropic_fault(
                "no_room_for_the_reply",
                400,
                "invalid_request_error",
                "input length and `max_tokens` exceed context limit: 197000 + 8192 > 200000, decrease input length or "
                "`max_tokens` and try again",
            ),
        ),
    ),
)


# Ollama


class _OllamaHandler(Handler):
    chat = "/api/chat"


def _ollama_lines(*parts: dict) -> str:
    common = {"model": play.MODEL, "created_at": "2026-01-01T00:00:00.000000Z"}
    return "".join(json.dumps(common | part) + "\n" for part in parts)


def _ollama_reply(text, reasoning=None, ending="stop") -> Play:
    middle = len(text) // 2
    said = [{"content": text[:middle]}, {"content": text[middle:]}]
    if reasoning is not None:
        said.insert(0, {"content": "", "thinking": reasoning})
    parts = [{"message": {"role": "assistant", **part}, "done": False} for part in said]
    last = {
        "message": {"role": "assistant", "content": ""},
        "done": True,
        "done_reason": ending,
        "total_duration": 10**9,
        "prompt_eval_count": READ,
        "eval_count": WRITTEN,
    }
    return Play("ok", body=_ollama_lines(*parts, last), content_type="application/x-ndjson")


def _ollama_sent(body: dict) -> Sent:
    options = body.get("options") or {}
    form = body.get("format")
    return Sent(
        messages=[(message["role"], message.get("content", "")) for message in body["messages"]],
        temperature=options.get("temperature"),
        max_tokens=options.get("num_predict"),
        schema=form if isinstance(form, dict) else None,
    )


def _ollama_fault(name, status, message, retry_after=None) -> Play:
    return _fault(name, status, {"error": message}, retry_after)


OLLAMA = Wire(
    provider="ollama",
    handler=_OllamaHandler,
    reply=_ollama_reply,
    sent=_ollama_sent,
    root="",
    endings=("stop", "length"),
    thinking={"reasoning": True},
    faults=(
        (FaultKind.AUTHENTICATION, _ollama_fault("unauthorized", 401, f"unauthorized: {KEY}")),
        (FaultKind.UNKNOWN_MODEL, _ollama_fault("unknown_model", 404, "model 'm' not found")),
        (FaultKind.RATE_LIMIT, _ollama_fault("rate_limited", 429, "too many concurrent requests", RetryAfter(1))),
        (
            FaultKind.SERVER,
            _ollama_fault("server_error", 500, "llama runner process has terminated: exit status 2"),
        ),
        (
            FaultKind.SERVER,
            _ollama_fault("busy", 503, "server busy, please try again.  maximum pending requests exceeded"),
        ),
        (
            FaultKind.SERVER,
            Play(
                "error_in_the_stream",
                body=_ollama_lines({"message": {"role": "assistant", "content": "{"}, "done": False})
                + json.dumps({"error": "an error was encountered while running the model: unexpected EOF"})
                + "\n",
                content_type="application/x-ndjson",
            ),
        ),
        (FaultKind.CONTEXT, _ollama_fault("context_overflow", 400, "the input length exceeds the context length")),
    ),
)

WIRES = {wire.provider: wire for wire in (OPENAI, DEEPSEEK, ANTHROPIC, OLLAMA)}
