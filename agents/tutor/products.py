"""Products split by place, and exact division digit by digit."""

from collections.abc import Sequence

from ioa.agents.tutor.columns import running_sum
from ioa.agents.tutor.working import Operation, Worked, without

_COUNTED = 12
"""The largest quotient that is found by counting."""


def multiply(factors: Sequence[int]) -> Worked:
    """Multiply whole numbers that are not negative, from left to right."""
    running, steps = factors[0], []
    for factor in factors[1:]:
        steps += product_steps(running, factor)
        running *= factor
    known = max(factors) <= 12 and (len(factors) == 2 or running <= 12 * max(factors))
    head = Operation.TABLE if known else Operation.LONG_PRODUCT
    return Worked(
        head=head,
        numbers=tuple(map(str, factors)),
        steps=tuple(steps),
        answer=str(running),
        check=_product_check(factors, running),
        uses=frozenset() if known else frozenset({Operation.TABLE, Operation.CARRYING}),
    )


def product_steps(one: int, other: int) -> list[str]:
    """The lines of a product: one fact from the table, or one part a place of the longer factor."""
    if max(one, other) <= 12 or min(one, other) <= 1:
        return [f"{one}*{other}={one * other}"]
    long, short = (one, other) if one >= other else (other, one)
    parts, lines = _places(long), list[str]()
    for part in parts:
        lines += [f"{part}*{short}={part * short}"] if short <= 12 or len(parts) == 1 else product_steps(short, part)
    if len(parts) > 1:
        lines += running_sum([part * short for part in parts])
    return lines


def split_fact(one: int, other: int) -> list[str]:
    """A fact of the table from easier ones: the larger factor is five and a rest."""
    large, small = max(one, other), min(one, other)
    if large <= 5 or small <= 1:
        return [f"{one}*{other}={one * other}"]
    rest = large - 5
    return [f"{small}*5={small * 5}", f"{small}*{rest}={small * rest}", f"{small * 5}+{small * rest}={one * other}"]


def divide(dividend: int, divisor: int) -> Worked | None:
    """Divide whole numbers; none where the division does not come out."""
    if divisor == 0 or dividend % divisor:
        return None
    quotient = dividend // divisor
    return Worked(
        head=Operation.DIVISION,
        numbers=(str(dividend), str(divisor)),
        steps=tuple(division_steps(dividend, divisor)),
        answer=str(quotient),
        check=f"{quotient}*{divisor}={dividend}",
        uses=without(
            Operation.DIVISION, {Operation.TABLE} if quotient <= _COUNTED else {Operation.TABLE, Operation.SUBTRACTION}
        ),
    )


def division_steps(dividend: int, divisor: int) -> list[str]:
    """The lines of an exact division: counting up in steps of the divisor, or one line a digit of the quotient.

    Counting, `27/9;1:9 2:18 3:27`, serves up to a quotient of 12; a small student learns it far sooner than the
    table read backwards. Of a longer division each line begins with what is to be divided next: the rest of the
    line before with the next digit.
    """
    if dividend // divisor <= _COUNTED:
        counted = (f"{times}:{divisor * times}" for times in range(1, dividend // divisor + 1))
        return [f"{dividend}/{divisor};{' '.join(counted)}" if dividend else f"0/{divisor}=0"]
    rest, lines = 0, list[str]()
    for digit in str(dividend):
        now = 10 * rest + int(digit)
        if now < divisor and not lines:
            rest = now
            continue
        times = now // divisor
        rest = now - times * divisor
        lines.append(f"{now}:{divisor}*{times}={divisor * times};{now}-{divisor * times}={rest}")
    return lines


def _places(number: int) -> list[int]:
    """The parts that a number is made of: 74 is 70 and 4."""
    digits = str(number)
    return [int(digit) * 10 ** (len(digits) - 1 - place) for place, digit in enumerate(digits) if digit != "0"]


def _product_check(factors: Sequence[int], value: int) -> str:
    if value == 0:
        return f"{'*'.join(map(str, reversed(factors)))}=0"
    return f"{value}{''.join(f'/{factor}' for factor in reversed(factors[1:]))}={factors[0]}"
