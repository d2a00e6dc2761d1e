"""Reading wrong answers: what kind of slip turns the right calculation into what the student wrote."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from ioa.agents.exchange import (
    NONE,
    AnalyseBrief,
    AnalyseReply,
    AssignBrief,
    Assignment,
    AssignReply,
    FailedItem,
    Finding,
    ModuleFailures,
)
from ioa.agents.step_checks import false_step
from ioa.agents.tutor.python_slips import code_slip, extract_reply_code, is_function
from ioa.agents.tutor.skills import solve_problem
from ioa.agents.tutor.working import Operation, Worked

_COMPLEX = re.compile(r"(-?\d+(?:\.\d+)?)\s*([-+])\s*(\d+(?:\.\d+)?)i")
_VALUE = re.compile(
    r"-?\d+(?:\.\d+)?\s*[-+]\s*\d+(?:\.\d+)?i|(?<![\d.])-?\d+/\d+|(?<![\d.)])-?\d+(?:\.\d+)?|\d+(?:\.\d+)?"
)
_SMALL = {"a", "and", "between", "but", "from", "has", "is", "it", "its", "of", "or", "that", "the", "to", "with"}
"""Words that say nothing of the kind of error."""
_MEANT = 0.6
"""Share of a slip's words that a sentence must have to speak of it."""
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
    ONE_PART = "gets one of the two parts right and the other wrong"
    HALF_WAY = "stops half way and gives an intermediate value"
    ADDS = "adds the given numbers instead"
    SUBTRACTS = "subtracts the given numbers instead"
    MULTIPLIES = "multiplies the given numbers instead"
    DIVIDES = "divides the given numbers instead"
    OFF_BY_ONE = "is off by one"
    NO_FUNCTION = "writes no Python function"
    UNREADABLE = "writes code that Python cannot read"
    OTHER_NAME = "changes the name or the parameters of the signature"
    CONDITION = "tests another condition than the docstring asks for"
    RESULT = "returns something else from the right condition"
    FALSE_STEP = "writes steps that are not true"
    OTHER = "does not follow a method that leads to the answer"


def analyse(brief: AnalyseBrief) -> AnalyseReply:
    """The commonest slips of each module's failed items, as many as are asked for, with the items that show each."""
    failing = [module for module in brief.modules if module.failed]
    if not failing:
        return AnalyseReply(findings=(), note="No item failed; nothing needs to be put right.")
    findings = tuple(finding for module in failing for finding in _findings(module, brief.most))
    worst = max(failing, key=lambda module: len(module.failed) / module.asked)
    if len(failing) == 1:
        main = _grouped(worst.failed)[0][0]
        note = f"In {worst.module.id}, {worst.right} of {worst.asked} right, the student most often {main.value}."
    else:
        note = (
            f"{len(failing)} modules have failed items; {worst.module.id} is weakest with "
            f"{worst.right} of {worst.asked} right: start there, with the slip that is named for it."
        )
    return AnalyseReply(findings=findings, note=note)


def assign(brief: AssignBrief) -> AssignReply:
    """Read each item anew and look for its slip among the misconceptions' texts."""
    labels: dict[Slip, str] = {}
    for candidate in brief.misconceptions:
        meant = slip_meant(candidate.text)
        if meant is not None:
            labels.setdefault(meant, candidate.label)
    return AssignReply(
        assignments=tuple(
            Assignment(probe=item.probe, misconception=labels.get(slip_of(item), NONE)) for item in brief.items
        )
    )


def slip_meant(text: str) -> Slip | None:
    """The kind of error that a sentence speaks of, by its words; none where it could be any or no one of them.

    It is the one with the largest share of its words in the sentence, if that is most of them.
    """
    said = set(_words(text.partition("; for ")[0]))  # what follows there is the tutor's example
    shares = {slip: len(said.intersection(_words(slip.value))) / len(_words(slip.value)) for slip in Slip}
    best = max(shares.values())
    meant = [slip for slip, share in shares.items() if share == best]
    return meant[0] if best >= _MEANT and len(meant) == 1 else None


def slips_meant(text: str) -> list[Slip]:
    """The kinds of error that a text speaks of, each once: of one finding, or of several that are numbered."""
    parts = re.split(r"(?:^|(?<=\s))\d+\. (?=[A-Z])", text)
    return list(dict.fromkeys(slip for part in parts if part.strip() and (slip := slip_meant(part)) is not None))


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[a-z]+", text.casefold()) if word not in _SMALL]


def slip_of(item: FailedItem) -> Slip:
    """The kind of error in one wrong answer."""
    return Slip[code_slip(item.reply, item.expected)] if is_function(item.expected) else _slip_in_number(item)


def _slip_in_number(item: FailedItem) -> Slip:
    value = final_value(item.reply)
    expected = _number(item.expected)
    plain = Slip.NO_ANSWER if not value else _slip_in_parts(value, item.expected)
    if plain is not None:
        return plain
    worked = solve_problem(item.question)
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


def _slip_in_parts(given: str, expected: str) -> Slip | None:
    """What is wrong with a complex number; none where one of the two is not complex or no part is right."""
    (one, other), (right, other_right) = _parts(given), _parts(expected)
    if one is None or other is None or right is None or other_right is None:
        return None
    if (abs(one), abs(other)) == (abs(right), abs(other_right)):
        return Slip.SIGN
    return Slip.ONE_PART if one == right or other == other_right else None


def _parts(text: str) -> tuple[Fraction | None, Fraction | None]:
    """The real and the imaginary part; none where the text is not a number with both."""
    found = _COMPLEX.fullmatch(text.strip())
    return (Fraction(found.group(1)), Fraction(found.group(2) + found.group(3))) if found else (None, None)


def final_value(reply: str) -> str:
    """The number after the last `Answer:`, or else the last number; empty where there is none."""
    marked = re.findall(r"Answer:([^\n]*)", reply)
    found = _VALUE.findall(marked[-1] if marked else reply)
    return str(found[-1]) if found else ""


def _findings(failures: ModuleFailures, most: int) -> list[Finding]:
    found = []
    for slip, items in _grouped(failures.failed)[:most]:
        example = items[0]
        said = extract_reply_code if is_function(example.expected) else final_value
        gave, expected = (" ".join(text.split()) for text in (said(example.reply) or "nothing", example.expected))
        question = " ".join(example.question.split())
        found.append(
            Finding(
                module=failures.module.id,
                misconception=f"The student {slip.value}; for {question!r} it gave {gave}, not {expected}.",
                probes=tuple(item.probe for item in items),
            )
        )
    return found


def _grouped(items: Sequence[FailedItem]) -> list[tuple[Slip, list[FailedItem]]]:
    """The items by their slip, the commonest first; of equals the more telling one."""
    groups: dict[Slip, list[FailedItem]] = {}
    for item in items:
        groups.setdefault(slip_of(item), []).append(item)
    order = list(Slip)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), order.index(group[0])))


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
