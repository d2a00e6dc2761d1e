"""Sums in columns and differences by place, of whole numbers and of decimals."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate, pairwise

from ioa.agents.tutor.working import Operation, Worked, without

_WHOLE = ("ones", "tens", "hundreds", "thousands", "ten thousands", "hundred thousands", "millions", "ten millions")
_BROKEN = ("tenths", "hundredths", "thousandths")
MOST_PLACES = len(_BROKEN)
"""Most decimal places that the tutor has names for."""


def add(terms: Sequence[int]) -> Worked | None:
    """Add whole numbers that are not negative; none where a number is too long for the columns' names."""
    total = sum(terms)
    if total >= 10 ** len(_WHOLE):
        return None
    if max(terms) <= 10:
        steps, head, uses = running_sum(terms), Operation.DIGIT_SUM, set()
    else:
        steps = column_sum(terms)
        head = Operation.CARRYING if len(terms) == 2 else Operation.MANY_TERMS
        uses = {Operation.DIGIT_SUM} if len(terms) == 2 else {Operation.DIGIT_SUM, Operation.CARRYING}
    rest = "".join(f"-{term}" for term in reversed(terms[1:]))
    return Worked(
        head=head,
        numbers=tuple(map(str, terms)),
        steps=tuple(steps),
        answer=str(total),
        check=f"{total}{rest}={terms[0]}",
        uses=frozenset(uses),
    )


def subtract(minuend: int, subtrahend: int) -> Worked | None:
    """Subtract whole numbers; a result below zero is the other difference with a minus sign."""
    if max(minuend, subtrahend) >= 10 ** len(_WHOLE):
        return None
    result = minuend - subtrahend
    large, small = max(minuend, subtrahend), min(minuend, subtrahend)
    turned = [] if result >= 0 else [f"{minuend}-{subtrahend}=-({large}-{small})"]
    return Worked(
        head=Operation.SUBTRACTION,
        numbers=(str(minuend), str(subtrahend)),
        steps=(*turned, *place_difference(large, small)),
        answer=str(result),
        check=f"{result}+{subtrahend}={minuend}",
        uses=frozenset({Operation.DIGIT_SUM}),
    )


def chain(terms: Sequence[int]) -> Worked:
    """Add signed whole numbers from left to right."""
    totals = list(accumulate(terms))
    steps = [f"{before}{term:+d}={after}" for before, term, after in zip(totals, terms[1:], totals[1:], strict=False)]
    back = "".join(f"{-term:+d}" for term in reversed(terms[1:]))
    return Worked(
        head=Operation.MANY_TERMS,
        numbers=tuple(str(abs(term)) for term in terms),
        steps=tuple(steps),
        answer=str(totals[-1]),
        check=f"{totals[-1]}{back}={terms[0]}",
        uses=frozenset({Operation.CARRYING, Operation.SUBTRACTION}),
    )


def decimal_columns(one: str, other: str, minus: bool) -> Worked | None:
    """Add or subtract two decimals; none where one has more places than there are names for."""
    places = max(len(text.partition(".")[2]) for text in (one, other))
    if places > MOST_PLACES:
        return None
    left, right = (int(Decimal(text).scaleb(places)) for text in (one, other))
    result = left - right if minus else left + right
    if max(left, right, result) >= 10 ** len(_WHOLE):
        return None

    large, small = max(left, right), min(left, right)
    if minus:
        turned = [] if result >= 0 else [f"{one}-{other}=-({_decimal(large, places)}-{_decimal(small, places)})"]
        steps = turned + place_difference(large, small, places)
        check = f"{_decimal(result, places)}+{other}={one}"
    else:
        steps = column_sum((left, right), places)
        check = f"{_decimal(result, places)}-{other}={one}"
    needed = Operation.SUBTRACTION if minus else Operation.CARRYING
    return Worked(
        head=Operation.DECIMALS,
        numbers=(one, other),
        steps=tuple(steps),
        answer=_decimal(result, places),
        check=check,
        uses=without(Operation.DECIMALS, {needed, Operation.DIGIT_SUM}),
    )


def running_sum(terms: Sequence[int]) -> list[str]:
    """Add small numbers one after the other, a line each."""
    totals = list(accumulate(terms))
    return [f"{before}+{term}={after}" for (before, after), term in zip(pairwise(totals), terms[1:], strict=True)] or [
        str(terms[0])
    ]


def column_sum(terms: Sequence[int], places: int = 0) -> list[str]:
    """The columns of a sum, right to left; each line ends with the result as far as it is known.

    Two numbers and a carry are added at once; of more, one at a time, so that each fact is a small one. The
    result so far saves the student from collecting digits across lines, which it gets wrong more often than
    the sums.
    """
    labels = _labels(places)
    columns = _columns(terms, places)
    carry, written, lines = 0, "", []
    for place, digits in enumerate(columns):
        column = [*digits, carry] if carry else digits
        value = sum(column)
        facts = f"{'+'.join(map(str, column))}={value}" if len(terms) == 2 else ";".join(running_sum(column))
        written = (str(value) if place == len(columns) - 1 else str(value % 10)) + written
        lines.append(f"{labels[place]}:{facts};{_pointed(written, places)}")
        carry = value // 10
    return lines


def place_difference(large: int, small: int, places: int = 0) -> list[str]:
    """Take a number off place by place, the highest first; below the first place by counting back.

    From `52-27`: `52-20=32`, then `32-7;1:31 2:30 3:29 4:28 5:27 6:26 7:25`, where each pair is how many have
    been taken off and what is left. A small student learns this far sooner than columns with borrowing, where
    it has to compare two digits before it knows what to do, and than the difference in one step.
    """
    first = len(str(large)) - 1
    rest, lines = large, []
    for place, digit in reversed(list(enumerate(_digits(small, 0)))):
        if digit == 0 < small:
            continue
        left = [_decimal(rest - times * 10**place, places) for times in range(digit + 1)]
        asked = f"{left[0]}-{_decimal(digit * 10**place, places)}"
        if place == first or digit == 0:
            lines.append(f"{asked}={left[-1]}")
        else:
            lines.append(f"{asked};{' '.join(f'{times}:{left[times]}' for times in range(1, digit + 1))}")
        rest -= digit * 10**place
    return lines


def _decimal(value: int, places: int) -> str:
    """A number counted in its last decimal place, as text."""
    return f"{Decimal(value).scaleb(-places):.{places}f}"


def _columns(terms: Sequence[int], places: int) -> list[list[int]]:
    """The digits of each column from the right, numbers filled up with zeros to the length of the longest."""
    rows = [_digits(term, places) for term in terms]
    width = max(map(len, rows))
    return [[row[place] if place < len(row) else 0 for row in rows] for place in range(width)]


def _pointed(digits: str, places: int) -> str:
    return f"{digits[:-places]}.{digits[-places:]}" if 0 < places < len(digits) else digits


def _digits(value: int, places: int) -> list[int]:
    """Digits from the right; a decimal has at least one before the point."""
    return [int(digit) for digit in reversed(str(value).zfill(places + 1))]


def _labels(places: int) -> list[str]:
    return [*reversed(_BROKEN[:places]), *_WHOLE]
