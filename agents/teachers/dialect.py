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


WEAKNESS = (Form.SCHEMA, Form.JSON, Form.TEXT)
"""From the strictest to the weakest."""
_ROLES: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
_HOMES = ("model_kwargs", "extra_body")
"""Options of a model of OpenAI's family that hold further ones."""
_WEAKER = {Form.SCHEMA: Form.JSON, Form.JSON: Form.TEXT}
_OLLAMA = (
    *("mirostat", "mirostat_eta", "mirostat_tau", "num_ctx", "num_gpu", "num_thread", "num_predict", "repeat_last_n"),
    *("repeat_penalty", "temperature", "seed", "stop", "tfs_z", "top_k", "top_p"),
)
"""What ChatOllama sends as options."""
_ROOM = "max_tokens"
_NEWER_ROOM = "max_completion_tokens"
UNTOLD = "untold"
"""In the place of a name for the limit."""
_WORDS = {
    "schema": r"response_?(?:format|schema)|output_?(?:config|format|schema)|json[_ ]?(?:schema|object|mode)|\$defs"
    r"|structured|guided|grammar|\bformat\b|\bschema\b|extra (?:inputs|fields)",
    "temperature": r"temperature|sampling param",
    "limit": r"max_?(?:completion_?|output_?|new_?)?tokens|in the completion|completion tokens",
    "system": r"(?:system|developer).{0,40}(?:role|message|prompt|instruction)"
    r"|(?:role|message).{0,40}(?:system|developer)",
}
"""By what words a complaint names a part of the request; they decide what is left out first, and no more."""
_NO_PART = frozenset(
    {
        *("base_url", "api_base", "openai_api_base", "azure_endpoint", "azure_deployment", "api_version", "model"),
        *("openai_api_version", "timeout", "max_retries", "default_headers", "default_query", "client_kwargs"),
        *("http_client", "http_async_client", "streaming", "num_ctx", "organization", "use_responses_api", "name"),
        *("extra_body", "model_kwargs", "max_tokens", "max_completion_tokens"),
    }
)
"""Options that say how a model is reached, or are parts in another way; all others may be left out."""


@dataclass(frozen=True)
class Dialect:
    """What a model is known to accept."""

    form: Form
    temperature: float | None = None
    system: bool = True
    """Whether it takes system messages; where not, their text goes before the first user message."""
    max_tokens: int | None = None
    limit: str = ""
    """Under what name a server of OpenAI's family is told `max_tokens`; empty for what its client does. `UNTOLD`: it is
    not told."""
    without: frozenset[str] = frozenset()
    """The user's own options that are left out."""

    def lesser(self, model: BaseChatModel, prompt: Sequence[Message], options: Mapping[str, Any]) -> "list[Lesser]":
        """The dialects with one part less of what a request carries, the part that is refused most often first."""
        found = []
        if self.form is not Form.TEXT:
            carried = f"form {self.form}"
            weaker = _WEAKER[self.form]
            if weaker is not Form.TEXT:
                found.append(Lesser("schema", carried, "without the JSON schema", replace(self, form=weaker)))
            bare = replace(self, form=Form.TEXT)
            found.append(Lesser("schema", carried, "without JSON schema and JSON mode", bare))
        if self.temperature is not None:
            cold = replace(self, temperature=None)
            found.append(Lesser("temperature", "temperature", "without the temperature", cold))
        if self.max_tokens is not None and self.limit != UNTOLD:
            found += self._limits(model)
        if self.system and len(prompt) > 1 and prompt[0].role == "system":
            words = "with the system message in front of the user's"
            found.append(Lesser("system", "system", words, replace(self, system=False)))
        for name in _option_names(options):
            if name not in self.without:
                fewer = replace(self, without=self.without | {name})
                found.append(Lesser(name, f"option {name}", f"without the option {name}", fewer))
        return found

    def _limits(self, model: BaseChatModel) -> "list[Lesser]":
        found = []
        name = self._limit_name(model)
        other = {_ROOM: _NEWER_ROOM, "": _ROOM}.get(name)
        if other is not None and protocol(model) == "openai" and not getattr(model, "use_responses_api", None):
            words = f"with {other} in the place of {name or _NEWER_ROOM}"
            found.append(Lesser("limit", f"limit {name}", words, replace(self, limit=other)))
        words = "without a limit of its replies (max_tokens)"
        return [*found, Lesser("limit", f"limit {name}", words, replace(self, limit=UNTOLD))]

    def _limit_name(self, model: BaseChatModel) -> str:
        """`max_tokens`, which all servers of OpenAI's family know, unless the address is OpenAI's own.

        Some servers ignore the newer `max_completion_tokens` without a word.
        """
        if self.limit or protocol(model) != "openai":
            return self.limit
        address = getattr(model, "openai_api_base", None) or ("api.openai.com" if _is_openais_own(model) else "")
        return "" if "api.openai.com" in str(address) else _ROOM

    def messages(self, prompt: Sequence[Message]) -> list[BaseMessage]:
        """The prompt as LangChain's messages."""
        told = list(prompt)
        if not self.system and len(told) > 1 and told[0].role == "system":
            first = Message(role=told[1].role, content=f"{told[0].content}\n\n{told[1].content}")
            told = [first, *told[2:]]
        return [_ROLES[message.role](message.content) for message in told]

    def arguments(self, model: BaseChatModel, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Keyword arguments of one call that hold the model to the form, in its provider's words."""
        if protocol(model) == "ollama":
            return {**self._ollama_options(model), **_form(model, self.form, schema)}
        arguments: dict[str, Any] = {}
        if self.temperature is not None:
            arguments["temperature"] = self.temperature
        body: dict[str, Any] = {}
        if self.max_tokens is not None and self.limit != UNTOLD:
            name = self._limit_name(model)
            (body if name else arguments)[name or _ROOM] = self.max_tokens
        form = _form(model, self.form, schema)
        body |= form.pop("extra_body", {})
        if body:
            arguments["extra_body"] = {**(getattr(model, "extra_body", None) or {}), **body}
        return {**arguments, **form}

    def model(self, model: BaseChatModel) -> BaseChatModel:
        """The model without the options that are left out; it shares the connections."""
        return _without(model, self.without) if self.without else model

    def _ollama_options(self, model: BaseChatModel) -> dict[str, Any]:
        """Ollama's own names; `options` of a call replace those of the model, so they are repeated."""
        most = self.max_tokens if self.limit != UNTOLD else None
        ours = {"temperature": self.temperature, "num_predict": most}
        ours = {name: value for name, value in ours.items() if value is not None}
        theirs = {name: value for name in _OLLAMA if (value := getattr(model, name, None)) is not None}
        return {"options": {**theirs, **ours}} if ours else {}


@dataclass(frozen=True)
class Lesser:
    """A dialect with one part less."""

    part: str
    carried: str
    """The part as it is in the request that has it."""
    words: str
    """How the request goes on, for a person: `without ...`."""
    dialect: Dialect

    def named_in(self, complaint: str) -> bool:
        """Whether a complaint names the part."""
        words = _WORDS.get(self.part, rf"\b{re.escape(self.part)}\b")
        return re.search(words, complaint, re.IGNORECASE) is not None


def _option_names(options: Mapping[str, Any]) -> list[str]:
    """The options that may be refused, also those that are in a mapping of their own."""
    inner = [name for home in _HOMES for name in options.get(home) or {}]
    return [*(name for name in options if name not in _NO_PART), *inner]


def _without(model: BaseChatModel, names: frozenset[str]) -> BaseChatModel:
    changed: dict[str, Any] = {}
    fields = type(model).model_fields
    for name, about in fields.items():
        if names & {name, about.alias}:
            changed[name] = about.get_default(call_default_factory=False)
    for home in _HOMES:
        held = getattr(model, home, None)
        if isinstance(held, dict) and names & held.keys():
            changed[home] = {name: value for name, value in held.items() if name not in names}
    return model.model_copy(update=changed)


def first_form(model: BaseChatModel) -> Form:
    """The strictest form that the provider's protocol knows; whether a server obeys it shows later."""
    return Form.SCHEMA if protocol(model) else Form.TEXT


def _form(model: BaseChatModel, form: Form, schema: Mapping[str, Any]) -> dict[str, Any]:
    spoken = protocol(model)
    if form is Form.TEXT or not spoken:
        return {}
    if spoken == "ollama":
        return {"format": dict(schema) if form is Form.SCHEMA else "json"}
    wanted: dict[str, Any] = {"type": "json_object"}
    if form is Form.SCHEMA:
        wanted = {"type": "json_schema", "json_schema": {"name": "reply", "schema": dict(schema), "strict": False}}
    if spoken == "anthropic":  # it has no JSON mode; its package rewrites the schema to its liking
        return {"response_format": wanted} if form is Form.SCHEMA else {}
    # Not as `response_format`: with that the SDK parses the reply itself and throws away what it cannot parse.
    return {"extra_body": {"response_format": wanted}}


def _is_openais_own(model: BaseChatModel) -> bool:
    return any(base.__name__ == "ChatOpenAI" for base in type(model).__mro__)


def protocol(model: BaseChatModel) -> str:
    """`openai`, `anthropic` or `ollama`, by the class that the model is derived from; else empty."""
    names = {base.__name__ for base in type(model).__mro__}
    if "BaseChatOpenAI" in names:
        return "openai"
    if "ChatAnthropic" in names:
        return "anthropic"
    return "ollama" if "ChatOllama" in names else ""
