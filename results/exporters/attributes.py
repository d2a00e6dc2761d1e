"""Attributes of spans, by the GenAI conventions of OpenTelemetry, by OpenInference, and our own `ioa.*`.

The names are spelt out: the constants of the GenAI conventions are still marked as experimental, and those of
OpenInference are installed only with the extra.
"""

import json
from collections.abc import Sequence
from typing import Any

from ioa.memory.redaction import redact_strings
from ioa.memory.transcript import AttemptEvent, DecisionEvent, TranscriptEvent
from ioa.results.exporters.export_text import clean

Value = str | int | float | bool | Sequence[str]

PROVIDERS = {
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "ibm": "ibm.watsonx.ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
}
"""LangChain's name of a provider: the well-known one of the conventions, where they differ."""


def root_attributes(run: str, status: str, events: int) -> dict[str, Value]:
    """Those of a sitting.

    Args:
        run: Id of the run.
        status: How the sitting ended.
        events: Events of the run before it.
    """
    return {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.agent.name": "ioa",
        "gen_ai.conversation.id": run,
        "openinference.span.kind": "CHAIN",
        "session.id": run,
        "ioa.run": run,
        "ioa.status": status,
        "ioa.resumed": events > 0,
    }


def shared(event: TranscriptEvent, run: str) -> dict[str, Value]:
    """Those of every event: where in the run it happened, and why it came to nothing."""
    context = event.context
    told = {
        "gen_ai.conversation.id": run,
        "gen_ai.agent.name": context.agent,
        "session.id": run,
        "ioa.run": run,
        "ioa.event": event.id,
        "ioa.node": context.node,
        "ioa.task": context.task,
        "ioa.stage": context.stage,
        "ioa.round": context.round,
        "ioa.module": context.module,
        "ioa.batch": context.batch,
        "ioa.strategies": list(context.strategies) or None,
    }
    if event.error:
        told["error.type"] = event.category or "unusable"
    return {
        key: value if not isinstance(value, str) else clean(value, 1000)
        for key, value in told.items()
        if value is not None
    }


def call_attributes(event: AttemptEvent, longest: int) -> dict[str, Value]:
    """Those of an attempt at a call.

    Args:
        event: The attempt.
        longest: Characters of each text; 0 for no prompt and no reply.
    """
    provider, _, model = event.teacher.partition(":")
    name = PROVIDERS.get(provider, provider)
    told: dict[str, Value] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": name,
        "gen_ai.request.model": model or event.teacher,
        "gen_ai.usage.input_tokens": event.tokens.input,
        "gen_ai.usage.output_tokens": event.tokens.output,
        "openinference.span.kind": "LLM",
        "llm.model_name": model or event.teacher,
        "llm.provider": provider,
        "llm.token_count.prompt": event.tokens.input,
        "llm.token_count.completion": event.tokens.output,
        "llm.token_count.total": event.tokens.input + event.tokens.output,
        "ioa.attempt": event.attempt,
        "ioa.answered": event.answered,
        "ioa.ledger": event.ledger,
        "ioa.tokens_estimated": event.tokens.estimated,
    }
    if event.cost is not None:
        told |= {"llm.cost.total": event.cost, "ioa.cost": event.cost}
    return told | (_conversation(event, longest) if longest else {})


def _conversation(event: AttemptEvent, longest: int) -> dict[str, Value]:
    """Prompt and reply, for both conventions."""
    asked = [(message.role, clean(message.content, longest)) for message in event.messages]
    reply, thought = clean(event.reply, longest), clean(event.reasoning, longest)
    parts = [{"type": "reasoning", "content": thought}] if thought else []
    parts.append({"type": "text", "content": reply})
    told: dict[str, Value] = {
        "gen_ai.input.messages": _json(
            [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in asked]
        ),
        "input.value": asked[-1][1] if asked else "",
        "input.mime_type": "text/plain",
    }
    for place, (role, text) in enumerate(asked):
        told[f"llm.input_messages.{place}.message.role"] = clean(role, 100)
        told[f"llm.input_messages.{place}.message.content"] = text
    if event.answered:
        told |= {
            "gen_ai.output.messages": _json([{"role": "assistant", "parts": parts, "finish_reason": _finish(event)}]),
            "output.value": reply,
            "output.mime_type": "text/plain",
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": reply,
        }
    return told


def _finish(event: AttemptEvent) -> str:
    return {"length": "length", "refusal": "content_filter"}.get(event.category, "stop")


def decision_attributes(event: DecisionEvent, longest: int) -> dict[str, Value]:
    """Those of a decision: about a lesson, or a visit to a node.

    Args:
        event: The decision.
        longest: Characters of each text; 0 for none of them.
    """
    if event.subject:
        told: dict[str, Value] = {"openinference.span.kind": "EVALUATOR", "ioa.lesson": clean(event.subject, 1000)}
    else:
        told = {"openinference.span.kind": "AGENT", "gen_ai.operation.name": "invoke_agent"}
    if not longest:
        return told
    if event.read:
        told |= {
            "input.value": clean(_json(redact_strings(event.read)), longest),
            "input.mime_type": "application/json",
        }
    said = "\n".join([event.text, *(f"{note.sender} to {note.receiver}: {note.text}" for note in event.notes)])
    if said.strip():
        told |= {"output.value": clean(said, longest), "output.mime_type": "text/plain"}
    return told


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
