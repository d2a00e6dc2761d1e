"""The section `teacher` of the run file: which teacher, and how it is called."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from ioa.agents.settings.address import Address, read_address, tidy
from ioa.memory.plugins import absolute_plugin, is_plugin_file
from ioa.memory.records import Record
from ioa.memory.redaction import SECRET, redact_keys, redact_strings
from ioa.memory.transcript import Tokens

MILLION = 1_000_000
OPENAI_FAMILY = frozenset({"openai", "azure_openai", "deepseek"})
"""Providers whose client is OpenAI's."""
LIMITS = ("max_tokens", "max_completion_tokens")
"""Their options that limit a reply."""


_SECRET = re.compile(
    r'"[\w-]*(?:api[_-]?key|access[_-]?key|authorization|[_-]token|secret|password|cookie)"\s*:', re.IGNORECASE
)
_QUERY_SECRET = re.compile(r"[?&][^=&]*(?:key|token|secret)=", re.IGNORECASE)
_USER_SECRET = re.compile(r"(?:^|/)[^/@:\s]*:[^/@]+@")
_PROVIDER = re.compile(r"[a-z0-9_]+:.+")


class Price(Record):
    """US dollars per million tokens."""

    input: Annotated[float, Field(ge=0)]
    """Of prompts."""
    output: Annotated[float, Field(ge=0)]
    """Of replies, reasoning included."""

    def cost(self, tokens: Tokens) -> float:
        """US dollars of a call."""
        return (tokens.input * self.input + tokens.output * self.output) / MILLION


def _teacher_name(name: str) -> str:
    """The name, with a plug-in's file by its absolute path: a run may go on from another folder."""
    if not is_plugin_file(name) and not _PROVIDER.fullmatch(name):
        raise ValueError("expected provider:model or ./FILE.py:FUNCTION")
    return absolute_plugin(name)


class TeacherSettings(Record):
    """Which teacher, and how it is called."""

    model: Annotated[str, AfterValidator(_teacher_name)] = "tutor:arithmetic"
    """`provider:model`, for example `tutor:arithmetic` (embedded), `openai:gpt-5-mini`, `gguf:PATH`; or a function in a
    Python file, `FILE.py:FUNCTION` or `FILE.py:FUNCTION:NAME`."""
    base_url: str | None = None
    """Address of an OpenAI-compatible server; with it the provider is usually `openai`. What is missing is completed
    (`http://`, `/v1`), what is too much is taken off (`/chat/completions`), and said."""
    api_key_env: str | None = None
    """Environment variable that holds the key; none for the provider's usual one. Never the key itself."""
    api_key_file: str | None = None
    """File that holds the key and nothing else."""
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    """Sampling temperature; none leaves it to the provider, since reasoning models refuse it."""
    max_tokens: Annotated[int | None, Field(ge=1)] = None
    """Most tokens of a reply, reasoning included; none leaves it to the provider."""
    form: Literal["auto", "schema", "json", "text"] = "auto"
    """How replies are held to their form; `auto` begins with the strictest that the provider has."""
    options: Mapping[str, Any] = {}
    """Further arguments of the LangChain model, such as `reasoning_effort: low`."""
    timeout: Annotated[float, Field(gt=0)] = 120.0
    """Seconds after which one attempt is given up, however much of the reply has come."""
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    """Attempts at one call that fails for a reason that may pass: a rate limit, an error of the server, a time-out."""
    longest_wait: Annotated[float, Field(ge=0)] = 120.0
    """Seconds that a provider may ask to wait; at more the run stops and can be resumed."""
    breaker: Annotated[int, Field(ge=1)] = 10
    """Failures in a row, over all calls, after which the next teacher is taken, or the run stops."""
    cool_down: Annotated[float, Field(ge=0)] = 30.0
    """Seconds until a teacher that failed so often is tried again."""
    concurrency: Annotated[int, Field(ge=1, le=1024)] = 8
    """Most calls in flight; one until the first answer, and fewer after signs of overload."""
    rpm: Annotated[float | None, Field(gt=0)] = None
    """Requests a minute."""
    tpm: Annotated[float | None, Field(gt=0)] = None
    """Tokens a minute, prompts and replies together."""
    price: Price | None = None
    """US dollars per million tokens; none for the price list's."""
    weight: Annotated[float | None, Field(gt=0)] = None
    """Share of a role's calls, where a role has several teachers; without weights they are taken in order."""

    @property
    def address(self) -> Address | None:
        """Where `base_url` says that the server is; none where there is none."""
        return None if self.base_url is None else read_address(self.base_url, self.provider)

    @property
    def provider(self) -> str:
        """What stands before the colon of `model`."""
        return self.model.partition(":")[0]

    @property
    def reply_limit(self) -> int | None:
        """Most tokens of a reply, also where it is given among the options of OpenAI's family."""
        if self.max_tokens is not None or self.provider not in OPENAI_FAMILY:
            return self.max_tokens
        given = next((self.options[name] for name in LIMITS if name in self.options), None)
        return given if isinstance(given, int) else None

    @field_validator("base_url")
    @classmethod
    def _address_without_secret(cls, typed: str | None) -> str | None:
        """The address is written into the run's folder, and said whenever the teacher does not answer."""
        if typed is None:
            return None
        if _USER_SECRET.search(typed) or _QUERY_SECRET.search(typed) or redact_keys(typed) != typed:
            raise PydanticCustomError(SECRET, "holds a secret; give the key by `api_key_env` or `api_key_file`")
        try:
            return tidy(typed)
        except ValueError as error:
            raise PydanticCustomError("address", "{why}", {"why": str(error)}) from error

    @field_validator("options")
    @classmethod
    def _no_secrets(cls, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Options are written into the run's folder, where a key would be there for everybody to read."""
        if _SECRET.search(json.dumps(options, default=str)) or redact_strings(dict(options)) != options:
            raise PydanticCustomError(
                SECRET, "holds a key; name the variable or the file it is in: `api_key_env` or `api_key_file`"
            )
        return options
