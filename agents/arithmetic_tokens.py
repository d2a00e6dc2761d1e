r"""A line of a solution as tokens: numbers, operators, signs of equality, words, and what cannot be read.

LaTeX, Unicode and Markdown are brought to plain notation first. What only looks like a number (a date, a time, `3,5`,
`1.2.3`, `2nd`) is one opaque token, so that nothing is calculated with it.
"""

import re
from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from ioa.memory.number_notation import plain_notation

MOST_DIGITS = 300
"""Digits of a number from which on it is opaque."""
_NESTED = 6
"""How deep LaTeX's fractions and roots may be nested; deeper ones stay unread."""


class Kind(Enum):
    """What a token is."""

    NUMBER = "number"
    OPERATOR = "operator"
    OPEN = "open"
    CLOSE = "close"
    EQUAL = "equal"
    ABOUT = "about"
    IS = "is"
    RELATION = "relation"
    WORD = "word"
    BREAK = "break"
    OPAQUE = "opaque"


class Token(NamedTuple):
    """A token and where it stands."""

    kind: Kind
    text: str
    start: int
    end: int
    value: Fraction = Fraction(0)
    """Of a number."""
    decimals: int = 0
    """Of a number, as it is written."""


_LATEX_FIRST = [
    (re.compile(r"\${3,}"), " "),
    (re.compile(r"\\(?:div)(?![a-zA-Z])"), " / "),
    (re.compile(r"\\(?:neq?)(?![a-zA-Z])"), " ≠ "),
    (re.compile(r"\\[bp]?mod(?![a-zA-Z])\s*(?:\{(\d+)\})?"), r" mod \1"),
    (re.compile(r"\\(?:[lc]?dots)(?![a-zA-Z])"), "..."),
    (re.compile(r"\\\\|&"), " "),
    (re.compile(r"(?<=\d)\\,(?=\d{3}(?!\d))|(?<=\d)[\u00a0\u202f\u2009'\u2019](?=\d{3}(?!\d))"), ","),
    (re.compile(r"\s?(?:÷|\u2797)\s?"), " / "),
    (re.compile(r"(?<=[\d)\s])\*\*(?=\s*[-\d(])"), "^"),
    (re.compile(r"\\sqrt\s*(\d)(?![\d{])"), r"√\1"),
    (re.compile(r"[–\u2212](?=\s*[(√\d.])"), "-"),
    (re.compile(r"(\.\d+)\.{2,}\s*%"), r"\1%..."),
]
_FRACTION = re.compile(r"\\[dtc]?frac\s*\{(?!\s*\d+\s*\}\s*\{\s*\d+\s*\})([^{}]*)\}\s*\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]*)\}|\bsqrt(?=\()")
_BOX = re.compile(r"\\f?box(?:ed)?\s*\{([^{}]*)\}")
_CURRENCY = {"$": "usd", "€": "eur", "£": "gbp", "¥": "yen", "₹": "inr"}
_PAID = re.compile(r"\\?([$€£¥₹])\s?(-?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)(?![\w^{\\]|[.,]\d|[ ]\d))")
_LEFT_OVER = re.compile("[$€£¥₹]")
_POWER_OF_UNIT = re.compile(r"(?<=[^\W\d_])\s+\^\s?\{?(\d)\}?(?!\d)")
_NUMBER_FIRST = r"(?<![=\d.,] )(?<![=\d.,])(\d[\d,.]*)\s+"
_WORDED = [
    (re.compile(_NUMBER_FIRST + r"(?:multiplied\s+by|times)\s+(?=[\d(.])", re.IGNORECASE), r"\1 * "),
    (re.compile(_NUMBER_FIRST + r"divided\s+by\s+(?=[\d(.])", re.IGNORECASE), r"\1 / "),
    (re.compile(r"(?<=\d)\s+plus\s+(?=[\d(.])", re.IGNORECASE), " + "),
    (re.compile(r"(?<=\d)\s+per\s?cent\b", re.IGNORECASE), "%"),
]
"""Not behind a sign of equality: `= 20 times 2 people` is no product."""
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<opaque>
        \d{4}-\d\d?-\d\d?(?!\d) | \d{1,2}/\d{1,2}/\d{4}(?!\d) | \d+(?:\.\d+){2,} | \d{1,3}(?:\.\d{3})+,\d+
      | (?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?(?!\s*[*/×·\d:.])
      | 0[xXbBo][0-9a-fA-F]+ | 0\d{3}(?!\d) | \d+_\w+ | \d+(?:st|nd|rd|th)(?!\w) )
  | (?P<mixed>(?P<whole>\d+)\s+(?P<top>\d+)/(?P<bottom>\d+)(?![\d/]|\.\d))
  | (?P<number>(?:\d{1,3}(?:,\d{3})+(?![\d])|\d+(?!,\d))(?:\.\d+)?(?:[eE][-+]?\d{1,2}(?!\w))?|\.\d+)
  | (?P<list>\d+(?:,\d+)+)
  | (?P<about>=\s*(?:~|(?:about|approximately|approx\.?|roughly|around|nearly|almost)(?!\w))|[≈≅≃≐~\u223c])
  | (?P<relation>==+|!=|<=|>=|:=|(?:[-+*/%]=(?!=))|[<>≤≥≠≡→⇒])
  | (?P<equal>=)
  | (?P<times>(?<=[\d)])[xX](?=\d)|(?<=\s)[xX](?=\s+(?:[\d(.]|-[\d(])))
  | (?P<verb>(?:is|are)\s+(?:exactly\s+)?equal\s+to\b|equals?\b|(?:is|gives|makes)\b)
  | (?P<word>[^\W\d_][\w'\u2019]*(?:\.[^\W\d_]\w*)*(?:/[^\W\d_]\w*)*(?:\^-?\d(?!\d))?)
  | (?P<operator>//|[-+*/×·⋅\u2217^%!√])
  | (?P<open>[(\[]) | (?P<close>[)\]])
  | (?P<break>\.{2,}|[;:,?"“”—–…✓✔•]|\.(?=\s|\Z|["”')\]]))
  | (?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SIGNS = {"×": "*", "·": "*", "⋅": "*", "\u2217": "*", "\u2212": "-"}


def plain_line(line: str) -> str:
    r"""The line in the notation that is read here: `sqrt` as a sign, `\frac{a}{b}` as a quotient, `$5` as `5usd`."""
    for pattern, plain in _LATEX_FIRST:
        line = pattern.sub(plain, line)
    for _ in range(_NESTED):
        inner = _ROOT.sub(lambda found: f"√({found.group(1)})" if found.group(1) else "√", line)
        inner = _FRACTION.sub(r"((\1)/(\2))", inner)
        if inner == line:
            break
        line = inner
    line = _PAID.sub(lambda found: f"{found.group(2)}{_CURRENCY[found.group(1)]}", line)
    line = _LEFT_OVER.sub(" ", _BOX.sub(r" \1 ", plain_notation(line)))
    line = _POWER_OF_UNIT.sub(r"^\1", line)
    for pattern, plain in _WORDED:
        line = pattern.sub(plain, line)
    return line


def tokens_of(line: str) -> list[Token]:
    """The tokens of a line in plain notation, without white space."""
    tokens: list[Token] = []
    for found in _TOKEN.finditer(line):
        token = _token(found, tokens)
        if token is not None:
            tokens.append(token)
    return tokens


def _token(found: re.Match[str], before: list[Token]) -> Token | None:
    name, text = str(found.lastgroup if found.lastgroup in _KINDS else _group(found)), found.group()
    start, end = found.span()
    if name == "space":
        return None
    if name in {"number", "mixed"}:
        return _number(found, text, start, end)
    if name == "times":
        factor = bool(before) and (before[-1].kind in {Kind.NUMBER, Kind.CLOSE} or _is_unit(before, start))
        return Token(Kind.OPERATOR, "*", start, end) if factor else Token(Kind.WORD, text, start, end)
    if name == "word" and text.casefold() == "mod":
        return Token(Kind.OPERATOR, "mod", start, end)
    return Token(_KINDS[name], _SIGNS.get(text, text), start, end)


def _group(found: re.Match[str]) -> str:
    return next(name for name in _KINDS if found.group(name) is not None)


def _is_unit(before: list[Token], start: int) -> bool:
    """Whether a word with a number before it stands right there: `12 eggs x 3`."""
    return (
        len(before) > 1 and before[-1].kind is Kind.WORD and before[-1].end < start and before[-2].kind is Kind.NUMBER
    )


def _number(found: re.Match[str], text: str, start: int, end: int) -> Token:
    if len(text) > MOST_DIGITS:
        return Token(Kind.OPAQUE, text, start, end)
    if found.group("mixed") is not None:
        whole, top, bottom = (int(found.group(part)) for part in ("whole", "top", "bottom"))
        if not 0 < top < bottom:
            return Token(Kind.OPAQUE, text, start, end)
        return Token(Kind.NUMBER, text, start, end, whole + Fraction(top, bottom))
    plain = text.replace(",", "")
    digits, _, power = plain.casefold().partition("e")
    decimals = len(digits.partition(".")[2]) - int(power or 0)
    return Token(Kind.NUMBER, text, start, end, Fraction(plain), max(0, decimals))


_KINDS = {
    "space": Kind.BREAK,
    "opaque": Kind.OPAQUE,
    "mixed": Kind.NUMBER,
    "number": Kind.NUMBER,
    "list": Kind.OPAQUE,
    "about": Kind.ABOUT,
    "relation": Kind.RELATION,
    "equal": Kind.EQUAL,
    "times": Kind.OPERATOR,
    "verb": Kind.IS,
    "word": Kind.WORD,
    "operator": Kind.OPERATOR,
    "open": Kind.OPEN,
    "close": Kind.CLOSE,
    "break": Kind.BREAK,
    "other": Kind.OPAQUE,
}
