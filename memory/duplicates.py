"""Looking a new text up among known ones: exact, then MinHash, then embedding, then whether it contains one."""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.near_verbatim import NearVerbatim
from ioa.memory.similarity import Features, facts_digest

Vectors = Callable[[Sequence[str]], NDArray[np.float32]]
"""The vectors of N keys, (N, D), each of norm 1."""

_ROWS = 256
"""New texts compared at a time with the vectors of those that state the same facts: bounds the memory."""


class Method(StrEnum):
    """The filter that caught a text; they are asked in this order."""

    EXACT = "exact"
    MINHASH = "MinHash"
    """The Jaccard index of the pairs of words; of many texts at once, MinHash tells which are worth computing it."""
    EMBEDDING = "embedding"
    CONTAINMENT = "containment"
    """This and what follows is only asked of examination items."""
    FORM = "form"
    """The same is asked, in another order or under other names: see `ioa.memory.domains.families.forms`."""
    NUMBERS = "numbers"
    """The same numbers in another order play the same parts in a similar text."""
    ROUGE_L = "ROUGE-L"
    """Longest common subsequence of words, as in Self-Instruct."""


class Hit(NamedTuple):
    """A known text that a new one repeats."""

    key: str
    method: Method
    similarity: float
    """1 for EXACT, CONTAINMENT and FORM, the Jaccard index for MINHASH, the cosine for EMBEDDING and NUMBERS."""


class Pool:
    """Known texts in memory, each under a key, in which the duplicate of a new one is looked up.

    For examination items, other runs' lessons and the problems of a request; a run's own lessons are in Chroma and
    looked up by a `LessonPool`. Chroma in memory was tried for the items: at 5,000 of them it takes 1.4 s more to
    open (processor time), a check of 200 problems 33 ms instead of 13, and what stands whole in a text it cannot tell.

    Only texts that state the same facts can be near-duplicates. So only they are compared by MinHash, and all of
    their vectors are compared: exact, where a search for the nearest few could return nothing but the same
    sentence with other numbers. Signatures and vectors are made or fetched when a new text first states the facts of
    a known one, so that a hundred thousand texts are read in seconds.
    """

    def __init__(self, bounds: Bounds, vectors: Vectors) -> None:
        """An empty pool.

        Args:
            bounds: The thresholds.
            vectors: Where the vectors of the known texts are.
        """
        self._bounds = bounds
        self._vectors = vectors
        self._by_text: dict[str, str] = {}
        self._by_facts: dict[bytes, dict[str, str]] = {}
        self._near = NearVerbatim(bounds.jaccard)

    def add(self, key: str, known: Features) -> None:
        """Remember a text; of several equal ones the first is reported."""
        known = self._seen(known)
        self._by_text.setdefault(known.text, key)
        self._by_facts.setdefault(facts_digest(known), {}).setdefault(key, known.text)

    def find(self, views: Sequence[Features], vectors: NDArray[np.float32]) -> list[Hit | None]:
        """For each of B new texts the known one that it repeats; none if it is new.

        Args:
            views: The texts.
            vectors: Their vectors, (B, D), of norm 1.
        """
        seen = [self._seen(view) for view in views]
        hits = [self._verbatim(view) for view in seen]
        open_: dict[bytes, list[int]] = {}
        for i, view in enumerate(seen):
            stated = facts_digest(view)
            if hits[i] is None and stated in self._by_facts:
                open_.setdefault(stated, []).append(i)
        for stated, places in open_.items():
            view = seen[places[0]]
            for key, text in self._by_facts[stated].items():
                self._near.add(key, Features(text, view.facts))
            near = [self._near.find(seen[i]) for i in places]
            for i, found in zip(places, near, strict=True):
                hits[i] = Hit(found[0], Method.MINHASH, found[1]) if found else None
            left = [i for i in places if hits[i] is None]
            for i, hit in zip(left, self._close(stated, vectors[left], self._cosine(view)), strict=True):
                hits[i] = hit
        return hits

    def _seen(self, view: Features) -> Features:
        """The text as this pool compares it."""
        return view

    def _cosine(self, _view: Features) -> float:
        """The cosine that counts for texts with these facts."""
        return self._bounds.cosine

    def _verbatim(self, view: Features) -> Hit | None:
        key = self._by_text.get(view.text)
        return None if key is None else Hit(key, Method.EXACT, 1.0)

    def _close(self, stated: bytes, vectors: NDArray[np.float32], bound: float) -> list[Hit | None]:
        """The nearest of the texts with these facts for each of (B, D) vectors, where it is near enough."""
        if not len(vectors):
            return []
        keys = list(self._by_facts[stated])
        known = self._vectors(keys)
        hits: list[Hit | None] = []
        for start in range(0, len(vectors), _ROWS):
            cosines = vectors[start : start + _ROWS] @ known.T
            for row, best in zip(cosines, cosines.argmax(axis=1), strict=True):
                close = float(row[best])
                hits.append(Hit(keys[best], Method.EMBEDDING, min(1.0, close)) if close >= bound else None)
        return hits


class GuardedPool(Pool):
    """Examination items. Their numbers and operators are the facts that count: other words must not hide them.

    Where an item has none that tell it from another question of its kind, as "write a function that joins two
    lists", the bounds are those for lessons. An item collides with whatever contains it whole, too.
    """

    def __init__(self, bounds: Bounds, vectors: Vectors) -> None:
        """An empty pool; see `Pool`."""
        super().__init__(bounds, vectors)
        self._whole = Containment()

    def add(self, key: str, known: Features) -> None:
        """Remember an item."""
        super().add(key, known)
        self._whole.add(key, known)

    def find(self, views: Sequence[Features], vectors: NDArray[np.float32]) -> list[Hit | None]:
        """The same as of any pool; beside that an item that stands whole in a text is found there."""
        return [hit or self._contained(view) for view, hit in zip(views, super().find(views, vectors), strict=True)]

    def _contained(self, view: Features) -> Hit | None:
        key = self._whole.find(view)
        return None if key is None else Hit(key, Method.CONTAINMENT, 1.0)

    def _seen(self, view: Features) -> Features:
        return view._replace(facts=view.facts._replace(names=(), comparisons=()))

    def _cosine(self, view: Features) -> float:
        return min(self._bounds.guarded, self._bounds.cosine) if is_telling(view) else self._bounds.cosine


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
