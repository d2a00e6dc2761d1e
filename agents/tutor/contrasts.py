"""The wrong step beside the right one: what a remedial lesson says of the slip that it is to put right.

A contrast is one short line, `not 35:borrow`, behind the step at which the slip happens. It states no
false equation, since a student learns every line by heart.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from ioa.agents.tutor.analysis import Slip
from ioa.agents.tutor.vocabulary import METHODS
from ioa.agents.tutor.working import Operation, Worked
from ioa.memory.answer_equality import evaluate

_FACT = re.compile(r"(-?\d[-+*/().\d]*)=(-?\d+(?:\.\d+)?)(?![\d.+*/-])")
_COLUMN = re.compile(r"^\w+ ?\w*:.*=(\d+);[\d.]+$")
_TAKEN = re.compile(r"^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)(?=;|=\d)")
_PARTIAL_SUM = re.compile(r"^(\d+)\+(\d+)=(\d+)$")
_CONDITION = re.compile(r"^(?P<words>[^:]+): (?P<code>(?!.*\bfor )[^\n]*(?:==|!=|[<>]=?| in |startswith|endswith).*)$")
_SWAPPED = (
    (" % 2 == 0", " % 2 == 1"),
    (" % 2 == 1", " % 2 == 0"),
    (" == 0", " != 0"),
    (" != 0", " == 0"),
    (" not in ", " in "),
    (" in ", " not in "),
    (".startswith(", ".endswith("),
    (".endswith(", ".startswith("),
    (" >= ", " > "),
    (" <= ", " < "),
    (" > ", " >= "),
    (" < ", " <= "),
    (" == ", " != "),
)
"""What a condition is most easily taken for."""


class Contrast(NamedTuple):
    """A line about a slip, and how many of the steps stand before it."""

    place: int
    line: str


def contrast_slip(slip: Slip, worked: Worked, steps: Sequence[str]) -> Contrast | None:
    """The contrast for a slip in a solution; none where the slip cannot happen in it.

    Args:
        slip: What went wrong.
        worked: The solution.
        steps: Its lines as they are going to be written, in the terse form.
    """
    build = _BUILDERS.get(slip)
    return build(worked, steps) if build is not None and steps else None


def hardest_line(steps: Sequence[str]) -> int:
    """The place of the line on which a solution turns: where a carry arrives, where it is counted; else the last."""
    for place in range(1, len(steps)):
        if _carried(steps, place):
            return place
    counted = [place for place, step in enumerate(steps) if re.search(r";1:", step)]
    return counted[-1] if counted else len(steps) - 1


def _carried(steps: Sequence[str], place: int) -> int:
    """What the column before a place carries into it; 0 where these are no two columns."""
    before, here = _COLUMN.match(steps[place - 1]), _COLUMN.match(steps[place])
    return int(before.group(1)) // 10 if before and here else 0


def _carry(worked: Worked, steps: Sequence[str]) -> Contrast | None:
    for place in range(1, len(steps)):
        carried = _carried(steps, place)
        column = _COLUMN.match(steps[place])
        if carried and column:
            return Contrast(place + 1, f"not {int(column.group(1)) - carried}:carry {carried}")
    for place, step in enumerate(steps):
        line = _borrowed(step) if worked.head in _TAKING else _partial_carry(step)
        if line:
            return Contrast(place + 1, line)
    return None


_TAKING = {Operation.SUBTRACTION, Operation.DECIMALS}


def _borrowed(step: str) -> str:
    """The contrast in a line that takes a digit from a smaller one; empty in another."""
    found = _TAKEN.match(step)
    if found is None:
        return ""
    whole, taken = (Decimal(number) for number in found.groups())
    places = max(-int(number.as_tuple().exponent) for number in (whole, taken))
    units = (int(whole.scaleb(places)), int(taken.scaleb(places)))
    size = 10 ** (len(str(units[1])) - 1)
    if units[0] // size % 10 >= units[1] // size % 10:
        return ""
    return f"not {Decimal(units[0] - units[1] + 10 * size).scaleb(-places):.{places}f}:borrow"


def _partial_carry(step: str) -> str:
    """The contrast in a sum of two parts in which a column carries; empty in another."""
    found = _PARTIAL_SUM.match(step)
    if found is None:
        return ""
    one, other, total = map(int, found.groups())
    size = 10
    while size <= max(one, other):
        if one % size + other % size >= size:
            return f"not {total - size}:carry 1"
        size *= 10
    return ""


def _sign(worked: Worked, steps: Sequence[str]) -> Contrast | None:  # noqa: ARG001 - one form for all
    for place in range(len(steps) - 1, -1, -1):
        facts = _FACT.findall(steps[place])
        if facts and "-" in steps[place] and Decimal(facts[-1][1]):
            value = facts[-1][1]
            wrong = value[1:] if value.startswith("-") else f"-{value}"
            return Contrast(place + 1, f"not {wrong}:sign")
    return None


def _half_way(worked: Worked, steps: Sequence[str]) -> Contrast | None:
    reached = worked.passed[-1] if worked.passed else ""
    if "\n" in worked.answer or not reached:
        return None
    places = [place for place, step in enumerate(steps[:-1]) if re.search(rf"={re.escape(reached)}(?![\d.])", step)]
    return Contrast(places[-1] + 1, f"not {reached}:go on") if places else None


def _not_lowest(worked: Worked, steps: Sequence[str]) -> Contrast | None:
    given = "/".join(worked.numbers)
    if worked.head is not Operation.FRACTION or given == worked.answer:
        return None
    return Contrast(len(steps), f"not {given}:divide")


def _other_operation(sign: str) -> Callable[[Worked, Sequence[str]], Contrast | None]:
    def build(worked: Worked, steps: Sequence[str]) -> Contrast | None:
        if len(worked.numbers) < 2 or any(number.startswith("-") for number in worked.numbers):
            return None
        one, other = worked.numbers[:2]
        wrong = f"{one}{sign}{other}"
        written = any(wrong in step or f"{other}{sign}{one}" in step for step in steps)
        if written or str(evaluate(sign.join(worked.numbers))) == worked.answer:
            return None  # that is the right way, or a part of it
        return Contrast(0, f"not {wrong}:find {METHODS[worked.head].goal}")

    return build


def _off_by_one(worked: Worked, steps: Sequence[str]) -> Contrast | None:
    if not re.fullmatch(r"-?\d+", worked.answer):
        return None
    counts_back = worked.head is Operation.SUBTRACTION and ";1:" in steps[-1]
    return Contrast(len(steps), f"not {int(worked.answer) + (1 if counts_back else -1)}:one off")


def _one_part(worked: Worked, steps: Sequence[str]) -> Contrast | None:  # noqa: ARG001
    places = [place for place, step in enumerate(steps) if step.startswith("real:")]
    return Contrast(places[0] + 1, "not done:imaginary") if places else None


def _no_answer(worked: Worked, steps: Sequence[str]) -> Contrast | None:  # noqa: ARG001
    return Contrast(len(steps), "not done:answer")


def _false_step(worked: Worked, steps: Sequence[str]) -> Contrast | None:
    return Contrast(len(steps), f"check:{worked.check}") if not any("check:" in step for step in steps) else None


def _other(worked: Worked, steps: Sequence[str]) -> Contrast | None:  # noqa: ARG001
    return Contrast(0, "not a guess:step by step")


def _no_function(worked: Worked, steps: Sequence[str]) -> Contrast | None:  # noqa: ARG001
    return Contrast(0, "not a value: a def") if "\n" in worked.answer else None


def _unreadable(worked: Worked, steps: Sequence[str]) -> Contrast | None:
    return Contrast(len(steps), "not def alone: colon, return") if "\n" in worked.answer else None


def _other_name(worked: Worked, steps: Sequence[str]) -> Contrast | None:  # noqa: ARG001
    signature = worked.answer.partition("\n")[0].removeprefix("def ").rstrip(":")
    return Contrast(0, f"not another name: {signature}") if "\n" in worked.answer else None


def _condition(worked: Worked, steps: Sequence[str]) -> Contrast | None:  # noqa: ARG001
    for place, step in enumerate(steps):
        found = _CONDITION.match(step)
        for right, wrong in _SWAPPED if found else ():
            if found and right in found["code"]:
                return Contrast(place + 1, f"not {found['code'].replace(right, wrong, 1)}: {found['words']}")
    return None


def _result(worked: Worked, steps: Sequence[str]) -> Contrast | None:
    if "\n" not in worked.answer:
        return None
    for place in range(len(steps) - 1, -1, -1):
        words, found, code = steps[place].partition(": ")
        if found and not _CONDITION.match(steps[place]) and re.search(r"\*|\+|-|\.\w+\(|\w\(", code):
            return Contrast(place + 1, f"not without: {words}")
    return None


_BUILDERS: dict[Slip, Callable[[Worked, Sequence[str]], Contrast | None]] = {
    Slip.NO_ANSWER: _no_answer,
    Slip.NOT_LOWEST: _not_lowest,
    Slip.SIGN: _sign,
    Slip.CARRY: _carry,
    Slip.ONE_PART: _one_part,
    Slip.HALF_WAY: _half_way,
    Slip.ADDS: _other_operation("+"),
    Slip.SUBTRACTS: _other_operation("-"),
    Slip.MULTIPLIES: _other_operation("*"),
    Slip.DIVIDES: _other_operation("/"),
    Slip.OFF_BY_ONE: _off_by_one,
    Slip.NO_FUNCTION: _no_function,
    Slip.UNREADABLE: _unreadable,
    Slip.OTHER_NAME: _other_name,
    Slip.CONDITION: _condition,
    Slip.RESULT: _result,
    Slip.FALSE_STEP: _false_step,
    Slip.OTHER: _other,
}
