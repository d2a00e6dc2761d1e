"""Texts that are nearly the same word for word: MinHash signatures (Broder 1997) in an LSH index."""

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ioa.memory.similarity import Features, facts_digest

if TYPE_CHECKING:
    from datasketch import MinHash, MinHashLSH

PERMUTATIONS = 64
"""Length of a signature; the bands are cut from it."""

_MISS = 1e-3
"""Largest chance that two texts just at the threshold share no band."""


def shingles(text: str) -> frozenset[str]:
    """Pairs of neighbouring words, numbers and operators of a normalised text; of a text of one word, that word."""
    words = text.split()
    return frozenset(map(" ".join, pairwise(words))) or frozenset(words)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """|A and B| / |A or B|; 1 for two empty sets."""
    if not (one or other):
        return 1.0
    common = len(one & other)
    return common / (len(one) + len(other) - common)  # the union itself would take as long again


def bands(threshold: float) -> tuple[int, int]:
    """Number and length of the bands: the longest that miss a pair at the threshold less than once in a thousand."""
    fit = [r for r in range(1, PERMUTATIONS // 2 + 1) if (1 - threshold**r) ** (PERMUTATIONS // r) <= _MISS]
    length = max(fit, default=1)
    return PERMUTATIONS // length, length


class NearVerbatim:
    """Finds the known text whose shingles overlap most with those of a new one.

    The facts of a text are part of each of its shingles as they are hashed, so that texts which state other numbers
    or names have nothing in common here. What the index proposes is compared exactly: it may miss a pair at the
    threshold (see `bands`), and never reports one below it.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._known: dict[str, int] = {}
        """The row of each key; the index knows the rows."""
        self._keys: list[str] = []
        self._texts: list[str] = []
        self._signatures = np.zeros((0, PERMUTATIONS), dtype=np.uint32)
        self._opened: tuple[MinHashLSH, MinHash] | None = None

    def add(self, key: str, view: Features) -> None:
        """Remember a text; a key that is known stays as it is."""
        if key in self._known:
            return
        row = self._known[key] = len(self._keys)
        self._keys.append(key)
        self._texts.append(view.text)
        if row == len(self._signatures):
            # Doubled each time, so that adding N texts copies fewer than 2 N rows.
            room = np.zeros((max(64, row), PERMUTATIONS), dtype=np.uint32)
            self._signatures = np.concatenate([self._signatures, room])
        signature = self._signature(view)
        self._signatures[row] = signature.hashvalues
        self._lsh()[0].insert(row, signature, check_duplication=False)

    def find(self, view: Features) -> tuple[str, float] | None:
        """The most similar known text with the same facts, and the Jaccard index; none below the threshold."""
        signature = self._signature(view)
        own = shingles(view.text)
        found = [
            (jaccard(own, shingles(self._texts[row])), self._keys[row])
            for row in self._likely(self._lsh()[0].query(signature), signature.hashvalues)
        ]
        # of equally similar ones the first by key, since the index answers in no order
        similarity, key = min(found, key=lambda pair: (-pair[0], pair[1]), default=(-1.0, ""))
        return (key, similarity) if similarity >= self._threshold else None

    def _likely(self, rows: list[int], signature: NDArray[np.uint32]) -> list[int]:
        """Those whose signatures, too, say that they may be above the threshold: sentences of one pattern are many."""
        agreement = (self._signatures[rows] == signature).mean(axis=1) if rows else np.zeros(0)
        # A signature estimates the index with this deviation; 4 of them lose 1 pair in 30,000 at the threshold.
        spread = math.sqrt(self._threshold * (1 - self._threshold) / PERMUTATIONS)
        return [row for row, share in zip(rows, agreement, strict=True) if share >= self._threshold - 4 * spread]

    def _lsh(self) -> "tuple[MinHashLSH, MinHash]":
        if self._opened is None:
            from datasketch import MinHash, MinHashLSH  # brings scipy along: a second

            index = MinHashLSH(num_perm=PERMUTATIONS, params=bands(self._threshold))
            self._opened = index, MinHash(num_perm=PERMUTATIONS)
        return self._opened

    def _signature(self, view: Features) -> "MinHash":
        stated = facts_digest(view)
        signature = self._lsh()[1].copy()  # drawing the permutations anew would take most of the time
        signature.update_batch([stated + part.encode() for part in shingles(view.text)])
        return signature
