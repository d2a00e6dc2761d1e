"""What two examinees' answers to the same items say about the difference between them."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ioa.memory.records import Record, Score

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 10_000
"""Of the bootstrap and of the permutation test."""
_CHUNK = 500
"""Resamples at a time: 10,000 of 1,000 items at once would take 80 MB an array."""


class Paired(Record):
    """A paired comparison: the first examinee against the second, on the items that both have a grade for."""

    n: int
    """Items."""
    difference: float
    """Mean of the first minus mean of the second, in [-1, 1]."""
    interval: tuple[float, float]
    """95 %, of the difference."""
    interval_method: str
    p: float
    """Two-sided; of no difference."""
    test: str
    """Name of the test."""
    first_only: int
    """Items on which the first one did better."""
    second_only: int
    """Items on which the second one did better."""


class Pairwise(Record):
    """What a judge that saw both replies to each item preferred."""

    wins: int
    """Items on which the first examinee's reply was preferred."""
    ties: int
    losses: int
    p: float
    """Two-sided exact sign test on wins and losses."""


def sign_test(wins: int, losses: int) -> float:
    """Two-sided exact p of so uneven a split of `wins + losses` fair coins; 1 where there is none.

    With the discordant pairs of two right/wrong examinees it is McNemar's exact test.
    """
    n = wins + losses
    tail = sum(math.comb(n, i) for i in range(min(wins, losses) + 1))
    return float(min(1.0, 2 * tail / 2**n))


def newcombe(both: int, first_only: int, second_only: int, neither: int) -> tuple[float, float]:
    """95 % interval of the difference of two paired proportions.

    Newcombe 1998 (Statistics in Medicine 17:2635), method 10: Wilson's intervals of both, squared and added, with
    the correlation of the pairs taken off, its numerator corrected for continuity.

    Args:
        both: Items that both got right.
        first_only: Items that only the first got right.
        second_only: Items that only the second got right.
        neither: Items that neither got right.

    Returns:
        (low, high); (-1, 1) where there is no item.
    """
    n = both + first_only + second_only + neither
    if n == 0:
        return (-1.0, 1.0)
    first, second = Score(k=both + first_only, n=n), Score(k=both + second_only, n=n)
    product = first.k * second.k * (n - first.k) * (n - second.k)
    excess = both * neither - first_only * second_only
    corrected = max(0.0, excess - n / 2) if excess > 0 else excess
    phi = corrected / math.sqrt(product) if product else 0.0
    (low1, high1), (low2, high2) = first.interval, second.interval
    middle = first.mean - second.mean

    def length(one: float, other: float) -> float:
        return math.sqrt(max(0.0, one**2 - 2 * phi * one * other + other**2))

    down = length(first.mean - low1, high2 - second.mean)
    up = length(high1 - first.mean, second.mean - low2)
    return (max(-1.0, middle - down), min(1.0, middle + up))


def compare_right_wrong(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """Two examinees' right (True) and wrong answers to the same items, in the same order."""
    pairs = list(zip(first, second, strict=True))
    both, neither = sum(a and b for a, b in pairs), sum(not a and not b for a, b in pairs)
    first_only, second_only = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    n = len(pairs)
    return Paired(
        n=n,
        difference=(first_only - second_only) / n if n else 0.0,
        interval=newcombe(both, first_only, second_only, neither),
        interval_method="Newcombe 1998, method 10",
        p=sign_test(first_only, second_only),
        test="McNemar, exact",
        first_only=first_only,
        second_only=second_only,
    )


def compare_scores(first: Sequence[float], second: Sequence[float], seed: int) -> Paired:
    """Two examinees' scores in [0, 1] on the same items: percentile bootstrap over items, sign-flip permutation test.

    The same scores and seed give the same numbers.
    """
    import numpy as np

    differences = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    n = len(differences)
    if n == 0:
        interval, p = (-1.0, 1.0), 1.0
    else:
        interval, p = _percentiles(differences, seed), _permutation(differences, seed)
    return Paired(
        n=n,
        difference=float(differences.mean()) if n else 0.0,
        interval=interval,
        interval_method=f"percentile bootstrap over items, {RESAMPLES} resamples",
        p=p,
        test=f"sign-flip permutation, {RESAMPLES} draws",
        first_only=int((differences > 0).sum()),
        second_only=int((differences < 0).sum()),
    )


def mean_interval(scores: Sequence[float], seed: int) -> tuple[float, float]:
    """95 % percentile-bootstrap interval of a mean of scores; (0, 1) where there is none."""
    import numpy as np

    return _percentiles(np.asarray(scores, dtype=float), seed) if scores else (0.0, 1.0)


def _percentiles(values: "np.ndarray", seed: int) -> tuple[float, float]:
    import numpy as np

    # Streams of their own for interval and test.
    random = np.random.default_rng([seed, 1])
    means = [
        values[random.integers(0, len(values), (_CHUNK, len(values)))].mean(axis=1) for _ in range(RESAMPLES // _CHUNK)
    ]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return (float(low), float(high))


def _permutation(differences: "np.ndarray", seed: int) -> float:
    """Share of random sign flips whose mean is as far from 0; the observed one counts as a draw (p is never 0)."""
    import numpy as np

    random = np.random.default_rng([seed, 2])
    # Sums of the same numbers in other signs round differently: without the slack, equals count as smaller.
    bound = abs(differences.sum()) - 1e-9
    # The observed assignment is one of the draws (Phipson and Smyth 2010): p cannot be 0.
    hits = 1
    for _ in range(RESAMPLES // _CHUNK):
        signs = random.integers(0, 2, (_CHUNK, len(differences))) * 2 - 1
        hits += int((np.abs(signs @ differences) >= bound).sum())
    return hits / (RESAMPLES + 1)
