"""A problem's words, numbers and operators, however they are typed.

What is kept does not depend on the spacing between kept tokens, so that the tokens, written with one space between
each, are read as the same tokens again.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

_LATEX = {
    "times": "*", "cdot": "*", "div": "/", "left": "", "right": "", "le": "<=", "leq": "<=", "ge": ">=", "geq": ">=",
    "ne": "\N{NOT EQUAL TO}", "neq": "\N{NOT EQUAL TO}", "pm": "\N{PLUS-MINUS SIGN}", "sqrt": "\N{SQUARE ROOT}",
    "land": "\N{LOGICAL AND}", "lor": "\N{LOGICAL OR}", "neg": "\N{NOT SIGN}",
}  # fmt: skip
_COMMAND = re.compile(rf"\\({'|'.join(sorted(_LATEX, key=len, reverse=True))})(?![A-Za-z])")
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
_POWER = re.compile(r"\^\{(-?\w+)\}")
_DISPLAY = re.compile(r"\\[()\[\]]|\$")
_NESTED = 8
"""Fractions within fractions that are read."""

_RAISED = re.compile("[\N{SUPERSCRIPT TWO}\N{SUPERSCRIPT THREE}\N{SUPERSCRIPT ONE}\u2070\u2071\u2074-\u207f]+")
_VULGAR = re.compile("[\u00bc-\u00be\u2150-\u215f\u2189]")
_SPELLINGS = str.maketrans(
    {
        "\N{MULTIPLICATION SIGN}": "*",
        "\N{MIDDLE DOT}": "*",
        "\N{DOT OPERATOR}": "*",
        "\N{ASTERISK OPERATOR}": "*",
        "\N{DIVISION SIGN}": "/",
        "\N{FRACTION SLASH}": "/",
        "\N{DIVISION SLASH}": "/",
        "\N{MINUS SIGN}": "-",
        "\N{EN DASH}": "-",
        "\N{HYPHEN}": "-",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LESS-THAN OR EQUAL TO}": "<=",
        "\N{GREATER-THAN OR EQUAL TO}": ">=",
    }
)
_PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.)(?=\s)", re.MULTILINE)
"""In front of what is typed into Python; it compares nothing."""
_UNEQUAL = re.compile(r"(?<!\d)!=")

_OPENING, _CLOSING = "([{", ")]}"
# ~ stands for "about", and the others have rules of their own
_SIGNS = "".join(
    re.escape(char) for char in map(chr, range(0x10000)) if unicodedata.category(char) == "Sm" and char not in "|~"
)
_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\w)\.\d+)"
    r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)"
    rf"|(?P<operator>[-/*^%{_SIGNS}])"
    r"|(?P<mark>[!|()\[\]{}])"
)
_ENDS = frozenset('.?!:;\n"“')
_ARTICLES = frozenset("ai")


class Token(NamedTuple):
    """A word, number or operator; brackets, bars and factorials are operators."""

    kind: str
    """`word`, `number` or `operator`."""
    text: str
    """As it is written; numbers without thousands separators."""
    folded: str
    """The same in one case."""
    opens: bool
    """Whether it begins a sentence."""


class _Found(NamedTuple):
    """A candidate; of the kind `mark` where its neighbours decide whether it is a token."""

    kind: str
    text: str
    folded: str
    start: int
    end: int

    @property
    def long(self) -> bool:
        """A word of prose, where a single letter may stand for a number."""
        return self.kind == "word" and len(self.folded) > 1


@lru_cache(maxsize=512)  # a text is compared in several ways one after the other
def tokenise(text: str) -> tuple[Token, ...]:
    """The tokens of a text; punctuation is none, nor are hyphens and brackets of prose."""
    text = _spell_out(text)
    tokens: list[Token] = []
    end = 0
    for found in _drop_punctuation(text, [_found(match) for match in _TOKEN.finditer(text)]):
        between = text[end : found.start]
        opens = not tokens or tokens[-1].text == "!" or not _ENDS.isdisjoint(between)
        kind = "operator" if found.kind == "mark" else found.kind
        tokens.append(Token(kind, found.text, found.folded, opens))
        end = found.end
    return tuple(tokens)


def _spell_out(text: str) -> str:
    """The text with each operator, fraction and power as one types it."""
    if ">>>" in text:
        text = _PROMPT.sub("", text)
    if "\\" in text or "$" in text or "^{" in text:
        text = _plain(text)
    if not text.isascii():
        text = _VULGAR.sub(lambda match: f" {match.group()} ", text)  # else 2 and a half were 21/2
        text = _RAISED.sub(lambda match: f"^{match.group()} ", text)
        text = unicodedata.normalize("NFKC", text).translate(_SPELLINGS)
    return _UNEQUAL.sub("\N{NOT EQUAL TO}", text) if "!=" in text else text


def _plain(text: str) -> str:
    """The text without the commands of LaTeX that are known."""
    text = _DISPLAY.sub(" ", text)
    text = _COMMAND.sub(lambda match: f" {_LATEX[match.group(1)]} ", text)
    text = _POWER.sub(r"^\1 ", text)
    for _ in range(_NESTED):
        text, count = _FRACTION.subn(_divided, text)
        if not count:
            break
    return text


def _divided(match: re.Match[str]) -> str:
    parts = [(match.group(1) or match.group(2) or "").strip(), (match.group(3) or match.group(4) or "").strip()]
    above, below = (part if re.fullmatch(r"\w+", part) else f"({part})" for part in parts)
    return f" {above}/{below} "


def _found(match: re.Match[str]) -> _Found:
    kind, text = str(match.lastgroup), match.group()
    if kind == "number":
        text = folded = text.replace(",", "")
    else:
        folded = _folded(text) if kind == "word" else text
    return _Found(kind, text, folded, match.start(), match.end())


def _folded(word: str) -> str:
    if word.isascii():
        return word.lower()
    folded = unicodedata.normalize("NFKC", word.casefold()).casefold()
    return "".join(char for char in folded if char.isalnum() or char == "'")


def _drop_punctuation(text: str, found: Sequence[_Found]) -> Iterator[_Found]:
    """Those that are no punctuation. Hyphens are decided first, by words and numbers alone; then the marks."""
    firm = [one.kind != "mark" for one in found]
    after = [len(found)] * len(found)
    following = len(found)
    for i in range(len(found) - 1, -1, -1):
        after[i] = following
        if found[i].text in ("-", "/"):
            firm[i] = not _is_hyphen(found, i, following)
        following = i if firm[i] else following
    brackets = _brackets(found, after)
    before: _Found | None = None
    for i, one in enumerate(found):
        if firm[i]:
            before = one
        if firm[i] or i in brackets or _is_sign(text, one, before, found[after[i]] if after[i] < len(found) else None):
            yield one


def _is_hyphen(found: Sequence[_Found], i: int, following: int) -> bool:
    """Whether a hyphen or slash is punctuation: it stands before a word of prose, or touches one."""
    touches = i > 0 and found[i - 1].end == found[i].start and found[i - 1].long
    return touches or (following < len(found) and found[following].long)


def _is_sign(text: str, one: _Found, before: _Found | None, after: _Found | None) -> bool:
    """Whether a bar or an exclamation mark belongs to a formula."""
    if one.text == "|":
        return any(beside is not None and not beside.long for beside in (before, after))
    if one.text != "!" or before is None or before.long or before.kind == "operator":
        return False
    return not text[before.end : one.start].strip("|!()[]{} \t\n")


def _brackets(found: Sequence[_Found], after: Sequence[int]) -> set[int]:
    """Places of the brackets of formulas: those before a number, an operator or a letter that stands for one."""
    kept: set[int] = set()
    open_: list[int] = []
    for i, one in enumerate(found):
        if one.kind != "mark":
            continue
        if one.text in _OPENING:
            open_.append(i)
            if _begins_formula(found, after, i):
                kept.add(i)
        elif one.text in _CLOSING and open_:
            opened = open_.pop()
            if after[opened] > i:  # nothing between them
                kept.discard(opened)
            elif opened in kept:
                kept.add(i)
    return kept


def _begins_formula(found: Sequence[_Found], after: Sequence[int], i: int) -> bool:
    if after[i] == len(found):
        return False
    first = found[after[i]]
    if first.kind != "word" or first.long or first.folded not in _ARTICLES:
        return not first.long
    second = after[after[i]]
    return second < len(found) and found[second].kind == "operator"
