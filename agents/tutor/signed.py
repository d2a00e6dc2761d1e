"""Sums, differences and products of whole numbers that may be negative.

Each is one chain of equations that ends in a fact about numbers without a sign: `-3-8=-(3+8)=-11`. A small student
learns the sign and the fact in one line sooner than a rule told in words.
"""

import re

from ioa.agents.tutor.working import Operation, Worked, product_uses, sum_uses

_TWO = re.compile(r"(?:^|[:\s])(-?\d+)\s*([-+*])\s*(-?\d+)\s*[=.?]*\s*$")


def solve_signed(problem: str) -> Worked | None:
    """Read a calculation with two numbers of which one at least is negative; none for any other."""
    found = _TWO.search(problem)
    if not found:
        return None
    left, right = int(found.group(1)), int(found.group(3))
    if left >= 0 and right >= 0:
        return None
    if found.group(2) == "*":
        return _product(left, right)
    return _sum(left, right, minus=found.group(2) == "-")


def signed_sum(left: int, right: int, *, minus: bool = False) -> tuple[str, int]:
    """A sum or difference as one chain of equations.

    Returns:
        (line, value).
    """
    asked = f"{left}{'-' if minus else '+'}{right}"
    chain = [asked]
    if minus:
        right = -right
        if asked.count("--"):
            chain.append(f"{left}+{right}")
    value = left + right
    large, small = max(abs(left), abs(right)), min(abs(left), abs(right))
    if left < 0 or right < 0:
        fact = f"{abs(left)}+{abs(right)}" if left <= 0 and right <= 0 else f"{large}-{small}"
        chain.append(f"-({fact})" if value < 0 else fact)
    if len(chain) > 1 and chain[-1] == chain[-2]:
        chain.pop()
    return "=".join([*chain, str(value)]), value


def signed_product(left: int, right: int) -> tuple[str, int]:
    """A product as one chain of equations.

    Returns:
        (line, value).
    """
    value, fact = left * right, f"{abs(left)}*{abs(right)}"
    if left >= 0 and right >= 0:
        return f"{fact}={value}", value
    return f"{left}*{right}={f'-({fact})' if value < 0 else fact}={value}", value


def _sum(left: int, right: int, minus: bool) -> Worked:
    line, value = signed_sum(left, right, minus=minus)
    back = f"{value}{'+' if minus else '-'}{right}={left}"
    uses = frozenset(sum_uses(abs(left), abs(right)))
    return Worked(Operation.SIGNED_SUM, (str(left), str(right)), (line,), str(value), back, uses)


def _product(left: int, right: int) -> Worked:
    line, value = signed_product(left, right)
    back = f"{value}/{right}={left}" if right else f"{right}*{left}=0"
    uses = frozenset(product_uses(abs(left), abs(right)))
    return Worked(Operation.SIGNED_PRODUCT, (str(left), str(right)), (line,), str(value), back, uses)
