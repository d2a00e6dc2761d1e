"""Whether two final answers are the same, as numbers or as texts: what can be said without knowing the problem."""

import ast
import operator
import re
from collections.abc import Callable
from fractions import Fraction

_UNKNOWN = re.compile(r"(?:[^\W\d][\w ]*)?(?:\(\w\))?\s*=([^=<>!≤≥≠]+)")
_COUNTED = re.compile(r"(-?\d[\d,]*(?:\.\d+)?(?:/\d+)?) (?!(?:am|pm)\Z)([a-z]+)", re.IGNORECASE)
"""A number and its unit; `3 pm` is another time than 3."""
_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


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

    A unit that only one of them states does not count; two different units do.
    """
    (one, unit), (other, another) = _parts(one), _parts(other)
    if not one or not other or (unit and another and unit.casefold() != another.casefold()):
        return False
    if "/" in one or "/" in other:  # 2/4 is 1/2, but not the same answer where lowest terms are asked for
        return _joined(one) == _joined(other)
    left, right = evaluate(one), evaluate(other)
    if left is not None and right is not None:
        return left == right
    return _joined(one) == _joined(other)


def bare_answer(answer: str) -> str:
    """The answer without an unknown before it (`x = 5`) and without a unit behind it (`12 apples`)."""
    return _parts(answer)[0]


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
