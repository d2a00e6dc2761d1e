"""Whether a reply is right: finding its final answer, and having the item's own verifier judge it.

An item without a verifier, which a person or a teacher wrote, has its answer compared with the reference.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache
from typing import Any

from ioa.memory.domains.families import register
from ioa.memory.records import Attempt

MARKER = re.compile(r"answer\s*:", re.IGNORECASE)
NUMBER = re.compile(
    # A minus sign counts where no operand stands before it: "7-5" holds 7 and 5, "= -5" holds -5.
    r"(?:(?<![\w)])-)?"
    r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
    r"(?:\s*/\s*\d+)?"
)
LATEX_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*(-?\d+)\s*\}\s*\{\s*(-?\d+)\s*\}")
LATEX_WRAPPER = re.compile(r"\\(?:boxed|text|mathrm|mathbf)\s*\{([^{}]*)\}")


def extract_answer(reply: str) -> str:
    """The final answer in a reply: what stands behind the last "Answer:", on that line.

    Without a marker it is the last number or fraction, so that a student who was never told the form is
    not failed for it. Empty: there is none.
    """
    text = _plain(reply)
    markers = list(MARKER.finditer(text))
    if markers:
        lines = text[markers[-1].end() :].strip().splitlines()
        return _trim(lines[0]) if lines else ""
    numbers = NUMBER.findall(text)
    return re.sub(r"[\s,]", "", numbers[-1]) if numbers else ""


def judge_by_reference(attempt: Attempt) -> tuple[str, bool]:
    """The answer found in a reply, and whether it `agrees` with the reference."""
    stated = MARKER.search(attempt.reply) or _is_number(attempt.answer)
    extracted = extract_answer(attempt.reply) if stated else _last_line(attempt.reply)
    return extracted, agrees(extracted, attempt.answer)


def judge_by_family(attempt: Attempt) -> tuple[str, bool]:
    """The answer found in a reply, and whether the verifier of the item's family gives it the full score.

    Partial scores, which some verifiers give for an answer that contains the right one, do not count.

    Raises:
        ValueError: reasoning-gym has no such family.
    """
    extracted = extract_answer(attempt.reply)
    if not extracted:
        return "", False
    candidates = _candidates(extracted, attempt.answer)
    entry = {"question": attempt.question, "answer": attempt.answer, "metadata": dict(attempt.metadata)}
    verify = _verifier(attempt.family)
    return extracted, any(verify(candidate, entry) >= 1.0 for candidate in candidates)


def agrees(given: str, expected: str) -> bool:
    """Whether an answer is the reference answer, by comparison alone.

    A reference of one capital letter is a choice: `B`, `(b)` and `B) 42` are it. A number is compared by its value,
    whatever unit stands behind it; a fraction too, but one that is not in its lowest terms is only itself, since
    bringing it there may have been the task. Anything else is compared as text, without case, spacing and a
    full stop.
    """
    given, expected = _plain(given), _plain(expected)
    if re.fullmatch(r"[A-Z]", expected.strip()):
        choice = re.match(r"\s*(?:(?:option|choice)\s+)?\(?([A-Za-z])(?:\s*$|\s*[).:,])", given, re.IGNORECASE)
        return choice is not None and choice.group(1).upper() == expected.strip()
    if _bare(given) == _bare(expected):
        return bool(_bare(expected))
    if not _is_number(expected):
        return False
    stated = given.rpartition("=")[2]
    if not re.fullmatch(r"[a-zA-Z\s%°$€£.,()]*", NUMBER.sub("", stated)):  # a root of it is another number
        return False
    numbers = {re.sub(r"[\s,]", "", number) for number in NUMBER.findall(stated)}
    return len(numbers) == 1 and _value(numbers.pop()) == _value(re.sub(r"[\s,]", "", expected)) is not None


def _value(number: str) -> Fraction | None:
    """The number's value; none of a fraction that is not in its lowest terms."""
    try:
        value = Fraction(number)
    except (ValueError, ZeroDivisionError):
        return None
    lowest = "/" not in number or value.denominator == abs(int(number.rpartition("/")[2]))
    return value if lowest else None


def _is_number(text: str) -> bool:
    return NUMBER.fullmatch(_plain(text).strip()) is not None


def _bare(text: str) -> str:
    return _trim(" ".join(text.casefold().split()))


def _last_line(reply: str) -> str:
    lines = [line for line in _plain(reply).splitlines() if line.strip()]
    return _trim(lines[-1]) if lines else ""


def _candidates(extracted: str, expected: str) -> list[str]:
    """Readings of an answer that all mean the same, for verifiers that compare texts.

    Where a number is expected, the answer must state one number and no other: some verifiers look for a
    number anywhere, and would take "12 or 13" for both, and "-5" for 5.
    """
    if not NUMBER.fullmatch(expected.strip()):
        return [extracted]
    stated = extracted.rpartition("=")[2]
    numbers = {re.sub(r"[\s,]", "", number) for number in NUMBER.findall(stated)}
    if len(numbers) != 1:
        return []
    number = numbers.pop()
    if "/" in number:
        return [number] if "/" in expected else []
    short = _shortest(number)
    value = _decimal(expected)
    if value is not None and value == value.to_integral_value() and _decimal(short) != value:
        return []
    return [number, short]


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        return None


def _shortest(number: str) -> str:
    """The number without leading and trailing zeros that say nothing: "007.50" is "7.5"."""
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    whole, _, rest = digits.partition(".")
    whole, rest = whole.lstrip("0") or "0", rest.rstrip("0")
    return f"{sign}{whole}.{rest}" if rest else f"{sign}{whole}"


def _plain(text: str) -> str:
    r"""The text without LaTeX and emphasis: `$\boxed{\frac{3}{4}}$` is `3/4`."""
    text = text.replace("\u2212", "-")
    text = LATEX_FRACTION.sub(r"\1/\2", text)
    text = LATEX_WRAPPER.sub(r"\1", LATEX_WRAPPER.sub(r"\1", text))
    return re.sub(r"\$|\\[()\[\]]|\*\*|__", "", text)


def _trim(text: str) -> str:
    return text.strip().rstrip(".;,!").strip("`\"' ").rstrip(".;,!")


@lru_cache
def _verifier(family: str) -> Callable[[str, Mapping[str, Any]], float]:
    register()
    import reasoning_gym

    verify: Callable[[str, Mapping[str, Any]], float] = reasoning_gym.get_score_answer_fn(family)
    return verify
