"""Whether a reply is right: finding its final answer, and having the item's own verifier judge it.

An item without a verifier, which a person or a teacher wrote, has its answer compared with the reference.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple

from ioa.memory.answer_equality import Equality, Fractions, compare_numbers
from ioa.memory.domains.families import register
from ioa.memory.number_reading import (
    Doubt,
    Number,
    Reading,
    Unread,
    last_number,
    leading_number,
    read_number,
    read_statement,
)
from ioa.memory.records import Attempt
from ioa.training.exams.answer_markers import has_marker, stated
from ioa.training.exams.choice_letters import LETTERS, choices_of, letters_named

NO_ANSWER = "no final answer was found"
NO_CHOICE = "no choice is named"
AMONG_OTHERS = "the reference stands among other words, and may or may not be the answer"
MOST_WORDS_OF_A_UNIT = 3
_OPPOSITES = {"yes": "no", "no": "yes", "true": "false", "false": "true"}
_ASSENT = re.compile(r"(yes|no|true|false)\b(?=\s*[,.;:!—–-])(?!\.?\s*\d)")
NUMBER = re.compile(
    # A minus sign counts where no operand stands before it: "7-5" holds 7 and 5, "= -5" holds -5.
    r"(?:(?<![\w)])-)?"
    r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
    r"(?:\s*/\s*\d+)?"
)
LATEX_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*(-?\d+)\s*\}\s*\{\s*(-?\d+)\s*\}")
LATEX_WRAPPER = re.compile(r"\\(?:boxed|text(?:bf|it|rm)?|math(?:rm|bf|it)|mbox)\s*\{([^{}]*)\}")


class Judgement(NamedTuple):
    """What was found in a reply, and whether it is right."""

    extracted: str
    correct: bool
    doubt: str = ""
    """Why no answer could be read with certainty; empty where one could."""

    @classmethod
    def of_letters(cls, named: Collection[str], expected: str) -> "Judgement":
        """By the letters of the choices that a reply names."""
        extracted = " ".join(sorted(named))
        doubt = NO_CHOICE if not named else f"several choices are named: {extracted}" if len(named) > 1 else ""
        return cls(extracted, not doubt and extracted == expected, doubt)

    @classmethod
    def of(cls, extracted: str, equality: Equality) -> "Judgement":
        """By a comparison."""
        return cls(extracted, *equality)


def extract_answer(reply: str) -> str:
    """The final answer in a reply: what stands behind the last mark, such as "Answer:", on that line.

    Without a mark it is the last number or fraction, so that a student who was never told the form is
    not failed for it. Empty: there is none.
    """
    if has_marker(reply):
        return _trim(_plain(stated(reply) or ""))
    numbers = NUMBER.findall(_plain(reply))
    return re.sub(r"[\s,]", "", numbers[-1]) if numbers else ""


def judge_by_reference(attempt: Attempt) -> Judgement:
    """The answer found in a reply, and whether it is the reference: see `compare_with_reference`.

    Where the reference is the letter of one of the choices which the item lists, or a letter and no choices are
    listed, the reply's letter is found as the scorer `choice` finds it.
    """
    reply, expected = attempt.reply, attempt.answer.strip()
    letter = _as_letter(expected)
    if letter:
        choices = choices_of(attempt.question, attempt.metadata)
        if choices is None or letter in LETTERS[: len(choices)]:
            return Judgement.of_letters(letters_named(reply, choices), letter)
    found = stated(reply)
    number = reference_number(expected)
    if number is not None and not has_marker(reply):
        read = read_statement(found) if found is not None else last_number(reply)
        read = last_number(reply) if isinstance(read, Unread) and read.doubt is Doubt.NOTHING else read
        return _judge_number(read, number)
    extracted = _last_line(reply) if found is None else _trim(_plain(found))
    if found is not None and number is not None:
        return Judgement.of(extracted, _compare(read_statement(found), number, extracted, expected))
    equality = compare_with_reference(extracted, expected)
    if not equality.same and not equality.doubt and found is None and _holds(reply, expected):
        equality = Equality(False, AMONG_OTHERS)
    return Judgement.of(extracted, equality)


def _judge_number(read: Reading, number: Number) -> Judgement:
    if isinstance(read, Unread):
        return Judgement("", False, read.why)
    return Judgement.of(read.text, compare_numbers(read, number, Fractions.REDUCED))


def judge_by_family(attempt: Attempt) -> Judgement:
    """The answer found in a reply, and whether the verifier of the item's family gives it the full score.

    Partial scores, which some verifiers give for an answer that contains the right one, do not count.

    Raises:
        ValueError: reasoning-gym has no such family.
    """
    extracted = extract_answer(attempt.reply)
    if not extracted:
        return Judgement("", False, NO_ANSWER)
    if not has_marker(attempt.reply) and not NUMBER.fullmatch(attempt.answer.strip()):
        extracted = _trim(_plain(stated(attempt.reply) or "")) or _last_line(attempt.reply)
    candidates, doubt = _candidates(attempt.reply, extracted, attempt.answer)
    entry = {"question": attempt.question, "answer": attempt.answer, "metadata": dict(attempt.metadata)}
    verify = _verifier(attempt.family)
    return Judgement(extracted, any(verify(candidate, entry) >= 1.0 for candidate in candidates), doubt)


def agrees(given: str, expected: str) -> bool:
    """Whether an answer is the reference answer, by comparison alone: see `compare_with_reference`."""
    letter = _as_letter(expected)
    if letter:
        return Judgement.of_letters(letters_named(f"Answer: {given}", None), letter).correct
    return compare_with_reference(given, expected).same


def compare_with_reference(given: str, expected: str) -> Equality:
    """Whether an answer is the reference answer.

    A number is compared by its value, whatever unit stands behind it; a fraction too, but one that is not in its lowest
    terms is only itself, since bringing it there may have been the task. Anything else is compared as text, without
    case, spacing and a full stop; in doubt is a text in which the reference stands among other words.
    """
    if not given.strip():
        return Equality(False, NO_ANSWER)
    number = reference_number(expected)
    return _compare(read_statement(given), number, given, expected)


def _compare(read: Reading, number: Number | None, given: str, expected: str) -> Equality:
    if not given.strip():
        return Equality(False, NO_ANSWER)
    if number is not None:
        return (
            Equality(False, read.why) if isinstance(read, Unread) else compare_numbers(read, number, Fractions.REDUCED)
        )
    if _spaced(given) == _spaced(expected):
        return Equality(bool(_bare(_plain(expected))))
    opposite = _OPPOSITES.get(_bare(expected))
    said = _ASSENT.match(_bare(_plain(given)))
    if opposite and said and opposite != said.group(1) and not re.search(rf"\b{opposite}\b", _bare(given)):
        return Equality(said.group(1) == _bare(expected))
    return Equality(False, AMONG_OTHERS if _holds(given, expected) else "")


def reference_number(expected: str) -> Number | None:
    """The number that a reference is, with or without a unit; none of one that begins otherwise: `Apollo 11`."""
    read, begins = read_number(expected), leading_number(expected.rpartition("=")[2])
    if isinstance(read, Unread) or isinstance(begins, Unread) or read.value != begins.value:
        return None
    return read if len(read.unit.split()) <= MOST_WORDS_OF_A_UNIT else None


def _as_letter(expected: str) -> str:
    found = re.fullmatch(r"\(?([A-Z])\)?[.)]?", _plain(expected).strip())
    return found.group(1) if found else ""


def _holds(text: str, expected: str) -> bool:
    """Whether the reference's words stand somewhere in a text."""
    wanted = _bare(_plain(expected))
    return bool(wanted) and re.search(rf"(?<![^\W_]){re.escape(wanted)}(?![^\W_])", _bare(_plain(text))) is not None


def _bare(text: str) -> str:
    return _trim(" ".join(unicodedata.normalize("NFKC", text).casefold().split()))


def _spaced(text: str) -> str:
    """Without the spaces beside signs, as in `(1, -2)`, and with an index as its digits; `1, 234` is not `1,234`."""
    bare = re.sub(r"(?<=[a-z)])_\{?(\d+)\}?", r"\1", _bare(_plain(text)))
    return re.sub(r"(?<=[^\w\s]) (?!\d{3}(?!\d))| (?=[^\w\s])", "", bare)


def _last_line(reply: str) -> str:
    lines = [line for line in _plain(reply).splitlines() if line.strip()]
    return _trim(lines[-1]) if lines else ""


def _candidates(reply: str, extracted: str, expected: str) -> tuple[list[str], str]:
    """Readings of an answer that all mean the same, for verifiers that compare texts; and why there are none.

    Where a number is expected, the answer must state one number and no other: some verifiers look for a
    number anywhere, and would take "12 or 13" for both, and "-5" for 5.
    """
    if not NUMBER.fullmatch(expected.strip()):
        return [extracted], ""
    read = read_statement(stated(reply) or "") if has_marker(reply) else last_number(reply)
    if isinstance(read, Unread):
        return [], read.why
    if read.is_fraction:
        return ([read.text] if "/" in expected and " " not in read.text else []), ""
    short = _shortest(read.text)
    value = _decimal(expected)
    if value is not None and value in read.others:
        return [], f"{read.written!r} means different numbers in different countries"
    if value is not None and value == value.to_integral_value() and _decimal(short) != value:
        return [], ""
    return [read.text, short], ""


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
    text = re.sub(r"\\[,;: ]", " ", text)
    text = LATEX_FRACTION.sub(r"\1/\2", text)
    text = LATEX_WRAPPER.sub(r"\1", LATEX_WRAPPER.sub(r"\1", text))
    return re.sub(r"\$|\\[()\[\]]|\*\*|__", "", text)


def _trim(text: str) -> str:
    return text.strip().rstrip(".;,!。").strip("`\"'“”„\u2018\u2019«»「」 ").rstrip(".;,!。")


@lru_cache
def _verifier(family: str) -> Callable[[str, Mapping[str, Any]], float]:
    register()
    import reasoning_gym

    verify: Callable[[str, Mapping[str, Any]], float] = reasoning_gym.get_score_answer_fn(family)
    return verify
