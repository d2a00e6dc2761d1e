"""Opening the chat model that plays the teacher.

Four roads lead to one: the entry-point group `ioa.teachers`, through which the embedded tutor is found like
anybody else's teacher; `FILE.py:FUNCTION`, a plug-in that is in no package; `provider:model` through LangChain's
`init_chat_model`; and `gguf:PATH`, a model file that a server on this machine is started for.
"""

import importlib.util
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from ioa.agents.settings.address import Address, read_address, tidy
from ioa.agents.settings.teacher import LIMITS, OPENAI_FAMILY, TeacherSettings
from ioa.agents.teachers.dialect import protocol
from ioa.agents.teachers.keys import key_variable, read_key
from ioa.agents.teachers.provider_faults import Fault, FaultKind
from ioa.memory.errors import UserError
from ioa.memory.plugins import is_plugin_file, open_plugin, plugin_argument, plugin_names
from ioa.memory.redaction import redact

GROUP = "ioa.teachers"
GGUF = "gguf"
"""Not a provider of LangChain: a model file, for which a server is started."""
_ADDRESSES = {
    "openai": ("OPENAI_API_BASE", "OPENAI_BASE_URL"),
    "deepseek": ("DEEPSEEK_API_BASE",),
    "anthropic": ("ANTHROPIC_API_URL", "ANTHROPIC_BASE_URL"),
    "azure_openai": ("AZURE_OPENAI_ENDPOINT",),
}
"""Where the providers' clients look for one; what stands there is read as what stands in `base_url` is."""
_ADDRESS_OPTIONS = ("base_url", "api_base", "openai_api_base", "azure_endpoint", "anthropic_api_url")
"""What the clients call it themselves."""
_INSISTING = {"openai", "deepseek", "anthropic"}
"""Providers whose client does not work without a key."""
GGUF_CONTEXT = 8192
"""Tokens of a prompt with its reply; the longest prompts here have 3,000."""
GGUF_SLOTS = 4
"""Requests that such a server answers at once; each reserves memory for its context."""


def open_model(settings: TeacherSettings) -> BaseChatModel:
    """Open the chat model that the settings name.

    Raises:
        UserError: the provider is unknown or not installed, or its key is missing.
    """
    if is_plugin_file(settings.model):
        return _plugged_in(settings.model, settings.model, plugin_argument(settings.model))
    provider, name = settings.model.split(":", 1)
    if provider in plugin_names(GROUP):
        return _plugged_in(settings.model, provider, name)
    try:
        arguments = _arguments(provider, settings)
        if provider == "openai":
            from ioa.agents.teachers.openai import ReasoningChatOpenAI

            return ReasoningChatOpenAI(model=name, **arguments)
        opened = _init(provider, name, arguments)
        if protocol(opened) == "openai":
            from ioa.agents.teachers.openai import with_whole_replies

            opened = with_whole_replies(type(opened))(model=name, **arguments)
        if any(isinstance(value, SecretStr) and not value.get_secret_value() for value in vars(opened).values()):
            raise UserError(f"Teacher {settings.model}: its key is missing. Set {key_variable(settings)}.")
        return opened
    except UserError:
        raise
    except ImportError as error:
        raise UserError(f"Teacher {settings.model}: {error}") from error
    except ValueError as error:
        raise UserError(f"Teacher {settings.model}: {_unknown(provider, error)}") from error
    except Exception as error:
        raise UserError(f"Teacher {settings.model} cannot be opened: {redact(str(error))}") from error


def _plugged_in(spec: str, plugin: str, name: str) -> BaseChatModel:
    """The chat model that a plug-in makes of what stands behind its own name."""
    opened = open_plugin(GROUP, plugin, name, kind="teacher")
    if not isinstance(opened.value, BaseChatModel):
        kind = type(opened.value).__name__
        raise UserError(f"Teacher {spec}: {opened.place} returned {kind}, not a LangChain chat model.")
    return opened.value


def _init(provider: str, name: str, arguments: dict[str, Any]) -> BaseChatModel:
    if provider == "anthropic" and importlib.util.find_spec("langchain_anthropic") is not None:
        from ioa.agents.teachers.anthropic import OwnChatAnthropic

        return OwnChatAnthropic(model=name, **arguments)
    model: BaseChatModel = init_chat_model(name, model_provider=provider, **arguments)
    return model


def is_gguf(settings: TeacherSettings) -> bool:
    """Whether the teacher is a model file, whose opening starts a server."""
    return settings.model.partition(":")[0] == GGUF


def is_here(settings: TeacherSettings) -> bool:
    """Whether the teacher works on this machine: the embedded one, a model file, a server on loopback.

    Raises:
        UserError: its address in the environment is none.
    """
    if settings.provider == "tutor" or is_gguf(settings):
        return True
    address = find_address(settings)
    host = (urlsplit(address.url).hostname or "") if address else "localhost" if settings.provider == "ollama" else ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@contextmanager
def start_model(settings: TeacherSettings) -> Iterator[BaseChatModel]:
    """The chat model that the settings name; what had to be started for it is stopped again at the end.

    Raises:
        UserError: as `open_model`, or the server of a GGUF file does not start.
    """
    if not is_gguf(settings):
        yield open_model(settings)
        return
    name = settings.model.partition(":")[2]
    from ioa.agents.teachers.gguf import GgufServer

    slots = min(GGUF_SLOTS, settings.concurrency)
    with GgufServer(Path(name), context=GGUF_CONTEXT, parallel=slots, threads=_threads()) as server:
        options = {**settings.options, "api_key": "none"}
        local = settings.model_copy(update={"model": "openai:gguf", "base_url": server.base_url, "options": options})
        yield open_model(local)


def _threads() -> int:
    """All processors but one.

    llama.cpp's threads wait for each other without sleeping: one thread for each processor makes hardly any headway
    beside another busy process (measured on two: 0.4 tokens a second instead of 42 with one thread).
    """
    return max(1, len(os.sched_getaffinity(0)) - 1)


def check_teacher(settings: TeacherSettings) -> None:
    """See that a teacher can be opened, without starting or asking anything.

    Raises:
        UserError: it cannot.
    """
    if is_gguf(settings):
        from ioa.agents.teachers.gguf import check_gguf

        check_gguf(Path(settings.model.partition(":")[2]))
    else:
        open_model(settings)


def check_methods(settings: TeacherSettings, domain: str, problems: Sequence[str]) -> None:
    """See that a teacher can work at least one of some problems; a language model is not asked.

    Raises:
        UserError: it says itself that it has a method for none of them, or it cannot be opened.
    """
    if is_gguf(settings):  # a language model; opening it would start a server
        return
    can_solve = getattr(open_model(settings), "can_solve", None)
    if can_solve is not None and not any(can_solve(problem) for problem in problems):
        raise UserError(
            f"Teacher {settings.model}: it has no method for problems like those of the domain {domain}; of "
            f"{len(problems)} it can read none. Only a language model can teach them. Set teacher.model, for instance "
            "--teacher openai:gpt-5-mini with OPENAI_API_KEY in the environment, or --teacher gguf:PATH with the file "
            "of a model on this machine."
        )


def _arguments(provider: str, settings: TeacherSettings) -> dict[str, Any]:
    """What the model is built with. Temperature and limits go with each call, where they can be left out again."""
    ours = LIMITS if provider in OPENAI_FAMILY else ()
    options = {name: value for name, value in settings.options.items() if name not in {*ours, *_ADDRESS_OPTIONS}}
    arguments: dict[str, Any] = {"max_retries": 0, "timeout": settings.timeout, **options}
    address = find_address(settings)
    if address is not None:
        arguments |= _reached_at(address, provider, options)
    key = found = read_key(settings)
    named = settings.api_key_env is not None or settings.api_key_file is not None
    if key is not None and not named and (key.value == key.raw or "api_key" in options):
        key = None  # the client reads it itself, or is told another
    if key is not None and provider == "ollama":  # which has no argument for it
        client = arguments.get("client_kwargs", {})
        headers = {**client.get("headers", {}), "Authorization": f"Bearer {key.value}"}
        arguments["client_kwargs"] = {**client, "headers": headers}
    elif key is not None:
        arguments["api_key"] = key.value
    elif provider in _INSISTING and found is None and "api_key" not in options:
        if address is None:
            raise UserError(f"Teacher {settings.model}: its key is missing. Set {key_variable(settings)}.")
        # Local servers ask for no key, the client insists on one. DeepSeek's would take OpenAI's from the environment.
        arguments["api_key"] = "none"
    return arguments


def _reached_at(address: Address, provider: str, options: Mapping[str, Any]) -> dict[str, Any]:
    query = dict(address.query)
    told: dict[str, Any]
    if provider == "azure_openai":
        version = query.pop("api-version", None)
        told = {"azure_endpoint": address.url, **({"api_version": version} if version else {})}
    else:
        told = {"base_url": address.url}
    if query and provider in OPENAI_FAMILY:
        told["default_query"] = {**query, **options.get("default_query", {})}
    return told


def find_address(settings: TeacherSettings) -> Address | None:
    """Where the settings or, where they are silent, the environment say that the server is.

    Raises:
        UserError: what the environment says is no address.
    """
    if settings.base_url is not None:
        return settings.address
    given = settings.options
    found = [(f"teacher.options.{name}", str(given[name])) for name in _ADDRESS_OPTIONS if given.get(name)]
    variables = _ADDRESSES.get(settings.provider, ())
    found += [(name, os.environ[name]) for name in variables if os.environ.get(name, "").strip()]
    if not found:
        return None
    where, typed = found[0]
    try:
        return read_address(tidy(typed), settings.provider)
    except ValueError as error:
        raise UserError(f"Teacher {settings.model}: the address in {where} {redact(str(error))}.") from error


def remarks(settings: TeacherSettings) -> list[str]:
    """What was made of the address and the key that a person gave; nothing where they are used as they are.

    Raises:
        UserError: they cannot be used.
    """
    if is_gguf(settings) or is_plugin_file(settings.model) or settings.provider in plugin_names(GROUP):
        return []
    address, key = find_address(settings), read_key(settings)
    return [one.remark for one in (address, key) if one is not None and one.remark]


def address_of(model: BaseChatModel, settings: TeacherSettings) -> str:
    """Where the model answers, as far as that is known: given in the settings or found in the environment."""
    given = settings.address
    if given is not None or is_gguf(settings):
        return given.url if given is not None else ""
    named = (getattr(model, name, None) for name in ("openai_api_base", "azure_endpoint", "base_url"))
    return next((str(one) for one in named if one), "")


def missing_version(address: Address | None, fault: Fault) -> str | None:
    """The address with `/v1` behind it, where a fault of the first request may be that it is missing."""
    wrong = fault.kind in {FaultKind.UNKNOWN_MODEL, FaultKind.MALFORMED} and not fault.names_model
    return address.with_version if address is not None and wrong else None


def move(model: BaseChatModel, url: str) -> bool:
    """Have a model of OpenAI's family ask at another address from now on; false where its client cannot."""
    client: Any = getattr(model, "root_async_client", None)
    if protocol(model) != "openai" or client is None or "Azure" in type(client).__name__:
        return False
    client.base_url = url
    return True


def _unknown(provider: str, error: ValueError) -> str:
    if "Unsupported" not in str(error):
        return redact(str(error))
    ours = ", ".join(sorted({GGUF, *plugin_names(GROUP)}))
    return (
        f"unknown provider {provider!r}. Installed here: {ours}. Beside these any provider of LangChain's "
        "init_chat_model: openai, deepseek, anthropic, ollama, ... (install its langchain-... package); "
        "or a function in a file of yours: ./my_teacher.py:open_teacher."
    )
