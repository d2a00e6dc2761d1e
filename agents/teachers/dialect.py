"""How a model is spoken to: what it refuses is left out, found out once and remembered."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from ioa.memory.transcript import Message


class Form(StrEnum):
    """How a model is held to the form of its reply."""

    SCHEMA = "schema"
    """The provider's own JSON schema: it cannot write anything else."""
    JSON = "json"
    """The provider's JSON mode: some JSON object."""
    TEXT = "text"
    """The prompt alone; it holds the schema in any case."""


_ROLES: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
_WEAKER = {Form.SCHEMA: Form.JSON, Form.JSON: Form.TEXT}
_FORM = re.compile(
    r"response_?format|output_?(?:config|format)|json_?schema|json_?object|structured|guided|grammar|\bformat\b|extra",
    re.IGNORECASE,
)
_OLLAMA = (
    *("mirostat", "mirostat_eta", "mirostat_tau", "num_ctx", "num_gpu", "num_thread", "num_predict", "repeat_last_n"),
    *("repeat_penalty", "temperature", "seed", "stop", "tfs_z", "top_k", "top_p"),
)
"""What ChatOllama sends as options."""
_TEMPERATURE = re.compile(r"temperature", re.IGNORECASE)
_OLD_LIMIT = re.compile(r"max_completion_tokens", re.IGNORECASE)
_SYSTEM = re.compile(r"system.{0,40}(?:role|message|prompt)|(?:role|message).{0,40}system", re.IGNORECASE)


@dataclass(frozen=True)
class Dialect:
    """What a model is known to accept."""

    form: Form
    temperature: float | None = None
    system: bool = True
    """Whether it takes system messages; where not, their text goes before the first user message."""
    max_tokens: int | None = None
    plain_limit: bool = True
    """Whether a server with an address of its own is told `max_tokens`, which all know, and not OpenAI's newer
    `max_completion_tokens`, which some ignore without a word."""

    def without_refused(self, complaint: str) -> "Dialect | None":
        """The dialect without what a 400 complains about; none where nothing of ours is to blame."""
        if self.temperature is not None and _TEMPERATURE.search(complaint):
            return replace(self, temperature=None)
        if self.plain_limit and _OLD_LIMIT.search(complaint):
            return replace(self, plain_limit=False)
        if self.system and _SYSTEM.search(complaint):
            return replace(self, system=False)
        if self.form is not Form.TEXT and _FORM.search(complaint):
            return replace(self, form=_WEAKER[self.form])
        return None

    def weaker(self) -> "Dialect | None":
        """The dialect with less asked of the server's grammar; none where nothing is."""
        return replace(self, form=_WEAKER[self.form]) if self.form is not Form.TEXT else None

    def messages(self, prompt: Sequence[Message]) -> list[BaseMessage]:
        """The prompt as LangChain's messages."""
        told = list(prompt)
        if not self.system and len(told) > 1 and told[0].role == "system":
            first = Message(role=told[1].role, content=f"{told[0].content}\n\n{told[1].content}")
            told = [first, *told[2:]]
        return [_ROLES[message.role](message.content) for message in told]

    def arguments(self, model: BaseChatModel, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Keyword arguments of one call that hold the model to the form, in its provider's words."""
        if _protocol(model) == "ollama":
            return {**self._ollama_options(model), **_form(model, self.form, schema)}
        arguments: dict[str, Any] = {}
        if self.temperature is not None:
            arguments["temperature"] = self.temperature
        body: dict[str, Any] = {}
        if self.max_tokens is not None:
            own_address = _protocol(model) == "openai" and getattr(model, "openai_api_base", None)
            (body if own_address and self.plain_limit else arguments)["max_tokens"] = self.max_tokens
        form = _form(model, self.form, schema)
        body |= form.pop("extra_body", {})
        if body:
            arguments["extra_body"] = {**(getattr(model, "extra_body", None) or {}), **body}
        return {**arguments, **form}

    def _ollama_options(self, model: BaseChatModel) -> dict[str, Any]:
        """Ollama's own names; `options` of a call replace those of the model, so they are repeated."""
        ours = {"temperature": self.temperature, "num_predict": self.max_tokens}
        ours = {name: value for name, value in ours.items() if value is not None}
        theirs = {name: value for name in _OLLAMA if (value := getattr(model, name, None)) is not None}
        return {"options": {**theirs, **ours}} if ours else {}


def first_form(model: BaseChatModel) -> Form:
    """The strictest form that the provider's protocol knows; whether a server obeys it shows later."""
    return Form.SCHEMA if _protocol(model) else Form.TEXT


def _form(model: BaseChatModel, form: Form, schema: Mapping[str, Any]) -> dict[str, Any]:
    protocol = _protocol(model)
    if form is Form.TEXT or not protocol:
        return {}
    if protocol == "ollama":
        return {"format": dict(schema) if form is Form.SCHEMA else "json"}
    wanted: dict[str, Any] = {"type": "json_object"}
    if form is Form.SCHEMA:
        wanted = {"type": "json_schema", "json_schema": {"name": "reply", "schema": dict(schema), "strict": False}}
    if protocol == "anthropic":  # it has no JSON mode; its package rewrites the schema to its liking
        return {"response_format": wanted} if form is Form.SCHEMA else {}
    # Not as `response_format`: with that the SDK parses the reply itself and throws away what it cannot parse.
    return {"extra_body": {"response_format": wanted}}


def _protocol(model: BaseChatModel) -> str:
    """`openai`, `anthropic` or `ollama`, by the class that the model is derived from; else empty."""
    names = {base.__name__ for base in type(model).__mro__}
    if "BaseChatOpenAI" in names:
        return "openai"
    if "ChatAnthropic" in names:
        return "anthropic"
    return "ollama" if "ChatOllama" in names else ""
