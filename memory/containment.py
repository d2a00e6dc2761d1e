"""Whether a text contains a known one whole: an examination item with a sentence before or after it."""

from collections.abc import Iterator, Sequence

from ioa.memory.similarity import Features

_KEY = 5
"""So many first tokens of a known text lead to it."""
_LEAST = 3
"""Tokens of the shortest text that is looked for, if it states a calculation."""
_LEAST_PROSE = 8
"""The same of one that states no calculation: shorter ones, as "explain your answer", stand in any text."""
_ARTICLES = frozenset("ai")


class Containment:
    """Known texts by their first tokens, so that each place of a new text is looked up at once."""

    def __init__(self) -> None:
        self._by_beginning: dict[str, dict[int, dict[str, str]]] = {}
        """First tokens, then number of tokens, then the text: the key under which it is known."""

    def add(self, key: str, known: Features) -> None:
        """Remember a text; of several equal ones the first is reported, and too short ones are passed over."""
        tokens = known.text.split()
        if len(tokens) >= (_LEAST if is_telling(known) else _LEAST_PROSE):
            lengths = self._by_beginning.setdefault(" ".join(tokens[:_KEY]), {})
            lengths.setdefault(len(tokens), {}).setdefault(known.text, key)

    def find(self, view: Features) -> str | None:
        """The key of the longest known text that stands whole in this one; of several, of the one that comes first.

        What is a part of a longer formula or list there is another problem: "Calculate 45 + 37" is not contained in
        "Calculate 45 + 37 + 12", nor "gcd of 12, 18" in "gcd of 12, 18, 24".
        """
        tokens = view.text.split()
        found = ((length, -start, key) for start, length, key in self._contained(tokens, view.opening))
        return max(found, default=(0, 0, None))[2]

    def _contained(self, tokens: Sequence[str], opening: frozenset[int]) -> Iterator[tuple[int, int, str]]:
        for start in range(len(tokens)):
            for size in range(_LEAST, min(_KEY, len(tokens) - start) + 1):
                lengths = self._by_beginning.get(" ".join(tokens[start : start + size]), {})
                for length, texts in lengths.items():
                    end = start + length
                    if end > len(tokens):
                        continue
                    key = texts.get(" ".join(tokens[start:end]))
                    if key is not None and _stands_alone(tokens, opening, start, end):
                        yield start, length, key


def is_telling(view: Features) -> bool:
    """Whether the numbers and operators of a text tell it from other questions of its kind."""
    numbers = set(view.facts.numbers)
    return bool(view.facts.operators) or len(numbers) > 1 or any(len(n) > 1 and not n.isalpha() for n in numbers)


def _stands_alone(tokens: Sequence[str], opening: frozenset[int], start: int, end: int) -> bool:
    """Whether the formula or list at either end goes no further than the known text does."""
    first, last = tokens[start], tokens[end - 1]
    if start and _is_formula(first) and start not in opening and _is_formula(tokens[start - 1]):
        return False
    if end == len(tokens) or not _is_formula(last):
        return True
    following = tokens[end]
    if following == "=":  # "45 + 37 = ?"
        return end + 1 == len(tokens) or end + 1 in opening or not _is_formula(tokens[end + 1])
    if _is_operator(following):
        return False
    return end in opening or not _is_formula(following)


def _is_operator(token: str) -> bool:
    return not token[0].isalnum() and token[0] != "."


def _is_formula(token: str) -> bool:
    """A number, an operator or a letter that stands for something."""
    return not token[0].isalpha() or (len(token) == 1 and token not in _ARTICLES)
