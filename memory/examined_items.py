"""What no lesson may come near: examination items and benchmarks, compared as texts and by what they ask."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ioa.memory.answer_equality import same_answer
from ioa.memory.domains.families.forms import canonical_form
from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.duplicates import GuardedPool, Hit, Method, Vectors, is_telling
from ioa.memory.number_reading import Number, read_number
from ioa.memory.similarity import Features, numbers_apart
from ioa.memory.tokens import tokenise


class Problem(NamedTuple):
    """A problem as it is compared."""

    text: str
    answer: str
    """Its right answer; empty where it is not known, as of a benchmark's text."""
    view: Features
    """`features` of the text."""


class ExaminedItems:
    """Examination items, each under a key, in which what a new problem repeats is looked up.

    First as texts (`GuardedPool`), then by the canonical form of what is asked, then by the numbers in another order.
    """

    def __init__(self, bounds: Bounds, vectors: Vectors) -> None:
        """No items.

        Args:
            bounds: The thresholds.
            vectors: Where the vectors of the items' texts are.
        """
        self._texts = GuardedPool(bounds, vectors)
        self._by_form: dict[str, str] = {}
        self._rearranged = Rearranged(bounds, vectors)

    def add(self, key: str, item: Problem) -> None:
        """Remember an item; of several that ask the same the first is reported."""
        self._texts.add(key, item.view)
        form = canonical_form(item.text, item.answer)
        if form is not None:
            self._by_form.setdefault(form, key)
        self._rearranged.add(key, item)

    def find(self, problems: Sequence[Problem], vectors: NDArray[np.float32]) -> list[Hit | None]:
        """For each of B new problems the item that it repeats; none where it may be taught.

        Args:
            problems: The problems.
            vectors: The vectors of their texts, (B, D), of norm 1.
        """
        hits = self._texts.find([problem.view for problem in problems], vectors)
        return [
            hit or self._same_form(problem) or self._rearranged.find(problem, vector)
            for problem, hit, vector in zip(problems, hits, vectors, strict=True)
        ]

    def _same_form(self, problem: Problem) -> Hit | None:
        form = canonical_form(problem.text, problem.answer)
        key = self._by_form.get(form) if form is not None else None
        return None if key is None else Hit(key, Method.FORM, 1.0)


class Rearranged:
    """Items whose numbers a new text tells in another order: the same numbers, playing the same parts.

    With small numbers many different problems have the same ones. So the texts must be alike, too, and the parts that
    the numbers play decide: they make the same answer; where an answer is not known, the same words stand behind them.
    In a list or a formula a number's place is its part: texts with such are not compared here.
    """

    def __init__(self, bounds: Bounds, vectors: Vectors) -> None:
        """No items; see `ExaminedItems`."""
        self._bounds = bounds
        self._vectors = vectors
        self._by_numbers: dict[tuple[str, ...], dict[str, Problem]] = {}

    def add(self, key: str, item: Problem) -> None:
        """Remember an item, if it tells of several numbers."""
        stated = _numbers_told(item)
        if stated:
            self._by_numbers.setdefault(stated, {})[key] = item

    def find(self, problem: Problem, vector: NDArray[np.float32]) -> Hit | None:
        """The nearest of the items with the same numbers in the same parts, where it is near enough."""
        stated = _numbers_told(problem)
        known = {
            key: item for key, item in self._by_numbers.get(stated, {}).items() if stated and _same_parts(item, problem)
        }
        if not known:
            return None
        keys = list(known)
        cosines = self._vectors(keys) @ vector
        best = int(cosines.argmax())
        bound = min(self._bounds.guarded, self._bounds.cosine) if is_telling(problem.view) else self._bounds.cosine
        close = float(cosines[best])
        return Hit(keys[best], Method.NUMBERS, min(1.0, close)) if close >= bound else None


def _numbers_told(problem: Problem) -> tuple[str, ...]:
    """The numbers and operators of a text in which words stand between the numbers, sorted; else nothing."""
    facts = problem.view.facts
    told = len(facts.numbers) > 1 and numbers_apart(tokenise(problem.text))
    return (*sorted(facts.numbers), *sorted(facts.operators)) if told else ()


def _same_parts(one: Problem, other: Problem) -> bool:
    if one.answer and other.answer:
        values = _value(one.answer), _value(other.answer)
        return values[0] == values[1] if None not in values else same_answer(one.answer, other.answer)
    return _words_behind(one.text) == _words_behind(other.text)


@lru_cache(maxsize=1 << 14)
def _value(answer: str) -> Fraction | None:
    read = read_number(answer)
    return read.value if isinstance(read, Number) else None


@lru_cache(maxsize=1 << 12)
def _words_behind(text: str) -> list[tuple[str, str]]:
    """Each number with the word behind it, sorted."""
    tokens = tokenise(text)
    behind = [*(token.folded for token in tokens[1:]), ""]
    return sorted((one.folded, word) for one, word in zip(tokens, behind, strict=True) if one.kind == "number")
