"""Striking secrets out of what is written and shown, and never out of what a model said.

Two things are secrets: what was given as a key, and what has a key's form and length. An ordinary word is none, be it
the value of a variable that is called a password: it stands in ordinary texts. A value that was given as a key and is
an ordinary word, such as the `anything` that a local server wants, is struck out only of messages about calls
(`redact`), where a server may repeat it; elsewhere (`redact_keys`) a key has to look like one.

What a model said is kept word for word, in the ledger, the transcript and the results: it is graded and taught.
"""

import os
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

MARK = "[REDACTED]"
SECRET = "secret"  # noqa: S105 - a name, not one
"""Type of a validation error about a value that must not be shown."""

_NAME = re.compile(r"(API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|TOKEN|SECRET|PASSWORD|_KEY)$", re.IGNORECASE)
_PATTERN = re.compile(
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic, DeepSeek, OpenRouter, Stripe and their likes
    r"|\bhf_[A-Za-z0-9]{20,}"
    r"|\bAIza[A-Za-z0-9_-]{30,}"
    r"|\b(?:gsk_|r8_|xai-|nvapi-|pplx-|csk-|tgp_v1_)[A-Za-z0-9_-]{20,}"  # Groq, Replicate, xAI, NVIDIA and so on
    r"|\b(?:gh[pousr]_|github_pat_|glpat-)[A-Za-z0-9_-]{20,}"
    r"|\bAKIA[A-Z0-9]{16}\b"
    r"|(?<=(?i:bearer) )(?=\S*\d)[A-Za-z0-9._~+/=-]{16,}"
)
_BEGINNING = re.compile(
    r"[-_](?:(?<=[spr]k.)|(?<=hf_)|(?<=r8_)|(?<=gh[pousr]_)|(?<=xai-)|(?<=pplx-)|(?<=nvapi-)|(?<=glpat-)"
    r"|(?<=tgp_v1_)|(?<=github_pat_))"
)
"""A text that has neither this nor one of the words holds nothing that the pattern finds. Looking for the sign behind a
beginning takes a tenth of the time of the pattern, since texts have few of them."""
_WORDS = ("AIza", "AKIA")
_BEARER = "bearer "
"""In lower case."""
_SHORTEST = 8
"""Characters of a value that was given as a key. Shorter ones, such as `none` or `test`, are no keys."""
_SHORTEST_FORM = 16
"""Characters of a value that is a key by its looks."""
_LONGEST_WORD = 15
"""Letters in a row, at most, that may be a word."""
_FORM = re.compile(r"[A-Za-z0-9._~+/=:-]+")
_CHANGE = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
"""Where a digit follows a letter, a letter a digit, or a capital a small letter: about every second place of a random
key, every sixth of words that are written together."""
_MOST_REGULAR = 0.22
"""Share of such places in what is a key by its looks: 0.4 to 0.5 in random keys."""
_given: set[str] = set()


def keep_secret(value: str) -> None:
    """Take this value for a key from now on, whatever it looks like."""
    if len(value.strip()) >= _SHORTEST:
        _given.add(value.strip())


def redact(text: str) -> str:
    """A message about a call without secrets: what was given as a key, and what has a key's form."""
    return _strike(text, _sorted(_given | _key_values()))


def redact_keys(text: str) -> str:
    """A text without what has a key's form and length, given or not; ordinary words stay."""
    return _strike(text, _secrets())


def redact_strings(value: Any) -> Any:
    r"""A JSON value whose strings, keys included, are without what has a key's form.

    Redacting the written JSON instead would miss a secret behind an escaped line end (`\nsk-...` has no word
    boundary before the key) and one that holds a quote or a backslash.
    """
    return _strike_all(value, _secrets())


def repeats_key(text: str) -> bool:
    """Whether a text holds a value that was given as a key and looks like one: no model can know it by itself."""
    return any(value in text for value in _given if has_key_form(value))


def has_key_form(value: str) -> bool:
    """Whether a value looks like a key: long, of letters and digits as by chance, and no words."""
    if _PATTERN.fullmatch(value):
        return not _is_words(value)
    if len(value) < _SHORTEST_FORM or not _FORM.fullmatch(value):
        return False
    signs = [sign for sign in value if sign.isalnum()]
    return len(signs) >= _SHORTEST_FORM and len(_CHANGE.findall(value)) >= _MOST_REGULAR * len(signs)


def _key_values() -> set[str]:
    """Values of variables that are called a key and look like one."""
    # For each event of a transcript: only values that may count are read, and each name is looked at once.
    values = {os.environ.get(name, "") for name in os.environ if _names_key(name)}
    return {value for value in values if has_key_form(value)}


@cache
def _names_key(name: str) -> bool:
    return _NAME.search(name) is not None


def _secrets() -> list[str]:
    return _sorted({value for value in _given if has_key_form(value)} | _key_values())


def _sorted(values: set[str]) -> list[str]:
    """The longest first: where one secret begins with another, nothing of it is left over."""
    return sorted(values, key=len, reverse=True)


def _strike(text: str, secrets: Sequence[str]) -> str:
    for value in secrets:
        text = text.replace(value, MARK)
    if len(text) < _SHORTEST_FORM:
        return text
    if not (_BEGINNING.search(text) or any(word in text for word in _WORDS) or _BEARER in text.lower()):
        return text
    return _PATTERN.sub(lambda found: found.group() if _is_words(found.group()) else MARK, text)


def _is_words(found: str) -> bool:
    """Whether it is words after all, such as `sk-learn-compatible-estimators`."""
    return all(part.isalpha() and len(part) <= _LONGEST_WORD for part in re.split(r"[-_.]", found))


def _strike_all(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, str):
        return _strike(value, secrets)
    if isinstance(value, dict):
        return {_strike(key, secrets): _strike_all(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_strike_all(item, secrets) for item in value]
    return value
