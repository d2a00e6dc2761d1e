"""Striking secrets out of everything that is written."""

import os
import re
from collections.abc import Sequence
from typing import Any

MARK = "[REDACTED]"
SECRET = "secret"  # noqa: S105 - a name, not one
"""Type of a validation error about a value that must not be shown."""

_NAME = re.compile(r"(API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_PATTERN = re.compile(
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic, DeepSeek and their likes
    r"|\bhf_[A-Za-z0-9]{20,}"
    r"|\bAIza[A-Za-z0-9_-]{30,}"
    r"|(?<=(?i:bearer) )[A-Za-z0-9._~+/=-]{16,}"
)
_BEGINNINGS = ("sk-", "pk-", "rk-", "hf_", "aiza", "bearer ")
"""A text that has none of these, in lower case, holds nothing that the pattern finds; looking for them is quick."""
_SHORTEST = 8
"""Characters of a secret. Shorter values, such as `none` or `test`, stand in ordinary texts and are no keys."""
_told: set[str] = set()


def keep_secret(value: str) -> None:
    """Strike this value out of everything that is written from now on, whatever it looks like."""
    if len(value) >= _SHORTEST:
        _told.add(value)


def redact(text: str) -> str:
    """The text without secrets: values of key variables and key files, and what looks like a key."""
    return _strike(text, _secrets())


def _secrets() -> list[str]:
    """The longest first: where one secret begins with another, nothing of it is left over."""
    values = _told | {value for name, value in os.environ.items() if _NAME.search(name) and len(value) >= _SHORTEST}
    return sorted(values, key=len, reverse=True)


def _strike(text: str, secrets: Sequence[str]) -> str:
    for value in secrets:
        text = text.replace(value, MARK)
    lowered = text.lower()
    return _PATTERN.sub(MARK, text) if any(beginning in lowered for beginning in _BEGINNINGS) else text


def redact_strings(value: Any) -> Any:
    r"""A JSON value whose strings, keys included, are redacted.

    Redacting the written JSON instead would miss a secret behind an escaped line end (`\nsk-...` has no word
    boundary before the key) and one that holds a quote or a backslash.
    """
    return _strike_all(value, _secrets())


def _strike_all(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        return _strike(value, secrets)
    if isinstance(value, dict):
        return {_strike(key, secrets): _strike_all(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_strike_all(item, secrets) for item in value]
    return value
