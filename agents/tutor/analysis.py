"""Reading wrong answers: what kind of slip turns the right calculation into what the student wrote."""

import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from ioa.agents.checks import false_step
from ioa.agents.exchange import AnalyseBrief, AnalyseReply, FailedItem, Finding, ModuleFailures
from ioa.agents.tutor.skills import work
from ioa.agents.tutor.working import Operation, Worked

_VALUE = re.compile(r"(?<![\d.])-?\d+/\d+|(?<![\d.)])-?\d+(?:\.\d+)?|\d+(?:\.\d+)?")
_IN_COLUMNS = {
    Operation.CARRYING,
    Operation.SUBTRACTION,
    Operation.MANY_TERMS,
    Operation.DECIMALS,
    Operation.LONG_PRODUCT,
}


class Slip(StrEnum):
    """Kinds of error, the more telling ones first."""

    NO_ANSWER = "gives no final answer"
    NOT_LOWEST = "stops before the lowest terms"
    SIGN = "has the right size but the wrong sign"
    CARRY = "drops a carry or a borrowed ten between columns"
    HALF_WAY = "stops half way and gives an intermediate value"
    ADDS = "adds the given numbers instead"
    SUBTRACTS = "subtracts the given numbers instead"
    MULTIPLIES = "multiplies the given numbers instead"
    DIVIDES = "divides the given numbers instead"
    OFF_BY_ONE = "is off by one"
    FALSE_STEP = "writes steps that are not true"
    OTHER = "does not follow a method that leads to the answer"


def analyse(brief: AnalyseBrief) -> AnalyseReply:
    """One finding a module: the commonest slip among its failed items, with the items that show it."""
    findings = tuple(_finding(module) for module in brief.modules if module.failed)
    if not findings:
        return AnalyseReply(findings=(), note="No item failed; nothing needs to be put right.")
    worst = max(
        (module for module in brief.modules if module.failed), key=lambda module: len(module.failed) / module.asked
    )
    note = (
        f"{len(findings)} modules have failed items; {worst.module.id} is weakest with "
        f"{worst.right} of {worst.asked} right: start there, with the slip that is named for it."
    )
    return AnalyseReply(findings=findings, note=note)


def slip_of(item: FailedItem) -> Slip:
    """The kind of error in one wrong answer."""
    value = final_value(item.reply)
    expected = _number(item.expected)
    if not value:
        return Slip.NO_ANSWER
    worked = work(item.question)
    given = _number(value)
    for slip, shows in _TESTS:
        if given is not None and expected is not None and shows(given, expected, worked):
            return slip
    if worked is not None and value in worked.passed:
        return Slip.HALF_WAY
    if given is not None and expected is not None:
        other = _other_operation(given, worked)
        if other is not None:
            return other
        if abs(given - expected) == 1:
            return Slip.OFF_BY_ONE
    return Slip.FALSE_STEP if false_step(item.reply.splitlines()) else Slip.OTHER


def final_value(reply: str) -> str:
    """The number after the last `Answer:`, or else the last number; empty where there is none."""
    marked = re.findall(r"Answer:([^\n]*)", reply)
    found = _VALUE.findall(marked[-1] if marked else reply)
    return str(found[-1]) if found else ""


def _finding(failures: ModuleFailures) -> Finding:
    slips = {item.probe: slip_of(item) for item in failures.failed}
    counts = Counter(slips.values())
    order = list(Slip)
    main = min(counts, key=lambda slip: (-counts[slip], order.index(slip)))
    shown = [item for item in failures.failed if slips[item.probe] is main]
    example = shown[0]
    gave = final_value(example.reply) or "nothing"
    question = " ".join(example.question.split())
    return Finding(
        module=failures.module.id,
        misconception=f"The student {main.value} ({len(shown)} of {len(failures.failed)} wrong answers); "
        f"for {question!r} it gave {gave}, not {example.expected}.",
        probes=tuple(item.probe for item in shown),
    )


def _number(text: str) -> Fraction | None:
    try:
        return Fraction(text.strip().replace(" ", ""))
    except (ValueError, ZeroDivisionError):
        return None


def _not_lowest(given: Fraction, expected: Fraction, worked: Worked | None) -> bool:
    return given == expected and worked is not None and worked.head is Operation.FRACTION


def _wrong_sign(given: Fraction, expected: Fraction, worked: Worked | None) -> bool:  # noqa: ARG001 - one form for all
    return given == -expected != 0


def _carry(given: Fraction, expected: Fraction, worked: Worked | None) -> bool:
    """The difference is made of ones above the last column: 10, 110, 1000, ..."""
    if worked is None or worked.head not in _IN_COLUMNS:
        return False
    places = max(-int(Decimal(number).as_tuple().exponent) for number in worked.numbers)
    difference = abs(given - expected) * 10**places
    return difference.denominator == 1 and re.fullmatch(r"[01]+0", str(difference.numerator)) is not None


_TESTS: tuple[tuple[Slip, Callable[[Fraction, Fraction, Worked | None], bool]], ...] = (
    (Slip.NOT_LOWEST, _not_lowest),
    (Slip.SIGN, _wrong_sign),
    (Slip.CARRY, _carry),
)


def _other_operation(given: Fraction, worked: Worked | None) -> Slip | None:
    if worked is None or len(worked.numbers) < 2:
        return None
    first, *rest = map(Fraction, worked.numbers)
    total, product = first + sum(rest), first
    for number in rest:
        product *= number
    if given == total:
        return Slip.ADDS
    if abs(given) == abs(first - sum(rest)):
        return Slip.SUBTRACTS
    if given == product:
        return Slip.MULTIPLIES
    divides = len(rest) == 1 and rest[0] != 0 and given == first / rest[0]
    return Slip.DIVIDES if divides and worked.head is not Operation.FRACTION else None
