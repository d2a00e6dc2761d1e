"""Texts of models, made harmless for other tools."""


def clean(text: str, longest: int) -> str:
    """The text as every tool can store it: valid Unicode, no NUL, and not longer than that many characters."""
    cut = len(text) - longest
    if cut > 0:
        text = f"{text[:longest]} [... {cut:,} more characters]"
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
