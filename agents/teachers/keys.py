"""Where a teacher's key comes from: an environment variable or a file, never the run file."""

import os
from pathlib import Path

from ioa.agents.settings.teacher import TeacherSettings
from ioa.memory.errors import UserError
from ioa.memory.plugins import is_plugin_file
from ioa.memory.redaction import keep_secret

_KEYS = {"openai": "OPENAI_API_KEY", "azure_openai": "AZURE_OPENAI_API_KEY", "google_genai": "GOOGLE_API_KEY"}


def key_variable(settings: TeacherSettings) -> str:
    """Where the key comes from, in words."""
    if settings.api_key_file is not None:
        return f"the file {settings.api_key_file}"
    if is_plugin_file(settings.model):
        return "the variable that the plug-in reads"
    provider = settings.model.split(":", 1)[0]
    return settings.api_key_env or _KEYS.get(provider, f"{provider.upper()}_API_KEY")


def read_key(settings: TeacherSettings) -> str | None:
    """The key that the settings name; none where they name none.

    Raises:
        UserError: the variable or the file that they name has none.
    """
    if settings.api_key_env is not None:
        key = os.environ.get(settings.api_key_env)
        if not key:
            raise UserError(
                f"Teacher {settings.model}: the environment variable {settings.api_key_env} is not set. "
                f"Set it to your key: export {settings.api_key_env}=..."
            )
        keep_secret(key)
        return key
    if settings.api_key_file is None:
        keep_secret(os.environ.get(key_variable(settings), ""))  # the provider's own package reads it
        return None
    try:
        key = Path(settings.api_key_file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"Teacher {settings.model}: the key file {settings.api_key_file} cannot be read: {error}"
        ) from error
    # A file of several words is a config or a note: sent as a key, it would be told to the provider.
    if not key or len(key.split()) > 1:
        raise UserError(f"Teacher {settings.model}: {settings.api_key_file} must hold one key and nothing else.")
    keep_secret(key)
    return key
