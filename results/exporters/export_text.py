"""Texts of models, made harmless for other tools."""

from ioa.memory.redaction import redact_keys


def clean(text: str, longest: int) -> str:
    """The text as every tool can store it: valid Unicode, no NUL, no key, not longer than that many characters."""
    text = redact_keys(text)
    cut = len(text) - longest
    if cut > 0:
        text = f"{text[:longest]} [... {cut:,} more characters]"
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
