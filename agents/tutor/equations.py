"""Linear equations with one unknown."""

import re

from ioa.agents.tutor.working import Operation, Worked, difference_uses, sum_uses, without

_EQUATION = re.compile(
    r"(?:^|[:\s])((?:-?\s*)(?:\d+\s*\*?\s*)?[a-z]?(?:\s*[+-]\s*(?:\d+\s*\*?\s*)?[a-z]|\s*[+-]\s*\d+)*)\s*=\s*(-?\d+)\s*\.?\s*$"
)
_TERM = re.compile(r"([+-]?)\s*(?:(\d+)\s*\*?\s*([a-z])|([a-z])|(\d+))")


def solve_equation(text: str) -> Worked | None:
    """Read `a*x + b = c` in any order and solve it; none where the text or the solution is not of that kind."""
    found = _EQUATION.search(text)
    parts = found and _linear(found.group(1))
    if not found or not parts:
        return None
    unknown, factor, constant = parts
    right = int(found.group(2))
    if factor == 0 or (right - constant) % factor:
        return None
    solution, head = (right - constant) // factor, _head(factor, constant)
    steps, uses = _steps(unknown, factor, constant, right)
    numbers = tuple(number for number in re.findall(r"\d+", found.group(0)))
    return Worked(
        head=head,
        numbers=numbers,
        steps=tuple(steps),
        answer=str(solution),
        check=f"{_substituted(found.group(1), unknown, solution)}={right}",
        uses=without(head, uses),
    )


def _head(factor: int, constant: int) -> Operation:
    if factor < 0:
        return Operation.TAKEN_AWAY
    return Operation.EQUATION if constant else Operation.FACTOR


def _linear(side: str) -> tuple[str, int, int] | None:
    """(unknown, its factor, constant) of a side; none where it has no unknown or more than one."""
    unknowns, factor, constant = set(), 0, 0
    for sign, times, name, bare, number in _TERM.findall(side):
        direction = -1 if sign == "-" else 1
        if number:
            constant += direction * int(number)
        else:
            unknowns.add(name or bare)
            factor += direction * int(times or 1)
    return (unknowns.pop(), factor, constant) if len(unknowns) == 1 else None


def _steps(unknown: str, factor: int, constant: int, right: int) -> tuple[list[str], set[Operation]]:
    times = abs(factor)
    name = unknown if times == 1 else f"{times}*{unknown}"
    # A negative unknown changes sides instead: what is left is its size, and no line starts with a minus.
    plus, minus = (right, constant) if factor > 0 else (constant, right)
    value = plus - minus
    steps, uses = list[str](), set[Operation]()
    if constant or factor < 0:
        steps.append(f"{name}={_difference(plus, minus)}={value}")
        uses |= _difference_uses(plus, minus)
    if times > 1:
        steps.append(f"{unknown}={value}/{times}={value // times}")
        uses |= {Operation.DIVISION, Operation.FACTOR}
    if factor < 0:
        uses |= {Operation.EQUATION}
    return steps or [f"{unknown}={value}"], uses


def _difference_uses(plus: int, minus: int) -> set[Operation]:
    if plus >= 0 and minus >= 0:
        return difference_uses(plus, minus)
    return sum_uses(abs(plus), abs(minus)) | {Operation.SIGNED_SUM}


def _difference(plus: int, minus: int) -> str:
    if minus >= 0:
        return f"{plus}-{minus}"
    return f"{plus}+{-minus}" if plus >= 0 else f"{-minus}-{-plus}"


def _substituted(side: str, unknown: str, solution: int) -> str:
    value = f"({solution})" if solution < 0 else str(solution)
    filled = re.sub(rf"(\d)\s*\*?\s*{unknown}", rf"\g<1>*{value}", side)
    return re.sub(r"\s+", "", filled.replace(unknown, value))
