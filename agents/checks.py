"""What can be checked of a lesson without asking anybody: its equations, and whether two answers agree."""

import ast
import operator
import re
from collections.abc import Callable, Sequence
from fractions import Fraction

_EQUATION_SIDE = re.compile(r"[\d\s.,+\-*/()×÷]*\d[\d\s.,+\-*/()×÷]*")
_BULLET = re.compile(r"^\s*[-*•]\s+")
_CONNECTOR = re.compile(r"^(?:(?:first|then|next|now|so|thus|hence|therefore|finally|and)\b[\s,]*)+", re.IGNORECASE)
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
    text = re.sub(r"\b0+(?=\d)", "", text)
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


def false_step(steps: Sequence[str]) -> str:
    """The first step that states an equation between numbers which does not hold; empty when there is none.

    A step may chain equations (`46-9*5=46-45=1`), name a place (`tens: 3+4=7`) or begin with a connector
    (`then 7+1=8`); only sides that are pure arithmetic are compared, since `half of 10 = 5` is true.
    """
    for step in steps:
        for clause in re.split(r"[;:,](?=\s)|[;:]", _BULLET.sub("", step)):
            sides = _CONNECTOR.sub("", clause.strip()).split("=")
            values = [evaluate(side) if _EQUATION_SIDE.fullmatch(side.strip()) else None for side in sides]
            known = [value for value in values if value is not None]
            if len(values) > 1 and len(set(known)) > 1:
                return step
    return ""


def same_answer(one: str, other: str) -> bool:
    """Whether two final answers are the same: equal as numbers, or as text without case and white space."""
    one, other = _value_of(one), _value_of(other)
    if not one or not other:
        return False
    if "/" in one or "/" in other:  # 2/4 is 1/2, but not the same answer where lowest terms are asked for
        return _bare(one) == _bare(other)
    left, right = evaluate(one.strip(" .$")), evaluate(other.strip(" .$"))
    if left is not None and right is not None:
        return left == right
    return _bare(one) == _bare(other)


def _value_of(answer: str) -> str:
    """The answer without an unknown before it (`x = 5`) and without a unit behind it (`12 apples`)."""
    text = answer.rsplit("=", 1)[-1].strip(" .$")
    counted = re.fullmatch(r"(-?\d[\d,]*(?:\.\d+)?(?:/\d+)?) [A-Za-z]+", text)
    return counted.group(1) if counted else text


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text).strip(".$").casefold()
