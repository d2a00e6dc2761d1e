"""Where a teacher's key comes from: an environment variable or a file, never the run file."""

import codecs
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ioa.agents.settings.teacher import TeacherSettings
from ioa.memory.errors import UserError
from ioa.memory.plugins import is_plugin_file
from ioa.memory.redaction import keep_secret

_KEYS = {
    "openai": "OPENAI_API_KEY",
    "azure_openai": "AZURE_OPENAI_API_KEY",
    "google_genai": "GOOGLE_API_KEY",
    "perplexity": "PPLX_API_KEY",
}
_AROUND = " \t\r\n\f\v\ufeff\u200b\u200c\u200d\u2060\u00a0"
"""White space and marks that nobody sees; they come from files, from secrets of Kubernetes and from web pages."""
_BEFORE = re.compile(
    r"(?:authorization\s*:\s*)?bearer(?:\s+|$)|(?:export\s+)?[A-Z][A-Z0-9_]*(?:KEY|TOKEN)\s*=\s*", re.IGNORECASE
)
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"


@dataclass(frozen=True)
class Key:
    """A key as it is sent."""

    value: str
    raw: str
    """As it was found."""
    remark: str = ""
    """What was taken off it, in a sentence without the key; empty for nothing, or white space alone."""


def key_variable(settings: TeacherSettings) -> str:
    """Where the key comes from, in words."""
    if settings.api_key_file is not None:
        return f"the file {settings.api_key_file}"
    if is_plugin_file(settings.model):
        return "the variable that the plug-in reads"
    return _variable(settings)


def _variable(settings: TeacherSettings) -> str:
    return settings.api_key_env or _KEYS.get(settings.provider, f"{settings.provider.upper()}_API_KEY")


def read_key(settings: TeacherSettings) -> Key | None:
    """The key that the settings name, or that of the provider's usual variable; none where there is none.

    Raises:
        UserError: the variable or the file that they name has none, or holds something that cannot be one.
    """
    if settings.api_key_file is not None and settings.api_key_env is None:
        return _clean(_read_file(settings, settings.api_key_file), settings)
    raw = None if is_plugin_file(settings.model) else os.environ.get(_variable(settings))
    if settings.api_key_env is not None and not (raw or "").strip(_AROUND + _QUOTES):
        state = "not set" if raw is None else "empty"
        raise UserError(
            f"Teacher {settings.model}: the environment variable {settings.api_key_env} is {state}. "
            f"Set it to your key: export {settings.api_key_env}=..."
        )
    # Of the usual variable nothing is the same as white space: servers of one's own need no key.
    return _clean(raw, settings) if raw and raw.strip(_AROUND + _QUOTES) else None


def _read_file(settings: TeacherSettings, path: str) -> str:
    try:
        data = Path(path).expanduser().read_bytes()
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # as PowerShell's `>` writes
        return data.decode("utf-16" if wide else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"Teacher {settings.model}: the key file {path} cannot be read: {error}") from error


def _clean(raw: str, settings: TeacherSettings) -> Key:
    """The key without what cannot be part of one.

    Raises:
        UserError: it is none, named by where it comes from and never by its value.
    """
    keep_secret(raw.strip())
    bare, taken = raw.strip(_AROUND), []
    before = _BEFORE.match(bare)
    if before:
        bare = bare[before.end() :]
        taken.append("`Bearer`" if "bearer" in before.group(0).lower() else "the name before it")
    if bare[:1] and bare[0] in _QUOTES and bare[-1] in _QUOTES and len(bare) > 1:
        bare = bare[1:-1].strip(_AROUND)
        taken.append("the quotes around it")
        inner = _BEFORE.match(bare)
        bare = bare[inner.end() :] if inner else bare
    where = key_variable(settings)
    # A file of several words is a config or a note: sent as a key, it would be told to the provider.
    if not bare or any(letter.isspace() for letter in bare):
        raise UserError(f"Teacher {settings.model}: {where} must hold one key and nothing else.")
    if not bare.isascii() or not bare.isprintable():
        raise UserError(
            f"Teacher {settings.model}: {where} holds characters that cannot be part of a key, which has "
            "only letters, digits and signs of ASCII. Copy the key again, as plain text."
        )
    keep_secret(bare)
    return Key(bare, raw, f"the key in {where}: {' and '.join(taken)} left out" if taken else "")
