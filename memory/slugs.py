"""Names as parts of ids."""

import hashlib
import re
import unicodedata

LONGEST = 40
"""Characters of either part of an id."""

_TELLING = frozenset("#%@*\\")
"""Punctuation that tells names apart: C# is not C."""


def slug(name: str) -> str:
    """The name as a part of an id: lower case, digits and dashes.

    It depends on nothing but the name without case, accents and punctuation. What this leaves out of other
    alphabets, symbols such as the pluses of C++, and of names longer than `LONGEST`, a hash stands for.
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    parts = re.findall(r"[a-z0-9]+", plain)
    text = "-".join(parts)
    lost = "".join(filter(_tells_apart, re.sub(r"[a-z0-9]+", "", plain)))
    if not lost and len(text) <= LONGEST:
        return text
    # What was cut off or left out still tells two names apart.
    digest = hashlib.sha256(f"{text}/{lost}".encode()).hexdigest()[:8]
    return "-".join(filter(None, [text[: LONGEST - 9].rstrip("-"), digest]))


def _tells_apart(character: str) -> bool:
    """Whether two names that differ by it are two names, although an id cannot hold it."""
    return character in _TELLING or unicodedata.category(character)[0] not in "PZC"
