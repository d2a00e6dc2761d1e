"""Divisors, multiples and fractions."""

import math
from collections.abc import Sequence

from ioa.agents.tutor.working import Operation, Worked, difference_uses, product_uses, without

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)


_LISTED = 30
"""Up to here the divisors of a number are few enough to be known by heart."""


def common_divisor(numbers: Sequence[int]) -> Worked:
    """The greatest common divisor: of small numbers by their lists of divisors, else by Euclid's method."""
    value, steps, uses = numbers[0], list[str](), set[Operation]()
    for number in numbers[1:]:
        lines, value, used = shared_divisor(value, number)
        steps += lines
        uses |= used
    return Worked(
        head=Operation.COMMON_DIVISOR,
        numbers=tuple(map(str, numbers)),
        steps=tuple(steps),
        answer=str(value),
        check=";".join(f"{value}*{number // value}={number}" for number in numbers),
        uses=without(Operation.COMMON_DIVISOR, uses),
    )


def common_multiple(numbers: Sequence[int]) -> Worked:
    """The least common multiple: one number times what the other has beyond the common divisor."""
    value, steps, uses = numbers[0], list[str](), {Operation.COMMON_DIVISOR}
    for number in numbers[1:]:
        large, small = max(value, number), min(value, number)
        lines, divisor, used = shared_divisor(large, small)
        steps += lines
        uses |= used
        value = math.lcm(large, small)
        if divisor == small:
            continue
        if divisor > 1:
            steps.append(f"{small}/{divisor}={small // divisor}")
            uses.add(Operation.DIVISION)
        steps.append(f"{large}*{small // divisor}={value}")
        uses |= product_uses(large, small // divisor)
    return Worked(
        head=Operation.COMMON_MULTIPLE,
        numbers=tuple(map(str, numbers)),
        steps=tuple(steps),
        answer=str(value),
        check=";".join(f"{number}*{value // number}={value}" for number in numbers),
        uses=without(Operation.COMMON_MULTIPLE, uses),
    )


def lowest_terms(numerator: int, denominator: int) -> Worked | None:
    """Simplify a fraction by one prime after the other; none where no listed prime does it."""
    above, below, steps = numerator, denominator, list[str]()
    for prime in _PRIMES:
        while above % prime == 0 and below % prime == 0:
            steps.append(f"{above}/{prime}={above // prime};{below}/{prime}={below // prime}")
            above, below = above // prime, below // prime
    if math.gcd(above, below) > 1:
        return None
    factor = numerator // above
    return Worked(
        head=Operation.FRACTION,
        numbers=(str(numerator), str(denominator)),
        steps=tuple(steps) or ("no common factor",),
        answer=f"{above}/{below}",
        check=f"{above}*{factor}={numerator};{below}*{factor}={denominator}",
        uses=frozenset({Operation.DIVISION}) if steps else frozenset(),
    )


def shared_divisor(one: int, other: int) -> tuple[list[str], int, set[Operation]]:
    """The way that suits the numbers' size.

    Returns:
        (lines, greatest common divisor, methods used).
    """
    if max(one, other) > _LISTED:
        return euclid(one, other)
    lines, value = compare_divisors(one, other)
    return lines, value, {Operation.TABLE}


def compare_divisors(one: int, other: int) -> tuple[list[str], int]:
    """List the divisors of the larger number, then try those of the smaller one, the largest first.

    A small student learns lists of divisors by heart far sooner than the quotients of Euclid's method.

    Returns:
        (lines, greatest common divisor).
    """
    large, small = max(one, other), min(one, other)
    listed, candidates = divisors(large), divisors(small)[::-1]
    value = next(candidate for candidate in candidates if candidate in listed)
    tried = [f"{candidate} {'yes' if candidate == value else 'no'}" for candidate in candidates if candidate >= value]
    return [f"{large}: {' '.join(map(str, listed))}", f"{small}: {', '.join(tried)}"], value


def divisors(number: int) -> list[int]:
    """All divisors of a number, 1 and itself included, in rising order."""
    return [candidate for candidate in range(1, number + 1) if number % candidate == 0]


def euclid(one: int, other: int) -> tuple[list[str], int, set[Operation]]:
    """Euclid's method with the quotient written as a product.

    It ends with the product that comes out even (`17*2=34`), or as soon as the rest is 1.

    Returns:
        (lines, greatest common divisor, methods used).
    """
    large, small = max(one, other), min(one, other)
    lines, uses = list[str](), set[Operation]()
    while True:
        times, rest = divmod(large, small)
        if rest == 0 and (small > 1 or not lines):
            lines.append(f"{small}*{times}={large}")
            uses |= product_uses(small, times)
        if rest == 0:
            return lines, small, uses
        if times == 1:
            lines.append(f"{large}-{small}={rest}")
        else:
            lines.append(f"{small}*{times}={small * times};{large}-{small * times}={rest}")
            uses |= product_uses(small, times)
        uses |= difference_uses(large, small * times)
        large, small = small, rest
