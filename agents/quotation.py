"""Keeping the words of an examination from those who write the lessons."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ioa.agents.exchange import FailedItem
from ioa.memory.similarity import normalise, numbers

TELLING = 4
"""Words in a row of an item's question that give it away, also without its numbers."""

_BREAK = re.compile(r"(?<=[.;?!])\s+")
_WORD = re.compile(r"[^\W\d_]{3,}")
_COMPOUND = re.compile(
    r"\b(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)[\s-](one|two|three|four|five|six|seven|eight|nine)\b",
    re.IGNORECASE,
)
_SIGN = r"(?:[-+*/^=<>%]|plus|minus|times|over|divided by|multiplied by)"
_TERM = re.compile(rf"(?=(?<![\w.])([\w.]+) {_SIGN}(?: [-(])* ([\w.]+))")
_COMMON = re.compile(
    r"about|after|answer|before|calculate|does|each|evaluate|find|from|give|given|have|many|more|much|number|result"
    r"|simplify|solve|than|that|their|them|then|there|they|this|value|what|when|where|which|with|work"
)


@dataclass(frozen=True)
class _Secret:
    """What of an item must not be told."""

    quotes: tuple[str, ...]
    """The question and its longer sentences, normalised."""
    numbers: frozenset[str]
    words: frozenset[str]
    """Its content words."""

    @property
    def common(self) -> bool:
        """Whether its numbers are so few and small that they come up without it."""
        return len(self.numbers) < 2 or (len(self.numbers) == 2 and all(len(number) == 1 for number in self.numbers))


def without_items(text: str, items: Sequence[FailedItem]) -> str:
    """The text without the sentences and clauses that give an examined item away.

    A finding is passed on to those who write the lessons; if it quoted the examination, the next gate would
    measure whether its items had been taught. A clause gives an item away when it holds a sentence of its question,
    or all its numbers. Where these are few and small, as in "1 + 1", they have to be joined by an operator, or stand
    beside a content word of the question: a sentence about the 1 that is carried tells nothing.
    """
    secrets = [_secret(item.question) for item in items]
    told = [clause for clause in _BREAK.split(text) if not any(_gives_away(clause, secret) for secret in secrets)]
    return " ".join(told).rstrip("; ")


def _secret(question: str) -> _Secret:
    parts = [normalise(part) for part in _BREAK.split(question)]
    quotes = [normalise(question), *(part for part in parts if len(part.split()) >= TELLING)]
    written = _numbers(_WORD.sub("x", question))  # in digits
    return _Secret(
        quotes=tuple(quote for quote in dict.fromkeys(quotes) if quote),
        numbers=written if len(written) > 1 else _numbers(question),
        words=_content(question),
    )


def _gives_away(clause: str, secret: _Secret) -> bool:
    plain = normalise(clause)
    if any(f" {quote} " in f" {plain} " for quote in secret.quotes):
        return True
    if not secret.numbers or not secret.numbers <= _numbers(clause):
        return False
    return not secret.common or bool(secret.words & _content(clause)) or _joined(plain, secret.numbers)


def _joined(plain: str, wanted: frozenset[str]) -> bool:
    """Whether an operator stands between two of the numbers."""
    return any(_numbers(one) | _numbers(other) <= wanted for one, other in _TERM.findall(plain) if _numbers(one))


def _numbers(text: str) -> frozenset[str]:
    """Its numbers, each in one spelling: `1,000`, `3.50`, `seven` and `twenty-five` are 1000, 3.5, 7 and 25."""
    text = _COMPOUND.sub(lambda match: str(sum(int(numbers(word)[0]) for word in match.groups())), text)
    return frozenset(_spell_number(number) for number in numbers(text))


def _spell_number(number: str) -> str:
    whole = number.lstrip("0") or "0"
    return (whole.rstrip("0").rstrip(".") or "0") if "." in whole else whole


def _content(text: str) -> frozenset[str]:
    words = (word.removesuffix("s") for word in _WORD.findall(text.casefold()) if not _COMMON.fullmatch(word))
    # Shorter words stand in every problem: a clause would be taken out for an "and".
    return frozenset(word for word in words if len(word) > 3 and not _numbers(word))
