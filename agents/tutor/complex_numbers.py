"""Sums, differences and products of complex numbers with whole parts."""

import re

from ioa.agents.tutor.signed import signed_product, signed_sum
from ioa.agents.tutor.working import Operation, Worked

_NUMBER = r"\((-?\d+)(?:\.0+)? ([-+]) (\d+)(?:\.0+)?i\)"
_TWO = re.compile(rf"complex numbers: {_NUMBER} ([-+×]) {_NUMBER}\s*$")


def solve_complex(problem: str) -> Worked | None:
    """Read a calculation with two complex numbers; none where a part of one is missing or is not whole."""
    found = _TWO.search(problem)
    if not found:
        return None
    a, sign, b, operation, c, other_sign, d = found.groups()
    one, other = (int(a), int(f"{sign}{b}")), (int(c), int(f"{other_sign}{d}"))
    return _product(one, other) if operation == "×" else _sum(one, other, minus=operation == "-")


def _sum(one: tuple[int, int], other: tuple[int, int], minus: bool) -> Worked:
    real_line, real = signed_sum(one[0], other[0], minus=minus)
    imaginary_line, imaginary = signed_sum(one[1], other[1], minus=minus)
    back = "+" if minus else "-"
    return Worked(
        head=Operation.COMPLEX_SUM,
        numbers=tuple(map(str, (*one, *other))),
        steps=(f"real:{real_line}", f"imaginary:{imaginary_line}"),
        answer=_written(real, imaginary),
        check=f"{real}{back}{other[0]}={one[0]};{imaginary}{back}{other[1]}={one[1]}",
        uses=frozenset({Operation.SIGNED_SUM}),
    )


def _product(one: tuple[int, int], other: tuple[int, int]) -> Worked:
    (a, b), (c, d) = one, other
    (first, ac), (second, bd) = signed_product(a, c), signed_product(b, d)
    (third, ad), (fourth, bc) = signed_product(a, d), signed_product(b, c)
    real_line, real = signed_sum(ac, bd, minus=True)
    imaginary_line, imaginary = signed_sum(ad, bc)
    return Worked(
        head=Operation.COMPLEX_PRODUCT,
        numbers=tuple(map(str, (a, b, c, d))),
        steps=(first, second, f"real:{real_line}", third, fourth, f"imaginary:{imaginary_line}"),
        answer=_written(real, imaginary),
        check=f"({a * a}+{b * b})*({c * c}+{d * d})={real * real}+{imaginary * imaginary}",  # |zw|^2 = |z|^2 |w|^2
        uses=frozenset({Operation.SIGNED_SUM, Operation.SIGNED_PRODUCT, Operation.COMPLEX_SUM}),
    )


def _written(real: int, imaginary: int) -> str:
    """With one decimal place and both parts, as these problems write complex numbers."""
    return f"{real}.0 {'-' if imaginary < 0 else '+'} {abs(imaginary)}.0i"
