"""The exact value of an expression that was found in a text, with its units and with how far it may be rounded.

No expression is executed: it is parsed here, with bounds on depth and size, so that `9**9**9` has no value instead of
taking all memory.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from ioa.agents.arithmetic_tokens import Kind, Token

MOST_BITS = 4_096
"""Size of a numerator or a denominator from which on a value is none."""
_DEEPEST, _LARGEST_POWER, _LARGEST_FACTORIAL = 40, 64, 60
_ROOT_DIGITS = 40
"""Decimals to which a root that is no fraction is calculated."""
_NAMES_OF_FAMILIES = """
    s sec secs second seconds min mins minute minutes h hr hrs hour hours d day days week weeks month months year years
    mm cm dm m km inch inches ft foot feet yard yards yd mi mile miles meter meters metre metres
    mg g kg t gram grams kilogram kilograms oz ounce ounces lb lbs pound pounds ton tons tonnes
    ml cl dl l liter liters litre litres cup cups pint pints quart quarts gallon gallons
    usd eur gbp yen inr dollar dollars cent cents penny pennies nickel nickels dime dimes euro euros quarter quarters ct
"""
FAMILIES = tuple(frozenset(line.split()) for line in _NAMES_OF_FAMILIES.strip().splitlines())
"""Units that are converted into one another."""
_NAMES_OF_MANY = """
    tens ten hundred hundreds thousand thousands million millions billion billions trillion dozen dozens score gross k
    mio tenth tenths hundredth hundredths thousandth thousandths half halves third thirds fourth fourths fifth fifths
    sixth sixths eighth eighths ninth ninths twelfths ones
"""
_MANY = frozenset(_NAMES_OF_MANY.split())
"""Words behind a number that multiply or divide it; nothing is calculated with them."""
_KNOWN = frozenset().union(*FAMILIES) | frozenset({"km/h", "mph", "m/s"})


class UnreadableError(Exception):
    """This is no arithmetic, or more than is calculated here."""


class Reading(NamedTuple):
    """How what has several readings is read."""

    percent_as_share: bool = True
    """`20%` is 0.2, not 20."""
    fraction_first: bool = False
    """In `8 / 1/2` the fraction is one number."""
    factor_first: bool = False
    """In `6/2(1+2)` the product comes first."""
    factorial: bool = True
    """`5!` at the end is 120, not a 5 that is called out."""
    coarse: bool = False
    """Whole numbers may be rounded too, `600` to hundreds: they stand beside a sign of approximation."""


@dataclass(frozen=True)
class Value:
    """What an expression comes to."""

    number: Fraction
    slack: Fraction = Fraction(0)
    """How far the number lies at most from what was meant, if each number in it is a rounded one."""
    divided: bool = False
    """A product, a quotient, a power or a root is in it, so that it may have to be rounded."""
    units: frozenset[str] = frozenset()
    decimals: int | None = None
    """Of a single number, as it is written; none of an expression."""
    percent: bool = False

    @property
    def unit_of_last_place(self) -> Fraction:
        """What one in the last place of a single number is worth."""
        places = (self.decimals or 0) + (2 if self.percent and abs(self.number) <= 2 else 0)
        return Fraction(1, 10**places)

    @property
    def terminates(self) -> bool:
        """Whether it can be written as a decimal."""
        rest = self.number.denominator
        for prime in (2, 5):
            while rest % prime == 0:
                rest //= prime
        return rest == 1


def readings(tokens: Sequence[Token], *, coarse: bool) -> Iterator[Value]:
    """The values of an expression in each of its readings, the usual one first; none where it cannot be read."""
    texts = [token.text for token in tokens]
    for share, fraction, factor, factorial in product(
        (True, False) if "%" in texts else (True,),
        (False, True) if texts.count("/") > 1 else (False,),
        (False, True) if "/" in texts and "(" in texts else (False,),
        (True, False) if texts[-1:] == ["!"] else (True,),
    ):
        try:
            yield _Parser(tokens, Reading(share, fraction, factor, factorial, coarse)).value()
        except UnreadableError:
            continue


def is_variable(unit: str) -> bool:
    """Whether what stands behind a number may be an unknown: `2x`, `3 n`, `5ab`."""
    return unit.startswith("tight ") or (len(unit.partition("^")[0]) == 1 and unit != "%")


class _Parser:
    """Reads one expression; see `readings`."""

    def __init__(self, tokens: Sequence[Token], reading: Reading) -> None:
        self._tokens = tokens
        self._reading = reading
        self._place = 0
        self._depth = 0

    def value(self) -> Value:
        value = self._sum()
        if self._place < len(self._tokens):
            raise UnreadableError
        return value

    def _next(self, offset: int = 0) -> Token | None:
        place = self._place + offset
        return self._tokens[place] if place < len(self._tokens) else None

    def _take(self, *texts: str) -> str:
        """The next token's text if it is one of these, which is then behind us; else the empty text."""
        token = self._next()
        if token is None or token.text not in texts:
            return ""
        self._place += 1
        return token.text

    def _sum(self) -> Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableError
        value = self._term()
        while sign := self._take("+", "-"):
            value = _added(value, self._term(), -1 if sign == "-" else 1)
        self._depth -= 1
        return value

    def _term(self) -> Value:
        value = self._factor()
        while True:
            if self._is_part_of():
                self._place += 1
                value = _multiplied(value, self._factor())
            elif sign := self._take("*", "/", "//", "%", "mod"):
                value = _BY_SIGN[sign](value, self._fraction() if sign == "/" else self._factor())
            elif self._is_implicit():
                value = _multiplied(value, self._factor())
            else:
                return value

    def _is_implicit(self) -> bool:
        token = self._next()
        return token is not None and token.kind is Kind.OPEN

    def _is_part_of(self) -> bool:
        """`of` behind a percentage or a fraction."""
        token, before = self._next(), self._next(-1)
        return token is not None and token.text.casefold() == "of" and before is not None

    def _fraction(self) -> Value:
        """A divisor: a factor, or a fraction or product that is read first."""
        value = self._factor()
        if self._reading.factor_first and self._is_implicit():
            return _multiplied(value, self._factor())
        one, stroke, other = self._next(-1), self._next(), self._next(1)
        if not self._reading.fraction_first or one is None or stroke is None or other is None:
            return value
        if stroke.text == "/" and one.end == stroke.start and other.start == stroke.end:
            self._place += 1
            return _divided(value, self._factor())
        return value

    def _factor(self) -> Value:
        signs = 1
        for _ in range(len(self._tokens)):
            sign = self._take("-", "+")
            if not sign:
                break
            signs = -signs if sign == "-" else signs
        value = self._atom()
        if self._take("^"):
            value = _power(value, self._exponent())
        return replace(value, number=signs * value.number)

    def _exponent(self) -> Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableError
        value = self._factor()
        self._depth -= 1
        return value

    def _atom(self) -> Value:
        token = self._next()
        if token is None:
            raise UnreadableError
        self._place += 1
        if token.text == "√":
            self._depth += 1
            if self._depth > _DEEPEST:
                raise UnreadableError
            return _root(self._atom())
        if token.kind is Kind.OPEN:
            value = replace(self._sum(), decimals=None)
            closed = self._next()
            if closed is None or closed.kind is not Kind.CLOSE:
                raise UnreadableError
            self._place += 1
        elif token.kind is Kind.NUMBER:
            value = self._number(token)
        else:
            raise UnreadableError
        return self._with_units(self._behind(value))

    def _number(self, token: Token) -> Value:
        unit = Fraction(1, 10**token.decimals)
        if self._reading.coarse and token.decimals == 0 and token.value.denominator == 1:
            digits = str(token.value.numerator)
            unit = Fraction(10 ** (len(digits) - len(digits.rstrip("0"))) if token.value else 1)
        slack = unit / 2 if token.decimals or self._reading.coarse else Fraction(0)
        whole = token.value.denominator == 1 or token.decimals > 0
        return Value(token.value, slack, divided=not whole, decimals=token.decimals if whole else None)

    def _behind(self, value: Value) -> Value:
        """With a percent sign or a factorial's that stands there."""
        if self._is_percent():
            self._place += 1
            scale = Fraction(1, 100) if self._reading.percent_as_share else Fraction(1)
            value = replace(value, number=value.number * scale, slack=value.slack * scale, percent=True)
            return replace(value, units=frozenset({"%"}))
        if self._take("!") and (self._place < len(self._tokens) or self._reading.factorial):
            if value.number.denominator != 1 or not 0 <= value.number <= _LARGEST_FACTORIAL:
                raise UnreadableError
            return Value(Fraction(math.factorial(int(value.number))))
        return value

    def _is_percent(self) -> bool:
        """Whether a percent sign stands there, and no remainder's: behind that stands a number."""
        token, after = self._next(), self._next(1)
        if token is None or token.text != "%":
            return False
        return after is None or not (after.kind in {Kind.NUMBER, Kind.OPEN} or after.text == "√")

    def _with_units(self, value: Value) -> Value:
        words: list[str] = []
        while (token := self._next()) is not None and token.kind is Kind.WORD and token.text.casefold() != "of":
            before = self._next(-1)
            word = token.text.casefold()
            known = (word in _KNOWN and len(word) > 1) or "/" in word
            tight = before is not None and before.end == token.start and not known
            if word in _MANY and not words:
                raise UnreadableError
            words.append(f"tight {word}" if tight else word)
            self._place += 1
        return replace(value, units=value.units.union(words)) if words else value


def _bounded(value: Value) -> Value:
    if max(value.number.numerator.bit_length(), value.number.denominator.bit_length()) > MOST_BITS:
        raise UnreadableError
    return value


def _added(one: Value, other: Value, sign: int) -> Value:
    if one.units != other.units and _mixes(one.units, other.units):
        raise UnreadableError
    number = one.number + sign * other.number
    divided = one.divided or other.divided
    return _bounded(Value(number, one.slack + other.slack, divided, one.units | other.units))


def _mixes(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether the two are not simply added: `2 h + 30 min`, `2x + 3`, `50 + 20%`."""
    if "%" in one | other or any(map(is_variable, one ^ other)):
        return True
    return any(family & one and family & other for family in FAMILIES)


def _multiplied(one: Value, other: Value) -> Value:
    slack = abs(one.number) * other.slack + abs(other.number) * one.slack + one.slack * other.slack
    return _bounded(Value(one.number * other.number, slack, True, (one.units | other.units) - {"%"}))


def _divided(one: Value, other: Value) -> Value:
    least = abs(other.number) - other.slack
    if other.number == 0 or least <= 0:
        raise UnreadableError
    slack = (abs(one.number) * other.slack + abs(other.number) * one.slack) / (abs(other.number) * least)
    return _bounded(Value(one.number / other.number, slack, True, (one.units | other.units) - {"%"}))


def _floored(one: Value, other: Value) -> Value:
    if other.number == 0:
        raise UnreadableError
    return Value(Fraction(one.number // other.number))


def _remainder(one: Value, other: Value) -> Value:
    if other.number == 0:
        raise UnreadableError
    return Value(one.number % other.number)


_BY_SIGN = {"*": _multiplied, "/": _divided, "//": _floored, "%": _remainder, "mod": _remainder}


def _power(base: Value, exponent: Value) -> Value:
    number = exponent.number
    size = max(base.number.numerator.bit_length(), base.number.denominator.bit_length())
    if number.denominator != 1 or abs(number) > _LARGEST_POWER or size * abs(number) > MOST_BITS:
        raise UnreadableError
    if base.number == 0 and number < 0:
        raise UnreadableError
    times = int(number)
    slack = abs(times) * abs(base.number) ** (times - 1) * base.slack if base.slack else Fraction(0)
    return Value(base.number**times, slack, True, base.units)


def _root(value: Value) -> Value:
    number = value.number
    if number < 0:
        raise UnreadableError
    scale = 10**_ROOT_DIGITS
    over, under = (math.isqrt(part) for part in (number.numerator, number.denominator))
    if (over * over, under * under) == (number.numerator, number.denominator):
        return Value(Fraction(over, under), divided=True, units=value.units)
    near = Fraction(math.isqrt(number.numerator * scale * scale // number.denominator), scale)
    # The root lies between two multiples of 1/scale; a third added makes the value one that does not terminate.
    return Value(near + Fraction(1, 3 * scale), Fraction(1, scale), divided=True, units=value.units)
