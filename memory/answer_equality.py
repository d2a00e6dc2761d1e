"""Whether two final answers are the same, as numbers or as texts: what can be said without knowing the problem."""

import ast
import operator
import re
from collections.abc import Callable
from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from ioa.memory.number_reading import Number, leading_number, read_number
from ioa.memory.unit_names import same_unit

_UNKNOWN = re.compile(r"(?:[^\W\d][\w ]*)?(?:\(\w\))?\s*=([^=<>!≤≥≠]+)")
_COUNTED = re.compile(r"(-?\d[\d,]*(?:\.\d+)?(?:/\d+)?) (?!(?:am|pm)\Z)([a-z]+)", re.IGNORECASE)
"""A number and its unit; `3 pm` is another time than 3."""
_PERCENT = re.compile(r"%|(?:per\s?cent|pct|percentage|prozent|pour ?cent|por ?ciento|процент\w*)\b", re.IGNORECASE)
_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class Fractions(Enum):
    """When a fraction is another number's equal."""

    BY_VALUE = "by value"
    REDUCED = "reduced"
    """One that is not in its lowest terms is only itself, since bringing it there may have been the task."""
    AS_WRITTEN = "as written"
    """A fraction is only itself."""


class Equality(NamedTuple):
    """Whether an answer is the other."""

    same: bool
    doubt: str = ""
    """Why that cannot be told with certainty; then it is not taken for the same."""


def compare_numbers(
    given: Number, expected: Number, fractions: Fractions = Fractions.BY_VALUE, slack: Fraction = Fraction(0)
) -> Equality:
    """Whether two numbers are the same. A unit, or an unknown's letter, that only one of them has does not count.

    In doubt are: two different units, which are not converted; a percentage and a hundredth of it; and digits whose
    other reading, such as 1234 for `1.234`, would be the other number.

    Args:
        given: What was answered.
        expected: What it is compared with.
        fractions: When a fraction is another number's equal.
        slack: How far they may lie apart.
    """
    if given.unknown and expected.unknown and given.unknown != expected.unknown:
        return Equality(False)
    if not same_unit(given.unit, expected.unit):
        return Equality(False, f"the units {given.unit!r} and {expected.unit!r} are not compared")
    if _same_value(given, expected, fractions, slack):
        return Equality(True)
    if any(abs(other - expected.value) <= slack for other in given.others) or given.value in expected.others:
        return Equality(False, f"{given.written!r} means different numbers in different countries")
    shares = [_PERCENT.match(one.unit) is not None for one in (given, expected)]
    ratio = Fraction(1, 100) if shares[0] else Fraction(100)
    if shares[0] != shares[1] and given.value and abs(given.value * ratio - expected.value) <= slack:
        return Equality(False, "a percentage on one side, and a hundredth of it on the other")
    return Equality(False)


def _same_value(given: Number, expected: Number, fractions: Fractions, slack: Fraction) -> bool:
    both = (given, expected)
    if fractions is Fractions.AS_WRITTEN and any(one.is_fraction for one in both):
        return given.text == expected.text
    if fractions is Fractions.REDUCED and not all(one.is_reduced for one in both):
        return given.text == expected.text
    return abs(given.value - expected.value) <= slack


def evaluate(expression: str) -> Fraction | None:
    """The exact value of an expression of numbers, + - * / and brackets; none where it is not one."""
    text = expression.replace("×", "*").replace("÷", "/").strip()
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(r"(?<![\w.])0+(?=\d)", "", text)  # 007, but neither 1.05 nor 1_000
    try:
        return _value(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError):
        return None


def _value(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    raise ValueError("not arithmetic")


def same_answer(one: str, other: str) -> bool:
    """Whether two final answers are the same: equal as numbers, or as text without case and white space.

    A unit that only one of them states does not count; two different units do. A fraction is the same only as it is
    written: 2/4 is 1/2, but not the same answer where lowest terms are asked for.
    """
    left, right = read_number(one), read_number(other)
    if isinstance(left, Number) and isinstance(right, Number):
        return compare_numbers(left, right, Fractions.AS_WRITTEN).same
    return _same_text(one, other)


def _same_text(one: str, other: str) -> bool:
    (one, unit), (other, another) = _parts(one), _parts(other)
    if not one or not other or (unit and another and unit.casefold() != another.casefold()):
        return False
    if "/" in one or "/" in other:
        return _joined(one) == _joined(other)
    left, right = evaluate(one), evaluate(other)
    if left is not None and right is not None:
        return left == right
    return _joined(one) == _joined(other)


def bare_answer(answer: str) -> str:
    """The answer without an unknown before it (`x = 5`) and without a unit behind it (`12 apples`)."""
    read, begins = read_number(answer), leading_number(answer)
    if not isinstance(read, Number) or not isinstance(begins, Number) or _PERCENT.match(read.unit):
        return _parts(answer)[0]
    return read.text if begins.value == read.value and read.unit else _parts(answer)[0]


def _parts(answer: str) -> tuple[str, str]:
    """What is answered, and its unit; empty where it has none. A relation or several equations stay whole."""
    text = _trimmed(answer)
    named = _UNKNOWN.fullmatch(text)
    text = _trimmed(named.group(1)) if named else text
    counted = _COUNTED.fullmatch(text)
    return (counted.group(1), counted.group(2)) if counted else (text, "")


def _trimmed(text: str) -> str:
    return text.strip(" \t\n$").rstrip(" .$")  # a point in front belongs to the number


def _joined(text: str) -> str:
    return re.sub(r"\s+", "", text).casefold()
