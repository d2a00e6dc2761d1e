"""Numbers by their value, whatever their notation and unit."""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import partial
from typing import Annotated

from pydantic import Field

from ioa.memory.errors import UserError
from ioa.memory.options import read_options
from ioa.memory.records import Attempt, Record
from ioa.training.exams.scorers.final_answers import AnswerScorer
from ioa.training.exams.scorers.scorer import Scorer, ScorerContext
from ioa.training.exams.scorers.stated import stated

MOST_DIGITS = 1000
"""Digits of a number, or its power of ten, from which on it is none."""
_NUMBER = re.compile(
    r"""
    (?<![\w^.])
    (?P<sign>(?<![\w)+-])[-+])?
    (?:
      (?P<whole>\d+)\s+(?P<top>\d+)\s*/\s*(?P<bottom>\d+)                      # 1 3/4
      | (?P<digits>\d{1,3}(?P<mark>[,' \u2019])\d{3}(?:(?P=mark)\d{3})*(?!\d)|\d+|(?=\.\d))(?P<decimals>\.\d+)?
        (?:\s*/\s*(?P<divisor>\d+(?:\.\d+)?))?
        (?:(?:e|\s*[×x*]\s*10\s*(?:\^|\*\*)\s*\{?\s*)(?P<power>[-+]?\d+)\}?)?
    )
    (?:\s*(?P<magnitude>thousand|million|billion|trillion)\b)?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TAIL = 10_000
"""Characters at the end of a reply that are looked through first; a stated answer of more states no number."""
_MAGNITUDES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_REWRITTEN = [
    (re.compile(r"[\u2212\u2013](?=\s*[$\d.])"), "-"),
    (re.compile(r"\\!|\{(?=,\})|(?<=\{,)\}"), ""),
    (re.compile(r"\{,"), ","),
    (re.compile(r"\\[,;: ]|[\u00a0\u2009\u202f]"), " "),
    (re.compile(r"\\(?:left|right)(?![a-zA-Z])"), ""),
    (re.compile(r"\\[dt]?frac\s*(?:\{\s*(-?)(\d+)\s*\}|(\d))\s*(?:\{\s*(\d+)\s*\}|(\d))"), r" \1\2\3/\4\5"),
    (re.compile(r"\\(?:boxed|text|mathrm|mathbf|mbox|textbf)\s*\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\\(?:times|cdot)(?![a-zA-Z])"), "×"),
    (re.compile(r"\^\s*\{?\\circ\}?|°"), " degrees "),
    (re.compile(r"-\s*\\?\$\s*(?=[\d.])"), "-"),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\?\$|\\[()\[\]]|(?<![\d)])\*\*|\*\*(?!\s*[-\d(])|__"), " "),
    (re.compile(r"\b(?:minus|negative)\s+(?=[\d.])", re.IGNORECASE), "-"),
    (re.compile(r"-\s+(?=\d+/\d)"), "-"),
    (re.compile(r"</?[a-z]+>", re.IGNORECASE), " "),
    (re.compile(r"(?<=[a-zA-Z]{2})\.(?=\d)"), " "),
]
_UNIT_POWER = re.compile(r"(?<![\d.][eE])(?<=[a-zA-Z])(?:\s*\^\s*\{?\s*-?\d\s*\}?|\d(?![\d.,])|[²³])")
_WORDS = re.compile(r"[^\W\d_]+")
_BESIDE = re.compile(r"(?:[^\W\d_]|[\s%€£¥¢.,;:()'\"!?/`~\[\]{}\u2600-\u27bf\U0001f000-\U0001faff\ufe0f-])*")
_PRONOUN = re.compile(r"\bI(?=(?:'\w+)?\s+[a-z]{3})")
"""In "I think it is"; elsewhere it may be the imaginary unit."""
_NO_UNIT = frozenset({"i", "k", "least", "most", "n", "not", "pi", "root", "sqrt", "than", "x", "y", "z", "π"})
"""What makes another number of a number, or a statement about one."""


class NumericOptions(Record):
    """How far a number may be off: |given - reference| <= max(absolute, relative * |reference|)."""

    absolute: Annotated[float, Field(ge=0)] = 0.0
    """In the unit of the reference."""
    relative: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the reference."""


def open_numeric(context: ScorerContext) -> Scorer:
    """The final answer states one number, and that is the reference's."""
    return AnswerScorer(partial(_judge, read_options("scorers.numeric", context.options, NumericOptions)))


def _judge(options: NumericOptions, attempt: Attempt) -> tuple[str, bool]:
    marked = stated(attempt.answer)
    expected = _single(attempt.answer if marked is None else marked)
    if expected is None:
        raise UserError(
            f"Scorer numeric: item {attempt.question[:60]!r}: answer: expected one number, "
            f"or a solution that ends in `#### number`; got {attempt.answer[-60:]!r}. Choose another scorer for it."
        )
    found = stated(attempt.reply)
    given = _last(attempt.reply) if found is None else _single(found)
    if given is None:
        return "", False
    text, value = given
    slack = max(Fraction(options.absolute), Fraction(options.relative) * abs(expected[1]))
    return text, abs(value - expected[1]) <= slack


def _single(text: str) -> tuple[str, Fraction] | None:
    """The number that the text states; none where it states several, none at all, or more than a number."""
    if len(text) > _TAIL:
        return None
    plain = _UNIT_POWER.sub("", _rewritten(re.split("[=≈]", text)[-1]))
    first: tuple[str, Fraction] | None = None
    for number in _numbers(_NUMBER.finditer(plain)):
        if first is not None and number[1] != first[1]:
            return None
        first = first or number
    beside = _PRONOUN.sub(" ", _NUMBER.sub(" ", plain))
    if not _BESIDE.fullmatch(beside) or _NO_UNIT & set(_WORDS.findall(beside.casefold())):
        return None
    return first


def _last(reply: str) -> tuple[str, Fraction] | None:
    texts = (reply[-_TAIL:].partition(" ")[2], reply) if len(reply) > _TAIL else (reply,)
    for text in texts:
        plain = _UNIT_POWER.sub("", _rewritten(text))
        found = next(_numbers(reversed(list(_NUMBER.finditer(plain)))), None)
        if found is not None:
            return found
    return None


def _rewritten(text: str) -> str:
    for pattern, plain in _REWRITTEN:
        text = pattern.sub(plain, text)
    return text


def _numbers(matches: Iterable[re.Match[str]]) -> Iterator[tuple[str, Fraction]]:
    """The numbers as they are written and by value."""
    for found in matches:
        value = _value(found)
        if value is not None:
            yield found.group().strip(), value


def _value(found: re.Match[str]) -> Fraction | None:
    part = found.groupdict(default="")
    if len(found.group()) > MOST_DIGITS or abs(int(part["power"] or 0)) > MOST_DIGITS:
        return None
    try:
        if part["whole"]:
            value = Fraction(int(part["whole"])) + Fraction(int(part["top"]), int(part["bottom"]))
        else:
            digits = re.sub(r"\D", "", part["digits"]) or "0"
            value = Fraction(f"{digits}{part['decimals']}") / Fraction(part["divisor"] or 1)
    except ZeroDivisionError:
        return None
    value *= Fraction(10) ** (int(part["power"] or 0) + _MAGNITUDES.get(part["magnitude"].casefold(), 0))
    return -value if part["sign"] == "-" else value
