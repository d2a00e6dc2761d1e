"""What can be checked of a lesson's steps without asking anybody: the equations that they state."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from ioa.agents.arithmetic_tokens import Kind, plain_line, tokens_of
from ioa.agents.arithmetic_values import FAMILIES, Value, is_variable, readings
from ioa.agents.stated_sides import Side, Sides

_BULLET = re.compile(r"^\s*[-*•+]\s+(?=\S)")
_WORTH_READING = re.compile(r"[=≈≅≃~\u223c\\]|\b(?:equals?|is|gives|makes)\b")
_CONTRADICTION = re.compile(r"\b(?:contradict\w*|no\s+solutions?|inconsistent|absurd|impossible)\b", re.IGNORECASE)
_SAID_FALSE_BEFORE = re.compile(
    r"(?:\b(?:not|never|if|whether|suppose|assume|guess)|n['\u2019]t)(?:\s+(?:that|to|write|say|think|claim|put)){0,3}\W*\Z"
    r"|\b(?:wrong\w*|incorrect\w*|false\w*|mistak\w*|instead|rather|whether|error)\b(?:\W+\w+){0,3}\W*\Z",
    re.IGNORECASE,
)
_SAID_FALSE_BEHIND = re.compile(
    r"\s*(?:\?|[✗✘❌]|[,;(]?\s*(?:which\s+)?(?:(?:is|are|would\s+be|was)\s+)?(?:(?!not\b)\w+\s+)?"
    r"(?:wrong|false|incorrect|untrue|impossible|not\s+(?:true|right|correct|so|possible|equal)|an?\s+(?:\w+\s+)?(?:mistake|error))"
    r"|\(?(?:in\s+)?(?:base\s+\d|binary|octal|hex))",
    re.IGNORECASE,
)
_REMAINDER = re.compile(
    r"\s*(\d{1,300})\s*(?:,|and|with)?\s*(?:an?\s+|the\s+)?(?:remainder|rem\b\.?|r|rest)\s*(?:of|is|:)?\s*(\d{1,300})(?!\w)"
    r"|\s*(\d{1,300})(?:\s+[^\W\d]+)?\s*(?:,|and|with)\s*(\d{1,300})(?:\s+[^\W\d]+)?\s+(?:left|remain\w*|over)\b",
    re.IGNORECASE,
)
_HAS_REST = re.compile(r"\b(?:remain\w*|left|over|rest|full|whole|complete\w*)\b|\band\s+\(?\d", re.IGNORECASE)
_MODULUS = re.compile(r"\s*\(?\s*mod\s+(\d{1,300})", re.IGNORECASE)
_ONE_WAY = re.compile(r"\b(?:round\w*\s+(?:it\s+)?(?:up|down)|truncat\w*|ceil\w*|floor\w*|cut\s+off)", re.IGNORECASE)
_ROUNDED = re.compile(r"\b(?:round\w*|approx\w*|nearest|about|estimat\w*)", re.IGNORECASE)
_PROPORTION = re.compile(
    r"(?<![\d:.+*/-])(?<![+*/-]\s)(\d{1,9})\s?:\s?(\d{1,9})\s?=\s?(\d{1,9})\s?:\s?(\d{1,9})(?![\d:.]|\s?[-+*/×])"
)
_CONVERTS = frozenset({4, 7, 10, 12, 16, 20, 24, 25, 36, 52, 60, 100, 365, 1000, 3600, 5280})
"""What one unit may be of another of its family."""
_NEAR = 80
"""Characters beside an equation that are read for what is said of it."""


def false_step(steps: Sequence[str]) -> str:
    """The first step that states an equation between numbers which does not hold; empty when there is none.

    The equations are found in prose too: `We get 5 + 7 = 13`. A step may chain them (`46-9*5=46-45=1`), name a place
    (`tens: 3+4=7`) or begin with a connector. Only sides that are wholly arithmetic are compared, since `half of 10 =
    5` and `2x + 3 = 11` are true or unknown. A rounding passes if it is one at the precision shown: 3.33 for 10/3,
    but neither 3.34 nor 3.32. What is said to be wrong, or asked, is not stated.
    """
    return next((step for step in steps if any(map(_states_what_is_false, step.splitlines()))), "")


def _states_what_is_false(line: str) -> bool:
    if not _WORTH_READING.search(line) or not re.search(r"\d", line):
        return False
    if _CONTRADICTION.search(line):
        return False
    plain = plain_line(line)
    # `- 12 + 5` may be a point of a list or a number with its sign.
    return all(map(_is_false, {plain, _BULLET.sub("", plain)}))


def _is_false(plain: str) -> bool:
    if any(_is_false_proportion(*found.groups()) for found in _PROPORTION.finditer(plain)):
        return True
    tokens = tokens_of(plain)
    sides = Sides(tokens)
    carried: Side | None = None
    for place, token in enumerate(tokens):
        if token.kind in {Kind.BREAK, Kind.RELATION}:
            carried = None
        if token.kind not in {Kind.EQUAL, Kind.ABOUT, Kind.IS}:
            continue
        weak = token.kind is Kind.IS
        left, right = sides.left(place, plain=weak), sides.right(place + 1, plain=weak)
        if weak and (left is None or left.is_single or _is_fraction(left)):
            carried = None
            continue
        left = left or carried
        carried = left if right is None and not weak else None
        if left is not None and not _is_said_false(plain, left, right):
            checked = _remainder_holds(left, plain[token.end : token.end + _NEAR])
            for other in _as_written(right) if checked is None else ():
                checked = checked or _holds(plain, left, other, about=token.kind is Kind.ABOUT)
            if checked is False:
                return True
    return False


def _is_false_proportion(*numbers: str) -> bool:
    """Whether 3:4 = 6:9 is meant and false; 3:30 = 15:30 may be two times of day."""
    one, other, third, fourth = map(int, numbers)
    clock = all(len(number) == 2 for number in numbers[1::2])
    return not clock and one * fourth != other * third


def _as_written(side: Side | None) -> Iterator[Side]:
    """A right side; and what of it stands before an `of`: 45/300 = 15% of what there is."""
    if side is not None:
        yield side
        part = next((place for place, token in enumerate(side.tokens) if token.text == "of"), 0)
        if part:
            yield Side(side.tokens[:part])


def _is_fraction(side: Side) -> bool:
    """`3/8`, which `is equal to $375` makes a share of something."""
    return [token.text for token in side.tokens if token.kind is Kind.OPERATOR] == ["/"] and (
        side.tokens[0].end == side.tokens[1].start
    )


def _is_said_false(line: str, left: Side, right: Side | None) -> bool:
    before = re.split(r"[.;?!](?=\s)", line[max(0, left.start - _NEAR) : left.start])[-1]
    if _SAID_FALSE_BEFORE.search(before):
        return True
    return right is not None and _SAID_FALSE_BEHIND.match(line, right.end, right.end + _NEAR) is not None


def _remainder_holds(left: Side, behind: str) -> bool | None:
    """Whether a division with a remainder is right; none where none is stated."""
    found = _REMAINDER.match(behind)
    division = _division(left)
    if found is None or division is None:
        return None
    whole, rest = (int(number) for number in found.groups() if number is not None)
    dividend, divisor = division
    return dividend == whole * divisor + rest and rest < divisor


def _division(side: Side) -> tuple[int, int] | None:
    """Dividend and divisor of a side that is one division of whole numbers."""
    numbers = [token.value for token in side.tokens if token.kind is Kind.NUMBER]
    signs = [token.text for token in side.tokens if token.kind is Kind.OPERATOR]
    if signs != ["/"] or len(numbers) != 2 or any(number.denominator != 1 for number in numbers) or not numbers[1]:
        return None
    return int(numbers[0]), int(numbers[1])


def _holds(line: str, left: Side, right: Side, *, about: bool) -> bool:
    """Whether two neighbouring sides are equal in some reading, or cannot be compared."""
    behind = re.split(r"[.;](?=\s|\Z)", line[right.end : right.end + _NEAR])[0]
    about = about or _ROUNDED.search(behind) is not None
    ones, others = list(readings(left.tokens, coarse=about)), list(readings(right.tokens, coarse=about))
    if not ones or not others or not _is_comparable(line, left, right, ones[0], others[0]):
        return True
    modulus = _MODULUS.match(behind)
    cut = behind.lstrip().startswith(("..", "…")) or _ONE_WAY.search(behind) is not None
    pairs = [(one, other) for one in ones for other in others]
    if any(_agree(one, other, about=about, cut=cut) for one, other in pairs):
        return True
    if modulus:
        return _same_residue(ones[0].number, others[0].number, int(modulus.group(1)))
    return _is_whole_quotient(left, others[0], line[right.end : right.end + _NEAR])


def _is_whole_quotient(left: Side, quotient: Value, behind: str) -> bool:
    """`17 / 5 = 3, and 2 are left`."""
    division = _division(left)
    return division is not None and quotient.number == division[0] // division[1] and bool(_HAS_REST.search(behind))


def _same_residue(one: Fraction, other: Fraction, modulus: int) -> bool:
    return modulus > 0 and ((one - other) / modulus).denominator == 1


def _agree(one: Value, other: Value, *, about: bool, cut: bool) -> bool:
    if one.number == other.number:
        return True
    apart = abs(one.number - other.number)
    if about and apart <= (max(one.slack, other.slack) if one.decimals is not None else other.slack):
        return True
    for exact, shown in ((one, other), (other, one)):
        if shown.decimals is None:
            # A sum of rounded numbers stands for what has no end as a decimal: 2/3 + 1/6 = 0.67 + 0.17.
            if not exact.terminates and apart <= shown.slack:
                return True
            continue
        unit = shown.unit_of_last_place
        if cut and apart < unit:
            return True
        rounds = shown.decimals > 0 or shown.percent or about
        if rounds and (exact.divided or (exact.decimals or 0) > 2) and _is_rounding(exact.number, shown.number, unit):
            return True
    return False


def _is_rounding(exact: Fraction, shown: Fraction, unit: Fraction) -> bool:
    """Whether a number is another one rounded to a unit; a half goes away from zero or to the even digit."""
    apart = abs(exact - shown)
    return apart < unit / 2 or (apart == unit / 2 and (abs(shown) > abs(exact) or shown / unit % 2 == 0))


def _is_comparable(line: str, left: Side, right: Side, one: Value, other: Value) -> bool:
    """Whether two sides speak of the same thing: no ratio, no list, no unknown, no conversion of units."""
    if _is_ratio(line, left, right) or (left.is_single and re.match(r"\s*,\s*-?\d", line[right.end : right.end + 8])):
        return False
    if any(map(is_variable, one.units ^ other.units)) and any(unit[:6] == "tight " for unit in one.units ^ other.units):
        return False
    single_letters = {unit for unit in one.units ^ other.units if is_variable(unit)}
    if single_letters and not single_letters <= _LETTER_UNITS:
        return False
    if left.is_single and one.decimals == 0 and ("%" in one.units) != ("%" in other.units):
        return False
    units = one.units - {"%"}, other.units - {"%"}
    if units[0] != units[1] and left.is_single and (units[0] or right.is_single):
        return False
    rates = [{unit.partition("/")[0] for unit in own} for own in units]
    converted = any(rates[0] & family and rates[1] & family and rates[0] ^ rates[1] for family in FAMILIES)
    ratios = (one.number / other.number, other.number / one.number) if one.number and other.number else ()
    return not (converted and _CONVERTS.intersection(ratios))


_LETTER_UNITS = frozenset("mhsglt")


def _is_ratio(line: str, left: Side, right: Side) -> bool:
    """`1:2 = 0.5`, `3/4 = 3:4`."""
    before, behind = line[max(0, left.start - 4) : left.start], line[right.end : right.end + 3]
    if re.match(r"\s?:\s?\d", behind):
        return True
    return left.is_single and re.search(r"\d\s?:\s?\Z", before) is not None
