"""Intervals of a dependency's strength, which is one minus the ratio of two proportions."""

import math
from typing import NamedTuple

from ioa.memory.records import wilson


class Proportion(NamedTuple):
    """A proportion with the ends of its interval."""

    mean: float
    low: float
    high: float


def proportion(mean: float, n: float) -> Proportion:
    """A mean of `n` items with Wilson's interval; `n` may be an effective number, and so a fraction."""
    return Proportion(mean, *wilson(mean, n))


def relative_difference(with_it: Proportion, without: Proportion, correlation: float = 0.0) -> tuple[float, float]:
    """The 95 % interval of (with - without) / with = 1 - without / with, in [0, 1].

    By MOVER (method of variance estimates recovery, Donner & Zou 2012): the ends of a ratio's interval are where
    the difference `without - R * with` just reaches 0, its variance being taken from the ends of the two intervals
    on that side. It needs no resampling, which with three or four variants draws the same few values again and
    again and is of width 0 where they agree.

    Args:
        with_it: The proportion in the denominator.
        without: The one that is compared with it.
        correlation: Of the two estimates, where they come from the same items.

    Returns:
        Lower and upper end; (0, 1) where the denominator is 0.
    """
    if with_it.mean == 0:
        return (0.0, 1.0)
    high_ratio = _end(without.mean, without.high, with_it.mean, with_it.low, correlation, upper=True)
    low_ratio = _end(without.mean, without.low, with_it.mean, with_it.high, correlation, upper=False)
    low, high = min(1.0, max(0.0, 1 - high_ratio)), min(1.0, max(0.0, 1 - low_ratio))
    return (low, max(low, high))


def _end(top: float, top_end: float, bottom: float, bottom_end: float, correlation: float, *, upper: bool) -> float:
    """One end of the interval of top / bottom."""
    a = bottom_end * (2 * bottom - bottom_end)
    b = top * bottom - correlation * abs(top - top_end) * abs(bottom - bottom_end)
    c = top_end * (2 * top - top_end)
    root = math.sqrt(max(0.0, b * b - a * c))
    if upper:
        return (b + root) / a if a > 0 else math.inf
    return c / (b + root) if b + root > 0 else 0.0
