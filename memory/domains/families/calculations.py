"""What the calculations of reasoning-gym ask for: the same canonical form for the same operands in another order.

Each reader takes a problem's text and gives the form of what it asks, or none where the text is of another kind. The
words around may be anybody's: a teacher's "What is 7 times 8?" is read like the family's "Calculate 8 * 7.".
"""

import ast
import re
from collections.abc import Sequence
from fractions import Fraction

from ioa.memory.similarity import spoken_operator
from ioa.memory.tokens import Token, tokenise

_NUMBER = r"\d+(?:\.\d+)?"
_SUMMAND = rf"(?:{_NUMBER}\s*\*?\s*[a-z]\b|{_NUMBER}|[a-z]\b)"
_SIDE = rf"-?\s*{_SUMMAND}(?:\s*[-+]\s*{_SUMMAND})*"
_EQUATION = re.compile(rf"(?<![\w.])({_SIDE})\s*=\s*({_SIDE})(?![\w.]|\s*[-+*/^(=])", re.IGNORECASE)
_TERM = re.compile(rf"([-+]?)\s*(?:({_NUMBER})\s*\*?\s*([a-z])?|([a-z]))\b", re.IGNORECASE)
_DIVISOR = re.compile(r"\b(?:greatest|highest|largest) common (?:divisor|factor)|\b(?:gcd|gcf|hcf)\b", re.IGNORECASE)
_MULTIPLE = re.compile(r"\b(?:least|lowest|smallest) common multiple|\blcm\b", re.IGNORECASE)
_LOWEST = re.compile(r"\bsimplif|\breduc|\blowest terms|\bsimplest (?:form|terms)", re.IGNORECASE)
_COMPLEX = re.compile(r"\(([^()]*)\)\s*([-+*/])\s*\(([^()]*)\)")
_PARTS = re.compile(r"([-+]?\d+(?:\.\d+)?(?![\d.]*i))?(?:([-+]?)(\d+(?:\.\d+)?)?i)?")
_LEGS = re.compile(r"(\d+) ((?:praying |sea )?[a-z]+)")
_NAMED = re.compile(rf"\b(sum|product) of (-?{_NUMBER})(?:,? and |, )(-?{_NUMBER})(?![\d.]*\d)", re.IGNORECASE)


def _spaced(text: str) -> str:
    """The text with its signs as one types them, and a space between each."""
    return " ".join(token.text for token in tokenise(text))


def read_common(text: str) -> str | None:
    """Numbers with a common divisor or multiple, in any order."""
    divisor, multiple = _DIVISOR.search(text), _MULTIPLE.search(text)
    numbers = sorted(int(number) for number in re.findall(r"(?<![\d.])\d+(?!\.?\d)", text))
    if bool(divisor) == bool(multiple) or len(numbers) < 2:
        return None
    return f"{'gcd' if divisor else 'lcm'} {numbers}"


def read_fraction(text: str) -> str | None:
    """A fraction to be brought to its lowest terms."""
    if not _LOWEST.search(text):
        return None
    found = set(re.findall(r"(?<![\w./])(\d+)\s*/\s*(\d+)(?![\d./])", _spaced(text)))
    return f"lowest terms {'/'.join(*found)}" if len(found) == 1 else None


def read_equation(text: str) -> str | None:
    """A linear equation with one unknown: what each side adds up to, whatever the letter and whichever side is left.

    Nothing is taken from one side to the other: 2x + 3 = 7 and 2x = 4 ask for different steps.
    """
    found = _EQUATION.findall(_spaced(text)) if "=" in text else []
    if len(found) != 1:
        return None
    letters = {letter.lower() for side in found[0] for letter in re.findall("[A-Za-z]", side)}
    if len(letters) != 1:
        return None
    sides = sorted(_linear(side) for side in found[0])
    return "equation " + " = ".join(f"{coefficient} x + {constant}" for coefficient, constant in sides)


def _linear(side: str) -> tuple[Fraction, Fraction]:
    """(coefficient of the unknown, constant)."""
    sums = [Fraction(0), Fraction(0)]
    for sign, number, letter, alone in _TERM.findall(side):
        value = Fraction(number or 1) * (-1 if sign == "-" else 1)
        sums[0 if letter or alone else 1] += value
    return sums[0], sums[1]


def read_complex(text: str) -> str | None:
    """Two complex numbers that are added, subtracted, multiplied or divided; a difference is a sum of the opposite."""
    found = _COMPLEX.findall(text.replace("×", "*").replace("÷", "/").replace("−", "-").replace("·", "*"))  # noqa: RUF001
    if len(found) != 1:
        return None
    one, other = _complex(found[0][0]), _complex(found[0][2])
    if one is None or other is None or not (one[2] or other[2]):
        return None
    operator, left, right = found[0][1], one[:2], other[:2]
    if operator == "-":
        operator, right = "+", (-right[0], -right[1])
    pair = [left, right] if operator == "/" else sorted([left, right])
    return f"complex {operator} {', '.join(f'{real}+{imaginary}i' for real, imaginary in pair)}"


def _complex(text: str) -> tuple[Fraction, Fraction, bool] | None:
    """(real part, imaginary part, whether there is an i)."""
    plain = text.replace(" ", "")
    found = _PARTS.fullmatch(plain)
    if not plain or found is None:
        return None
    real, sign, size = found.groups()
    imaginary = Fraction(size or 1) * (-1 if sign == "-" else 1) if "i" in plain else Fraction(0)
    return Fraction(real or 0), imaginary, "i" in plain


def read_legs(text: str) -> str | None:
    """Groups of animals whose legs are counted, in any order."""
    lower = text.lower()
    if "legs" not in lower:
        return None
    groups = sorted((re.sub("ies$", "y", name).removesuffix("s"), int(number)) for number, name in _LEGS.findall(lower))
    return f"legs {groups}" if groups and len(groups) == len(re.findall(r"\d+", text)) else None


def read_calculation(text: str) -> str | None:
    """A calculation: its operands sorted wherever their order does not matter, a difference as a sum of opposites.

    None where the text has other numbers beside it, and so is about more than the calculation.
    """
    formula = _formula(tokenise(text))
    if formula is None:
        named = _NAMED.findall(text)
        if len(named) != 1 or len(re.findall(_NUMBER, text)) != 2:
            return None
        sign = "+" if named[0][0].lower() == "sum" else "*"
        formula = f"{named[0][1]} {sign} {named[0][2]}"
    try:
        tree = ast.parse(formula, mode="eval").body
        return f"calculate {_sorted(tree)}" if isinstance(tree, ast.BinOp) else None
    except (SyntaxError, ValueError, RecursionError):
        return None


def _formula(tokens: Sequence[Token]) -> str | None:
    """The one formula that has all numbers of a text, as Python writes it; none where there is no such."""
    signs = [_sign(tokens, place) for place in range(len(tokens))]
    numbers = [place for place, token in enumerate(tokens) if token.kind == "number"]
    if len(numbers) < 2:
        return None
    first, last = numbers[0], numbers[-1]
    while first and signs[first - 1] in ("(", "[", "-"):
        first -= 1
    while last + 1 < len(tokens) and signs[last + 1] in (")", "]"):
        last += 1
    formula = " ".join(signs[first : last + 1]).replace("[", "(").replace("]", ")")
    return formula if re.fullmatch(r"[-+*/() .\d]+", formula) else None


def _sign(tokens: Sequence[Token], place: int) -> str:
    """A token as it stands in a formula; a word that stands in none as it is."""
    token = tokens[place]
    if token.kind != "word":
        return token.text
    if token.folded == "divided":  # its "by" is the sign
        return ""
    around = tokens[max(0, place - 1) : place + 2]
    if token.folded == "x" and [one.kind for one in around] == ["number", "word", "number"]:
        return "*"
    return spoken_operator(tokens, place) or token.text


def _sorted(node: ast.expr) -> str:
    """The canonical form of an expression.

    Raises:
        ValueError: it has something else than numbers, signs and the four operations.
    """
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        return f"sum({', '.join(sorted(_terms(node, 1)))})"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return f"product({', '.join(sorted(_factors(node)))})"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return f"quotient({_sorted(node.left)}, {_sorted(node.right)})"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _negated(_sorted(node.operand))
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return str(Fraction(str(node.value)))
    raise ValueError(ast.dump(node))


def _terms(node: ast.expr, sign: int) -> list[str]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        right = -sign if isinstance(node.op, ast.Sub) else sign
        return [*_terms(node.left, sign), *_terms(node.right, right)]
    return [_sorted(node) if sign > 0 else _negated(_sorted(node))]


def _factors(node: ast.expr) -> list[str]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_factors(node.left), *_factors(node.right)]
    return [_sorted(node)]


def _negated(form: str) -> str:
    if form == "0":
        return form
    return form[1:] if form.startswith("-") else f"-{form}"


READERS = {
    "gcd": read_common,
    "lcm": read_common,
    "fraction_simplification": read_fraction,
    "simple_equations": read_equation,
    "complex_arithmetic": read_complex,
    "leg_counting": read_legs,
    "basic_arithmetic": read_calculation,
    "chain_sum": read_calculation,
    "decimal_chain_sum": read_calculation,
    "products": read_calculation,
}
"""The readers by family of reasoning-gym, in the order in which they are asked; the others have no canonical form."""
