"""Making text that a model wrote safe to show."""

import re
from typing import Any

_ESCAPES = re.compile(
    r"\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # operating system commands: titles, links
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # colours, cursor movements
    r"|\x1b[@-Z\\^_]?"
)
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # all but tab and newline
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # what reorders or hides the text around it
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0\ufff9-\ufffb"  # what takes no room, or only looks so
    "\U000e0000-\U000e0fff"  # letters of a text that nobody sees
    "\ud800-\udfff]"
)


def plain(text: str) -> str:
    """The text without terminal escapes, control characters, marks that change reading direction and unseen letters.

    Tabs and newlines stay. What remains must still be escaped for HTML or for rich markup.
    """
    return _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n")))


def plain_json(value: Any) -> Any:
    """The JSON value with every text in it made plain; once it is encoded, its escapes are spelt out and stay."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(str(key)): plain_json(item) for key, item in value.items()}
    return [plain_json(item) for item in value] if isinstance(value, list | tuple) else value
