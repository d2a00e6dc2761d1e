"""How few items decide whether a module passes: an examination in portions that stops early, with a stated error rate.

The examination in full asks `full` items and then, `step` at a time, up to `spares` more while the interval straddles
the bound (`mastery_gate.verdict`). Its decision is P_S >= share * P_T, on what it asked. Here the first `full` items
are asked in portions, and after each portion the examination ends if two things hold:

1. the interval decides already, as it must at the end of the examination in full, and
2. the chance that the examination in full would decide otherwise is small.

For the second, each pair of counts (k of n of the student, t of n of the teacher) has a predictive chance that going on
would lead to the other decision: stochastic curtailment (Lan, Simon and Halperin 1982, Stochastically curtailed tests
in long-term clinical trials, Sequential Analysis 1), with the mean over Jeffreys' prior of both true rates in place of
one alternative (Jennison and Turnbull 2000, Group Sequential Methods, chapter 10). Where it is 0, no answer that can
still come changes the decision: exact curtailment. It orders the states only. How large it may be is not taken from the
prior: it is the largest bound with which, *at every pair of true rates*, the chance of a decision other than the full
one is at most `early_error`, over all portions together. That chance is computed exactly, by counting the paths through
the lattice of counts. As with the sequential probability ratio test (Wald 1947, Sequential Analysis), few items are
asked of who is far from the bound, and many of who is near it; unlike it, there is a last item.

What the error rate supposes: items of a module are independent draws, and student and teacher err independently of each
other, as they do for `contrast`. It is the chance that stopping early *changes* the decision, beside the error that the
examination in full has itself. It supposes that all spare items could be asked; `examination.budget` may not allow it.

k of n of an examination that stopped is a biased estimate of the true rate: on average too low where it stopped for
failing, too high where it stopped for passing. With `early_pass` off, stopping early never makes it too high on
average.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from ioa.memory.records import Score, Split, Verdict
from ioa.training.exams.mastery_gate import reaches, verdict
from ioa.training.settings.examination import ExaminationSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Table: TypeAlias = NDArray[np.int8]
    """(n + 1, n + 1) by right answers of student and teacher: 1 passes, 0 fails, -1 goes on."""

RATES = 201, 101
"""True rates of student and teacher, evenly spaced in [0, 1], over which the worst case is sought. The chance is a
polynomial in both: ten times as many values find nothing that is larger by more than 0.03 % of it."""
MOST = 400
"""Items, spare ones included, up to which examinations stop early: beyond it the weights of single paths underflow."""
_ORDER = [Verdict.NOT_MASTERED, Verdict.NEEDS_ITEMS, Verdict.MASTERED]


@dataclass(frozen=True)
class Design:
    """Everything that decides when the examination of a module ends."""

    full: int
    """Items of the examination in full, without spare ones."""
    spares: int
    """Most further items, where the first leave the verdict open."""
    portion: int
    """Items at a time up to `full`; 0: all at once."""
    step: int
    """Items at a time beyond it."""
    share: float
    """What part of the teacher's score is to be reached, such as tau_mastery."""
    confidence: float
    """Of the interval that must decide, in (0, 1)."""
    early_error: float
    """Most chance of a decision other than the full one, at any true rates; 0: only exact curtailment."""
    early_pass: bool = True
    """Whether a student may pass early, too; else only fail."""
    sure: float | None = None
    """Confidence with which passing has to be certain; none: the estimate alone decides; see `reaches`."""

    @classmethod
    def of(
        cls,
        settings: ExaminationSettings,
        split: Split,
        *,
        items: int,
        share: float,
        early_pass: bool,
        sure: float | None = None,
    ) -> "Design":
        """As the run file says, for a split of which a module has so many items; the other values are the fields."""
        full = min(settings.size(split), items)
        return cls(
            full=full,
            spares=items - full,
            portion=settings.portion or 0,
            step=settings.step,
            share=share,
            confidence=settings.confidence,
            early_error=settings.early_error,
            early_pass=early_pass,
            sure=sure,
        )

    @property
    def looks(self) -> tuple[int, ...]:
        """Numbers of items after which it may end, rising."""
        first = range(self.portion, self.full, self.portion) if self.portion else ()
        beyond = range(self.full, self.full + self.spares, self.step)
        return (*first, *beyond, self.full + self.spares)


@dataclass(frozen=True)
class SequentialTest:
    """An examination in portions, and what it does at given true rates."""

    design: Design
    stops: "Mapping[int, Table]"
    """When it ends before the full number, by number of items."""
    wrong: "Mapping[int, Floats]"
    """By where the examination in full ends: the chance, given the counts there, that another decision came early."""
    ended: "Mapping[int, Floats]"
    """By where this one ends: the chance, given the counts there, that it does."""

    def stops_at(self, student: Score, teacher: Score) -> bool:
        """Whether the examination ends with these scores, both of one portion's end before the full number."""
        table = self.stops.get(student.n)
        return table is not None and student.n == teacher.n and int(table[student.k, teacher.k]) >= 0

    def error(self, student: Sequence[float], teacher: Sequence[float]) -> "Floats":
        """The chance of a decision other than the full one, (S, T), at each of S and T true rates."""
        return _mixture(self.wrong, student, teacher)

    def items(self, student: Sequence[float], teacher: Sequence[float]) -> "Floats":
        """The expected number of items, (S, T)."""
        return _mixture({n: n * chance for n, chance in self.ended.items()}, student, teacher)

    def mean_score(self, student: Sequence[float], teacher: Sequence[float]) -> "Floats":
        """The expected k / n of the student, (S, T): what differs from the true rate is the bias of stopping."""
        import numpy as np

        scored = {n: chance * (np.arange(n + 1) / n)[:, None] for n, chance in self.ended.items()}
        return _mixture(scored, student, teacher)

    @cached_property
    def worst_error(self) -> float:
        """The largest `error` at any true rates."""
        students, teachers = ([i / (count - 1) for i in range(count)] for count in RATES)
        return float(self.error(students, teachers).max()) if self.stops else 0.0


@lru_cache(maxsize=64)
def sequential_test(design: Design) -> SequentialTest:
    """The test of that design that stops as early as its error rate allows."""
    import numpy as np

    ends = _full_ends(design)
    candidates = _candidates(design) if design.full + design.spares <= MOST else {}
    if not candidates:
        return _test(design, {}, ends)
    other = _chance_of_other(design, candidates, ends)

    def bounded(most: float) -> SequentialTest:
        stops = {n: np.where(other[n] <= most, table, np.int8(-1)) for n, table in candidates.items()}
        return _test(design, stops, ends)

    bounds = sorted({0.0, *(float(x) for n in candidates for x in other[n].ravel() if 0 < x < 1)})
    # The chance rises with the bound but for single states whose early decision undoes another one, so that bisection
    # finds a bound that is allowed, and all but always the largest.
    low, high = 0, len(bounds)
    while high - low > 1:
        middle = (low + high) // 2
        if bounded(bounds[middle]).worst_error <= design.early_error:
            low = middle
        else:
            high = middle
    return bounded(bounds[low])


def _verdicts(n: int, share: float, confidence: float, sure: float | None) -> "Table":
    """`verdict` for all counts of n items; by bisection, since it never falls with more right answers."""
    import numpy as np

    table = np.full((n + 1, n + 1), -1, dtype=np.int8)
    for right in range(n + 1):
        teacher = Score(k=right, n=n)

        def rank(k: int, teacher: Score = teacher) -> int:
            return _ORDER.index(verdict(Score(k=k, n=n), teacher, share, confidence, sure=sure))

        table[: bisect_left(range(n + 1), 1, key=rank), right] = 0
        table[bisect_left(range(n + 1), 2, key=rank) :, right] = 1
    return table


def _full_ends(design: Design) -> "dict[int, Table]":
    """Where the examination in full ends, and how: by the interval, and after its last item by the estimate."""
    import numpy as np

    ends = {n: _verdicts(n, design.share, design.confidence, design.sure) for n in design.looks if n >= design.full}
    last, table = max(ends), ends[max(ends)]
    # Rounded, so that 1 - 0.7 is 0.3 and not a little more.
    share, reached = round(design.share, 9), np.zeros_like(table)
    for right in range(1, last + 1):
        teacher = Score(k=right, n=last)

        def passes(k: int, teacher: Score = teacher) -> bool:
            return reaches(Score(k=k, n=last), teacher, share, design.sure)

        reached[bisect_left(range(last + 1), True, key=passes) :, right] = 1
    ends[last] = np.where(table < 0, reached, table)
    return ends


def _candidates(design: Design) -> "dict[int, Table]":
    """Where the interval decides before the full number; never of a teacher that had nothing right so far."""
    tables = {n: _verdicts(n, design.share, design.confidence, design.sure) for n in design.looks if n < design.full}
    for table in tables.values():
        table[:, 0] = -1
        if not design.early_pass:
            table[table == 1] = -1
    return tables


def _chance_of_other(
    design: Design, candidates: "Mapping[int, Table]", ends: "Mapping[int, Table]"
) -> "dict[int, Floats]":
    """Predictive chance, by counts, that the examination in full decides otherwise than one that ends there."""
    import numpy as np

    # Both chances, not one and its complement: rounding would blur which of them is exactly 0.
    chances = [(ends[max(ends)] == decision).astype(float) for decision in (0, 1)]
    other: dict[int, Floats] = {}
    for n, after in reversed(list(pairwise(design.looks))):
        moves = _beta_binomial(n, after - n)
        chances = [_pull(_pull(chance, moves).T, moves).T for chance in chances]
        if n >= design.full:
            chances = [np.where(ends[n] < 0, chances[d], ends[n] == d) for d in (0, 1)]
        else:
            other[n] = np.where(candidates[n] == 0, chances[1], np.where(candidates[n] == 1, chances[0], 1.0))
    return other


def _test(design: Design, stops: "Mapping[int, Table]", ends: "Mapping[int, Table]") -> SequentialTest:
    """Follow all paths from the first item to the end of the examination in full."""
    import numpy as np

    live, failed, passed = np.ones((1, 1)), np.zeros((1, 1)), np.zeros((1, 1))
    wrong, ended = dict[int, "Floats"](), dict[int, "Floats"]()
    for before, n in pairwise((0, *design.looks)):
        live, failed, passed = (_spread(_spread(one, n - before).T, n - before).T for one in (live, failed, passed))
        table = ends[n] if n >= design.full else stops.get(n, np.full(live.shape, -1, dtype=np.int8))
        ended[n] = _given_counts(np.where(table >= 0, live, 0.0))
        if n >= design.full:
            wrong[n] = _given_counts(np.where(table == 1, failed, 0.0) + np.where(table == 0, passed, 0.0))
            failed, passed = (np.where(table < 0, one, 0.0) for one in (failed, passed))
        else:
            failed, passed = failed + np.where(table == 0, live, 0.0), passed + np.where(table == 1, live, 0.0)
        live = np.where(table < 0, live, 0.0)
    return SequentialTest(design, stops, wrong, ended)


def _pull(chance: "Floats", moves: "Floats") -> "Floats":
    """Mean over the right answers of the next items, along the first axis; `moves` is (n + 1, d + 1)."""
    rows = len(moves)
    mean = 0 * chance[:rows]
    for i in range(moves.shape[1]):
        mean += moves[:, i, None] * chance[i : i + rows]
    return mean


def _spread(weights: "Floats", more: int) -> "Floats":
    """Weights of all paths after `more` further items, along the first axis, each answer right with chance 1/2."""
    import numpy as np

    spread = np.zeros((len(weights) + more, weights.shape[1]))
    for i in range(more + 1):
        spread[i : i + len(weights)] += math.comb(more, i) * 0.5**more * weights
    return spread


def _given_counts(weights: "Floats") -> "Floats":
    """The share of all paths to each pair of counts: it does not depend on the true rates, which only counts inform."""
    half: Floats = _binomial(len(weights) - 1, [0.5])
    share: Floats = weights / half.T / half
    return share


def _mixture(tables: "Mapping[int, Floats]", student: Sequence[float], teacher: Sequence[float]) -> "Floats":
    """Sum over the tables of their mean at each pair of true rates, (S, T)."""
    import numpy as np

    total = np.zeros((len(student), len(teacher)))
    for n, table in tables.items():
        total += _binomial(n, student) @ table @ _binomial(n, teacher).T
    return total


def _binomial(n: int, rates: Sequence[float]) -> "Floats":
    """(R, n + 1): the chance of each number of right answers of n, at each rate."""
    import numpy as np

    k, p = np.arange(n + 1), np.asarray(rates, dtype=float)[:, None]
    ways = np.array([float(math.comb(n, i)) for i in k])
    return ways * p**k * (1 - p) ** (n - k)


def _beta_binomial(n: int, more: int) -> "Floats":
    """(n + 1, more + 1): by k right of n, the chance of i right of `more` further items, under Jeffreys' prior."""
    import numpy as np

    def log_beta(a: float, b: float) -> float:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    def chance(k: int, i: int) -> float:
        own, then = (k + 0.5, n - k + 0.5), (k + i + 0.5, n - k + more - i + 0.5)
        return math.comb(more, i) * math.exp(log_beta(*then) - log_beta(*own))

    return np.array([[chance(k, i) for i in range(more + 1)] for k in range(n + 1)])
