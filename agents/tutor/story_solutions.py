"""Short stories with numbers: what is told, sentence by sentence, and what has to be calculated.

A story is read only where every sentence is of a kind that is known, since one that is half understood would be
answered wrongly.
"""

import re
from collections.abc import Callable

from ioa.agents.tutor.products import division_steps
from ioa.agents.tutor.working import Operation, Worked, difference_uses, product_uses, sum_uses

_N = r"(\d+)"
_THEN = r"(?:Then |After lunch )?"
_HAS = rf"\w+ has {_N} \w+\."
_START = (
    rf"(?:(?:In the morning )?\w+ (?:has|starts the day with|counts) {_N} \w+(?: at home)?"
    rf"|There are {_N} \w+ in \w+'s \w+)\."
)
_GAIN = (
    rf"{_THEN}\w+ (?:buys|finds|wins|gets|gives h\w\w|brings h\w\w) (?:another {_N}|{_N} more)"
    r"(?: in a game| from \w+)?\."
)
_LOSS = (
    rf"{_THEN}(?:\w+ (?:gives|gives away|loses|takes|sells) {_N}(?: of them)?(?: to \w+| at the market)?"
    rf"|{_N} of them are missing)\."
)
_NOW = r"How many \w+ (?:does \w+ have now|does \w+ have left|are there now|is that now|are left)\?"
_GROUPS = (
    rf"\w+ (?:has|fills|buys) {_N} \w+"
    rf"(?:, and each holds {_N} \w+| with {_N} \w+ in each| with {_N} \w+ each| of {_N} \w+)\."
)
_ALL = r"How many \w+ (?:is that in all|are there in all|does \w+ have altogether)\?"
_DEALT = (
    rf"\w+ (?:shares|packs|puts) {_N} \w+ (?:equally among|into) {_N} (?:equal )?\w+(?:, the same number in each)?\."
)
_SHARING = rf"{_N} children share {_N} \w+ equally\."
_EACH = r"How many \w+ (?:does each \w+ get|are in each \w+)\?"
_BOTH = r"How many \w+ do (?:they|the two|\w+ and \w+) have (?:together|in all)\?"
_PRICE = rf"(?:One \w+ costs|Each \w+ costs|The price of one \w+ is) {_N} dollars\."
_TAKES = rf"\w+ (?:buys|takes) {_N}(?: of them)?\."
_NOTE = (
    rf"\w+ (?:buys|takes|wants) {_N}(?: of them)? and (?:pays with|gives the seller|hands over) a {_N} dollar note\."
)
_PAYS = r"How (?:much|many dollars) does \w+ pay(?: in all)?\?"
_BACK = r"(?:How much change does \w+ get|How many dollars does \w+ get back|What is \w+'s change)\?"
_PRICES = rf"One \w+ (?:costs|is) {_N} dollars(?: and|,) one \w+ (?:is )?{_N} dollars\."
_TAKES_BOTH = rf"\w+ (?:buys|takes) {_N} \w+ and {_N} \w+\."
_WHOLE = rf"(?:(?:A )?\w+ has {_N} \w+|There are {_N} \w+ in a \w+|{_N} children are in a \w+)\."
_PART = rf"(?:\w+ (?:sells|spends|takes) {_N}% of (?:it|them)|{_N}% of them (?:are )?\w+)\."
_OF_PART = r"How many \w+ (?:are (?!not|left)\w+|does \w+ (?:sell|spend|take)|sing)\?"
_OF_REST = r"How (?:many (?:\w+ )?(?:are not \w+|are left|do not sing)|much is left)\?"


def tell_story(problem: str) -> Worked | None:
    """Solve a story all of whose sentences are known; none for any other."""
    text = " ".join(problem.split())
    for pattern, tell in _STORIES:
        found = pattern.fullmatch(text)
        if found:
            return tell(*(int(number) for number in found.groups() if number is not None))
    return None


def _gain(a: int, b: int) -> Worked:
    return _worked(Operation.CHANGE, (a, b), [f"{a}+{b}={a + b}"], a + b, f"{a + b}-{b}={a}", sum_uses(a, b))


def _loss(a: int, b: int) -> Worked | None:
    left = a - b
    return _worked(Operation.CHANGE, (a, b), [f"{a}-{b}={left}"], left, f"{left}+{b}={a}", difference_uses(a, b))


def _groups(count: int, size: int) -> Worked:
    whole, uses = count * size, product_uses(count, size)
    check = f"{whole}/{count}={size}"
    return _worked(Operation.GROUPS, (count, size), [f"{count}*{size}={whole}"], whole, check, uses)


def _divide_equally(whole: int, count: int) -> Worked | None:
    if count == 0 or whole % count:
        return None
    size, steps = whole // count, division_steps(whole, count)
    uses = {Operation.DIVISION, Operation.TABLE}
    return _worked(Operation.GROUPS, (whole, count), steps, size, f"{size}*{count}={whole}", uses)


def _groups_gain(count: int, size: int, more: int) -> Worked:
    whole = count * size
    return _worked(
        Operation.CHANGED_GROUPS,
        (count, size, more),
        [f"{count}*{size}={whole}", f"{whole}+{more}={whole + more}"],
        whole + more,
        f"{whole + more}-{more}={count}*{size}",
        {Operation.GROUPS, Operation.CHANGE} | product_uses(count, size) | sum_uses(whole, more),
    )


def _groups_loss(count: int, size: int, fewer: int) -> Worked | None:
    whole = count * size
    return _worked(
        Operation.CHANGED_GROUPS,
        (count, size, fewer),
        [f"{count}*{size}={whole}", f"{whole}-{fewer}={whole - fewer}"],
        whole - fewer,
        f"{whole - fewer}+{fewer}={count}*{size}",
        {Operation.GROUPS, Operation.CHANGE} | product_uses(count, size) | difference_uses(whole, fewer),
    )


def _compared(first: int, other: int, by: int, line: str, uses: set[Operation]) -> Worked | None:
    if other < 0:
        return None
    both = first + other
    return _worked(
        Operation.COMPARISON,
        (first, by),
        [f"other:{line}={other}", f"together:{first}+{other}={both}"],
        both,
        f"{both}-{first}={line}",
        uses | sum_uses(first, other),
    )


def _more(first: int, by: int) -> Worked | None:
    return _compared(first, first + by, by, f"{first}+{by}", {Operation.CHANGE} | sum_uses(first, by))


def _fewer(first: int, by: int) -> Worked | None:
    return _compared(first, first - by, by, f"{first}-{by}", {Operation.CHANGE} | difference_uses(first, by))


def _times(first: int, by: int) -> Worked | None:
    return _compared(first, first * by, by, f"{first}*{by}", {Operation.GROUPS} | product_uses(first, by))


def _cost(price: int, count: int) -> Worked:
    cost, uses = count * price, {Operation.GROUPS} | product_uses(count, price)
    return _worked(
        Operation.PRICES, (price, count), [f"cost:{count}*{price}={cost}"], cost, f"{cost}/{count}={price}", uses
    )


def _note(price: int, count: int, note: int) -> Worked | None:
    cost = count * price
    return _worked(
        Operation.PRICES,
        (price, count, note),
        [f"cost:{count}*{price}={cost}", f"change:{note}-{cost}={note - cost}"],
        note - cost,
        f"{note - cost}+{cost}={note}",
        {Operation.GROUPS, Operation.CHANGE} | product_uses(count, price) | difference_uses(note, cost),
    )


def _two_prices(price: int, other_price: int, count: int, other_count: int) -> Worked:
    cost, other = count * price, other_count * other_price
    return _worked(
        Operation.PRICES,
        (price, other_price, count, other_count),
        [
            f"cost:{count}*{price}={cost}",
            f"other:{other_count}*{other_price}={other}",
            f"together:{cost}+{other}={cost + other}",
        ],
        cost + other,
        f"{cost + other}-{other}={count}*{price}",
        {Operation.GROUPS}
        | product_uses(count, price)
        | product_uses(other_count, other_price)
        | sum_uses(cost, other),
    )


def _part(whole: int, percent: int) -> tuple[list[str], int] | None:
    """The lines of a percentage of a number, and its value; none where it is not whole or not so calculated."""
    times, unit = (1, percent) if percent and 100 % percent == 0 else (percent // 10, 10)
    parts = 100 // unit
    if whole % parts or times * unit != percent:
        return None
    value = whole // parts
    lines = [f"{unit}%:{whole}/{parts}={value}"]
    if times > 1:
        lines.append(f"{percent}%:{value}*{times}={value * times}")
    return lines, value * times


def _percent(whole: int, percent: int) -> Worked | None:
    found = _part(whole, percent)
    if found is None:
        return None
    lines, value = found
    check, uses = f"{value}*100={whole}*{percent}", {Operation.GROUPS, Operation.DIVISION}
    return _worked(Operation.PERCENTAGE, (whole, percent), lines, value, check, uses)


def _percent_rest(whole: int, percent: int) -> Worked | None:
    found = _part(whole, percent)
    if found is None:
        return None
    lines, value = found
    return _worked(
        Operation.PERCENTAGE,
        (whole, percent),
        [*lines, f"left:{whole}-{value}={whole - value}"],
        whole - value,
        f"{whole - value}+{value}={whole}",
        {Operation.GROUPS, Operation.CHANGE, Operation.DIVISION} | difference_uses(whole, value),
    )


def _worked(
    head: Operation, numbers: tuple[int, ...], steps: list[str], answer: int, check: str, uses: set[Operation]
) -> Worked:
    return Worked(head, tuple(map(str, numbers)), tuple(steps), str(answer), check, frozenset(uses))


_STORIES: tuple[tuple[re.Pattern[str], Callable[..., Worked | None]], ...] = tuple(
    (re.compile(" ".join(sentences)), tell)
    for *sentences, tell in (
        (_START, _GAIN, _NOW, _gain),
        (_START, _LOSS, _NOW, _loss),
        (_GROUPS, _ALL, _groups),
        (_DEALT, _EACH, _divide_equally),
        (_SHARING, _EACH, lambda count, whole: _divide_equally(whole, count)),
        (_GROUPS, _GAIN, _NOW, _groups_gain),
        (_GROUPS, _LOSS, _NOW, _groups_loss),
        (_HAS, rf"\w+ (?:has|owns) {_N} more than (?:that|\w+|s?he does)\.", _BOTH, _more),
        (_HAS, rf"\w+ (?:has|owns) {_N} fewer than (?:that|\w+|s?he does)\.", _BOTH, _fewer),
        (_HAS, rf"\w+ (?:has|owns) {_N} times as many(?: as \w+)?\.", _BOTH, _times),
        (_PRICE, _TAKES, _PAYS, _cost),
        (_PRICE, _NOTE, _BACK, _note),
        (_PRICES, _TAKES_BOTH, _PAYS, _two_prices),
        (_WHOLE, _PART, _OF_PART, _percent),
        (_WHOLE, _PART, _OF_REST, _percent_rest),
    )
)
