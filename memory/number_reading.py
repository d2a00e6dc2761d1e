"""Which number a text states, and that it cannot be told where a careful reader could not tell it.

A text states a number where it holds one and no other, and nothing beside it makes it another number or a statement
about one: `12 km/h`, `$18.00`, `x = 18`, `18 — that is how many are left`. Whatever stands beside it and is not
another number is a unit. `17 or 18`, `3:4`, `√5`, `5!`, `18x`, `not 18`, `at least 18`, `1,5` and `3 pm` are told.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from itertools import pairwise

from ioa.memory.number_notation import plain_notation, raised, read_digits
from ioa.memory.number_words import (
    APART_UNITS,
    ARTICLES,
    BEFORE,
    BEHIND,
    CHANGED,
    EARLIER_OR_LATER,
    MAGNITUDES,
    ONE_LETTER_UNITS,
    PREFIXED,
    THOUSAND,
    spelled,
)

MOST_DIGITS = 1000
"""Digits of a number, or its power of ten, from which on it is none."""
MOST_CHARACTERS = 10_000
"""A longer text states no number; of a longer reply the end is looked through first."""
_ASIDE = 200
"""Characters behind the last number of a reply that may say something of it."""
_LETTER = "A-Za-zÀ-ɏͰ-Ͽ\u0400-\u04ff"
_BLOB = r"(?:\d+(?:[.,'\u2019]\d+|_\d{3}(?!\d)|[ ]\d{3}(?!\d|,\d|[ ]?/))*|\.\d+)"
_MAGNITUDE = "|".join(sorted(MAGNITUDES, key=len, reverse=True))
_NUMBER = re.compile(
    rf"""
    (?<![{_LETTER}\d_^]) (?<!\d[.,])
    (?P<sign>(?<![\d)%°][ ])(?<![{_LETTER}\d)%°.])[-+])?
    (?:
      (?P<whole>\d+)(?:\s+|\s*&\s*)(?P<top>\d+)\s*/\s*(?P<bottom>\d+)(?![\d/])          # 1 3/4
      | (?P<digits>{_BLOB})
        (?:\s*/\s*(?P<divisor>{_BLOB})(?!/?\d))?
        (?:(?:[eE]|\s?[×x*·⋅]\s?10\s?(?:\^|\*\*)\s?[{{(]?)(?P<ten>[-+]?\d+)[)}}]?(?!\d)|\^\s?[{{(]?(?P<power>-?\d+)[)}}]?)?
    )
    (?:\s*(?P<magnitude>{_MAGNITUDE})(?![{_LETTER}]))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_UNIT_POWER = re.compile(rf"(?<=[{_LETTER}°])(?<!\d[eE])\s?\^\s?[{{(]?(-?\d{{1,2}})[)}}]?")
_NUMERIC = re.compile("[\\d¼-¾⅐-⅞]")
_RELATION = re.compile(r"[<>≤≥≠≮≯≪≫]|!=|=/|\\(?:ge|le|neq?|geq|leq|gt|lt)q?(?![a-z])|\b(?:ge|le|neq)\b")
_NAME = re.compile(r"\s*([^\W\d_])\s*")
_SIDES = re.compile(r"(?:={1,3}|≈|≅|≃|≡|:=)")
_OPERATOR = re.compile(
    r"[\w)]\s?[-+*/·×÷^±]\s?\Z|(?<![^\W_])[xX×]\s*\Z|[√∛^_\\|/±]\s*\Z|\d\s?:\s?\Z|[A-Za-z]\(\s*\Z|\b(?:sqrt|root(?:\s+of)?|log)\W*\Z"
)
_INDEXED = re.compile(r"(?!m[23](?!\w))[^\W\d_]\d")
"""A letter and a digit directly behind a number, `18C2` or `18h30`, which is no area or volume."""
_ALTERNATIVE = re.compile(
    r"\d\S*(?:\s+[^\W\d]+)?\s*(?:\b(?:or|to|oder|bis|ou|o|или|до|vs)\b|至|到|或|または|か|[-~])\s*\Z", re.IGNORECASE
)
_AMBIGUOUS_BEFORE = (re.compile(r"(?<!\w)-\s+\Z|(?:\A|(?<=\s))[—―]\Z"), re.compile(r"(?<!\w)[-\u2212–]\s?\(\s*\Z"))
"""A dash, or a minus."""
_AMBIGUOUS_BEHIND = (
    re.compile(r"\s?[ap]\.?\s?m\b", re.IGNORECASE),  # a time of day
    re.compile(r"\.?\s?\.\s?\.|…"),  # decimals that go on
    re.compile(r"\s?!"),  # an exclamation, or a factorial
)
_SENTENCE_END = re.compile(r"(?<=[\w)%°$*])[.;]\**\s+(?=[A-Z(])|(?<=[\w)%°$*]),?\s+(?=(?:because|since|as)\b)")
_SECOND_THOUGHT = re.compile(
    r"\b(?:no|not|or|wait|actually|answer|correct\w*|sorry|oops|rather|instead|alternatively|either|maybe|perhaps)\b",
    re.IGNORECASE,
)
_UNIT_WORD = r"[^\W\d_][\w/'\u2019⁻-]*"
_UNIT = re.compile(
    rf"[ ]?[-\u2010\u2011]?[ ]?((?:°[A-Z]?(?!\w)|[%‰°$€£¥₹₩₽]|[^\W\d_][\w/·.'\u2019⁻-]*)(?:[ ]{_UNIT_WORD})*)"
)
_LOSS = re.compile(r"\(\s*[$€£¥]\s*\Z")
"""In accounts a number in brackets is a loss."""
_SHORT_MAGNITUDE = re.compile(r"\s?(?:mm?|[bk])(?![^\W_])", re.IGNORECASE)
_BESIDE_SIGNS = frozenset("⁺⁻~≈\u223c≃≅→⇒⟹✓✔")
"""Mathematical signs that may stand beside a number."""
_UNKNOWN_SIGNS = frozenset("\\*_§π")


class Doubt(Enum):
    """Why no number was read."""

    NOTHING = "no number is stated"
    SEVERAL = "several numbers are stated"
    AMBIGUOUS = "its notation has different readings"
    EXPRESSION = "it is an expression, or a number with something that may change it"
    STATEMENT = "it denies a number or compares with one"


@dataclass(frozen=True)
class Unread:
    """A text from which no number was read."""

    doubt: Doubt
    text: str = ""
    """What it is about, where that can be shown."""

    @property
    def why(self) -> str:
        """For a person."""
        return f"{self.doubt.value}: {self.text[:60]!r}" if self.text else self.doubt.value


@dataclass(frozen=True)
class Number:
    """A number that was read."""

    text: str
    """Digits, a decimal point, a sign and a fraction's stroke; of a multiple or a power its value."""
    value: Fraction
    unit: str = ""
    """What stands directly behind it, or a currency's sign before it."""
    written: str = ""
    """As it stood there."""
    others: tuple[Fraction, ...] = ()
    """What else it may be, in the notation of another country or trade; less likely than `value`."""
    unknown: str = ""
    """The letter that it is said to be the value of, as in `x = 5`."""

    @property
    def is_fraction(self) -> bool:
        """Whether it is written as a fraction, or a mixed number."""
        return "/" in self.text

    @property
    def is_reduced(self) -> bool:
        """Whether its fraction is in lowest terms; true of what is no fraction."""
        if not self.is_fraction:
            return True
        bottom = self.text.rpartition("/")[2]
        return bottom.isdigit() and 1 < int(bottom) == self.value.denominator


Reading = Number | Unread


def read_number(text: str) -> Reading:
    """The number that a text states; see above."""
    if len(text) > MOST_CHARACTERS:
        return Unread(Doubt.SEVERAL)
    plain = _trimmed(plain_notation(text))
    if _RELATION.search(plain):
        return Unread(Doubt.STATEMENT, text.strip())
    sides = [side for side in _SIDES.split(plain) if side.strip()]
    if not sides:
        return Unread(Doubt.NOTHING)
    read = [_read_side(side) for side in sides]
    stated = [one for one in read if isinstance(one, Number)]
    if len({one.value for one in stated}) > 1:
        return Unread(Doubt.SEVERAL, text.strip())
    if not isinstance(read[-1], Number):
        return read[-1]
    named = _NAME.fullmatch(sides[0]) if len(sides) > 1 else None
    return replace(min(stated[::-1], key=lambda one: one.is_fraction), unknown=named.group(1) if named else "")


def read_statement(text: str) -> Reading:
    """The same, of an answer that a sentence or a remark may follow: `18. Each of 3 boxes holds 6.` states 18."""
    whole = read_number(text)
    ends = _SENTENCE_END.search(text)
    if isinstance(whole, Number) or whole.doubt is not Doubt.SEVERAL or ends is None:
        return whole
    if _SECOND_THOUGHT.search(text, ends.end()):
        return whole
    return read_number(text[: ends.start()])


def last_number(reply: str) -> Reading:
    """The last number of a reply that does not mark its answer, as far as what stands beside it leaves it one."""
    digit = _NUMERIC.search(reply[::-1])
    if digit is None:
        return Unread(Doubt.NOTHING)
    end = len(reply) - digit.start()
    begin = max(0, end - MOST_CHARACTERS)
    text = reply[begin : end + _ASIDE]
    plain = _plain_units(plain_notation(text.partition(" ")[2] if begin else text))
    found = list(_NUMBER.finditer(plain))
    return _read_in_prose(plain, found[-1]) if found else Unread(Doubt.EXPRESSION)


def leading_number(text: str) -> Reading:
    """The number with which a text begins, whatever single number or words stand behind it."""
    plain = plain_notation(text).lstrip(" \t*~:=([{\"'“\u2018«")
    found = _NUMBER.match(re.sub(r"^[^\w\s.+-]{1,2}\s?(?=[-+]?\.?\d)|^[A-Z]{3} (?=[-+]?\.?\d)", "", plain))
    if found is None:
        return Unread(Doubt.NOTHING, text.strip())
    return _value(found, "")


def _plain_units(plain: str) -> str:
    """With the powers of units as they are printed, `m²`, where no number is looked for."""
    return _UNIT_POWER.sub(lambda found: raised(found.group(1)), plain)


def _trimmed(plain: str) -> str:
    return re.sub(r"\s+", " ", plain).strip()


def _read_side(side: str) -> Reading:
    side = _plain_units(side.strip())
    matches = list(_NUMBER.finditer(side))
    if not matches:
        return Unread(Doubt.EXPRESSION if re.search(r"\d", side) else Doubt.NOTHING, side)
    first, last = matches[0], matches[-1]
    read = _value(first, _unit(side, first))
    if isinstance(read, Unread):
        return read
    rest = [_value(one, "") for one in matches[1:]]
    if any(isinstance(one, Unread) or not _is_repeated(read, one) for one in rest):
        return Unread(Doubt.SEVERAL, side)
    before, behind = side[: first.start()], side[last.end() :]
    aside = [
        before,
        behind,
        *(side[one.end() : other.start()] for one, other in pairwise(matches)),
    ]
    doubt = _doubt_beside(before, behind) or _doubt_in_words(behind, read.value)
    if doubt is None and not all(map(_may_stand_beside, "".join(aside))):
        doubt = Doubt.EXPRESSION
    return Unread(doubt, side) if doubt else read


def _is_repeated(one: Number, other: Number) -> bool:
    """Whether a number is said twice, and of a fraction the same fraction: `1/2 or 2/4` are two answers."""
    both_fractions = one.is_fraction and other.is_fraction
    return one.value == other.value and (not both_fractions or one.text == other.text)


def _read_in_prose(plain: str, found: re.Match[str]) -> Reading:
    """A number in the middle of a text: only what stands in its own sentence is looked at."""
    before = re.split(r"[\n;!?=]|[.,](?=\s)", plain[: found.start()])[-1]
    before = re.sub(r"\A\s*[*•]\s+(?=\S*\Z)", "", before)  # of a list
    behind = re.split(r"[\n;?]|[.,:](?=\s|\Z)", plain[found.end() :])[0]
    said = f"{before[-40:]}{found.group()}{behind[:40]}".strip()
    if _RELATION.search(before[-4:]):
        return Unread(Doubt.STATEMENT, said)
    if _ALTERNATIVE.search(before):
        return Unread(Doubt.SEVERAL, said)
    read = _value(found, _unit(plain, found))
    if isinstance(read, Unread):
        return read
    if _result_before(plain[: found.start()]) not in {None, read.value}:
        return Unread(Doubt.SEVERAL, said)
    doubt = _doubt_beside(before, behind) or _doubt_in_words(behind, read.value)
    beside = "".join((before.split() or [""])[-1:] + behind.split()[:1]) if doubt is None else ""
    if not all(map(_may_stand_beside, beside.replace("=", ""))):
        doubt = Doubt.EXPRESSION
    return Unread(doubt, said) if doubt else read


def _result_before(before: str) -> Fraction | None:
    """What an equation in the same sentence comes to, as in `120/24 = 5 hours for 120 pages`: as likely the answer."""
    _, sign, behind = re.split(r"\n|[.;?!](?=\s)", before)[-1].rpartition("=")
    found = _NUMBER.match(behind.lstrip(" $€£¥*")) if sign else None
    read = _value(found, "") if found else None
    return read.value if isinstance(read, Number) else None


def _doubt_beside(before: str, behind: str) -> Doubt | None:
    """What makes of the number, by what stands on its two sides, another one or a statement."""
    if BEFORE.search(before) or BEHIND.search(behind):
        return Doubt.STATEMENT
    if EARLIER_OR_LATER.search(before) and not re.match(r"[\s-]*[^\W\d]", behind):
        return Doubt.STATEMENT
    if any(pattern.search(before) for pattern in _AMBIGUOUS_BEFORE) or any(map(_matching(behind), _AMBIGUOUS_BEHIND)):
        return Doubt.AMBIGUOUS
    if (_LOSS.search(before) and behind.lstrip().startswith(")")) or _is_magnitude(before, behind):
        return Doubt.AMBIGUOUS
    return Doubt.EXPRESSION if _OPERATOR.search(before) or CHANGED.match(behind) or _is_factor(behind) else None


def _matching(text: str) -> Callable[[re.Pattern[str]], bool]:
    return lambda pattern: pattern.match(text) is not None


def _is_magnitude(before: str, behind: str) -> bool:
    """Whether what stands behind the number may multiply it: `$5m`, or 千, which begins units as well."""
    if re.match(rf"\s?[{THOUSAND}]", behind):
        return not PREFIXED.match(behind.lstrip())
    return re.search(r"[$€£¥]", before) is not None and _SHORT_MAGNITUDE.match(behind) is not None


def _may_stand_beside(sign: str) -> bool:
    """Letters, punctuation, emoji and signs of currencies; of mathematical signs those that leave the number be."""
    if sign in _BESIDE_SIGNS or sign.isspace():
        return True
    category = unicodedata.category(sign)
    return sign not in _UNKNOWN_SIGNS and (category[0] in "LMPN" or category in {"Sc", "So", "Cn", "Cf"})


def _is_factor(behind: str) -> bool:
    """Whether a single letter behind the number may be an unknown, a constant or a multiple."""
    if _INDEXED.match(behind):
        return True
    found = re.match(rf"(\s?[-*·/]\s|[\s-]?)([{_LETTER}])(?![^\W_]|&)(.*)", behind, re.DOTALL)
    if found is None:
        return False
    between, letter, rest = found.groups()
    if letter in ARTICLES and behind[:1].isspace() and re.match(r"\s+[^\W\d_]{2}", rest):
        return False
    units = frozenset() if len(between) > 1 else APART_UNITS if between else ONE_LETTER_UNITS
    return letter not in units


def _doubt_in_words(behind: str, value: Fraction) -> Doubt | None:
    """Whether the number is spelled out behind, as another one."""
    found = re.match(r"\s*\(([a-zA-Z -]+)\)", behind)
    number = spelled(found.group(1)) if found else None
    return Doubt.SEVERAL if number is not None and number != value else None


def _unit(text: str, found: re.Match[str]) -> str:
    """The words behind the number; without any, the currency in front of it."""
    behind = _UNIT.match(text, found.end())
    sign = re.search(r"([$€£¥₹₩₽]|\b[A-Z]{3})\s*\Z", text[: found.start()])
    return behind.group(1).strip(" .") if behind else sign.group(1) if sign else ""


def _value(found: re.Match[str], unit: str) -> Reading:
    part = found.groupdict(default="")
    written = found.group().strip()
    if len(written) > MOST_DIGITS or any(
        abs(int(part[key] or 0)) > most for key, most in (("ten", MOST_DIGITS), ("power", 64))
    ):
        return Unread(Doubt.EXPRESSION, written)
    try:
        read = _mixed(part) if part["whole"] else _amount(part)
    except ZeroDivisionError:
        return Unread(Doubt.EXPRESSION, written)
    if read is None:
        return Unread(Doubt.AMBIGUOUS, written)
    plain, value, others = read
    if part["power"]:
        if part["sign"] == "-" or value == 0:
            return Unread(Doubt.AMBIGUOUS, written)
        value, plain = value ** int(part["power"]), ""
    factor = Fraction(10) ** int(part["ten"] or 0) * MAGNITUDES.get(part["magnitude"].casefold(), 1)
    if factor != 1:
        value, plain = value * factor, ""
    sign = -1 if part["sign"] == "-" else 1
    plain = plain or str(value)
    return Number(
        text=f"-{plain}" if sign < 0 else plain,
        value=sign * value,
        unit=unit,
        written=written,
        others=tuple(sign * other * factor for other in others),
    )


def _mixed(part: dict[str, str]) -> tuple[str, Fraction, tuple[Fraction, ...]] | None:
    top, bottom = int(part["top"]), int(part["bottom"])
    if top >= bottom:
        return None
    return f"{part['whole']} {top}/{bottom}", int(part["whole"]) + Fraction(top, bottom), ()


def _amount(part: dict[str, str]) -> tuple[str, Fraction, tuple[Fraction, ...]] | None:
    digits = read_digits(part["digits"])
    if digits.value is None:
        return None
    others = () if digits.other is None else (digits.other,)
    if not part["divisor"]:
        return digits.plain, digits.value, others
    divisor = read_digits(part["divisor"])
    if divisor.value is None or others:
        return None
    return f"{digits.plain}/{divisor.plain}", digits.value / divisor.value, ()
