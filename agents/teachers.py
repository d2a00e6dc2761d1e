"""Opening the chat model that plays the teacher.

Two roads lead to one: `provider:model` through LangChain's `init_chat_model`, and the entry-point group
`ioa.teachers`, through which the embedded tutor is found like anybody else's teacher.
"""

import os
from importlib.metadata import entry_points
from typing import Annotated, Any

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from pydantic import Field

from ioa.memory.errors import UserError
from ioa.memory.records import Record
from ioa.memory.redaction import redact

GROUP = "ioa.teachers"


class TeacherSettings(Record):
    """Which teacher, and how it is called."""

    model: Annotated[str, Field(pattern=r"^[a-z0-9_]+:.+$")] = "tutor:arithmetic"
    """`provider:model`, for example `tutor:arithmetic` (embedded), `openai:gpt-5-mini`, `deepseek:deepseek-chat`."""
    base_url: str | None = None
    """Address of an OpenAI-compatible server; with it the provider is usually `openai`."""
    api_key_env: str | None = None
    """Environment variable that holds the key; none for the provider's usual one. Never the key itself."""
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    """Sampling temperature; none leaves it to the provider, since reasoning models refuse it."""
    max_tokens: Annotated[int | None, Field(ge=1)] = None
    """Most tokens of a reply; none leaves it to the provider."""
    timeout: Annotated[float, Field(gt=0)] = 120.0
    """Seconds after which one attempt is given up."""
    concurrency: Annotated[int, Field(ge=1, le=256)] = 8
    """Most calls in flight."""


def open_model(settings: TeacherSettings) -> BaseChatModel:
    """Open the chat model that the settings name.

    Raises:
        UserError: the provider is unknown or not installed, or its key is missing.
    """
    provider, name = settings.model.split(":", 1)
    for entry in entry_points(group=GROUP, name=provider):
        model = entry.load()(name)
        if not isinstance(model, BaseChatModel):
            raise UserError(
                f"Teacher {settings.model}: {entry.value} returned {type(model).__name__}, not a LangChain chat model."
            )
        return model
    try:
        opened: BaseChatModel = init_chat_model(name, model_provider=provider, **_arguments(provider, settings))
        return opened
    except UserError:
        raise
    except ImportError as error:
        raise UserError(f"Teacher {settings.model}: {error}") from error
    except ValueError as error:
        raise UserError(f"Teacher {settings.model}: {_unknown(provider, error)}") from error
    except Exception as error:
        raise UserError(f"Teacher {settings.model} cannot be opened: {redact(str(error))}") from error


def _arguments(provider: str, settings: TeacherSettings) -> dict[str, Any]:
    arguments: dict[str, Any] = {"max_retries": 2, "timeout": settings.timeout}
    for name in ("base_url", "temperature", "max_tokens"):
        value = getattr(settings, name)
        if value is not None:
            arguments[name] = value
    if settings.api_key_env is not None:
        key = os.environ.get(settings.api_key_env)
        if not key:
            raise UserError(
                f"Teacher {settings.model}: the environment variable {settings.api_key_env} is not set. "
                f"Set it to your key: export {settings.api_key_env}=..."
            )
        arguments["api_key"] = key
    elif provider == "openai" and settings.base_url and not os.environ.get("OPENAI_API_KEY"):
        arguments["api_key"] = "none"  # local servers ask for no key, the client insists on one
    return arguments


def _unknown(provider: str, error: ValueError) -> str:
    if "Unsupported" not in str(error):
        return redact(str(error))
    ours = ", ".join(sorted(entry.name for entry in entry_points(group=GROUP)))
    return (
        f"unknown provider {provider!r}. Installed here: {ours}. Beside these any provider of LangChain's "
        "init_chat_model: openai, deepseek, anthropic, ollama, ... (install its langchain-... package)."
    )
