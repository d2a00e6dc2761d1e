"""What groups of student variants score in a module at the same general ability, which is taken from other modules.

Who can do one module is abler altogether, and so does better in any other, whether that builds on it or not. So the
groups are compared as items are that may favour one group of examinees (differential item functioning): by a logistic
regression on the score in everything else (Swaminathan & Rogers 1990), here the ability by a one-parameter logistic
model (Rasch 1960), which variants have on one scale though not each of them was asked everything.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ioa.memory.records import Score

Floats = NDArray[np.float64]

ABILITY_SPREAD = 3.0
"""Standard deviation of the normal prior of abilities and of the modules' easiness, in logits: it bounds those of who
was right nowhere or everywhere, and hardly moves the others."""

EFFECT_SPREAD = 2.5
"""The same of what a standard deviation of ability, and being in another group, do to the chance to be right; the scale
that Gelman et al. (2008) recommend for logistic regressions. It bounds an effect that separates the groups wholly."""

BASE_SPREAD = 10.0
"""The same of the regression's constant; next to nothing is assumed of it."""


WEIGHINGS = 8
"""How often the modules' weights are estimated anew from the abilities that they give."""


class LogisticFit(NamedTuple):
    """The most probable coefficients of a logistic regression with normal priors, and their covariance."""

    coefficients: Floats
    covariance: Floats


def _chances(logits: Floats) -> Floats:
    return 0.5 * (1 + np.tanh(0.5 * logits))  # no overflow, however large


def fit_logistic(design: Floats, right: Floats, asked: Floats, spread: Floats) -> LogisticFit:
    """Fit by Newton's method with halved steps; the priors make the maximum unique and finite.

    Args:
        design: (N, K).
        right: (N,) right answers.
        asked: (N,) of so many.
        spread: (K,) standard deviations of the priors, whose means are 0.
    """
    precision, found = np.diag(spread**-2.0), np.zeros(design.shape[1])

    def fitness(at: Floats) -> float:
        logits = design @ at
        return float(right @ logits - asked @ np.logaddexp(0, logits) - at @ precision @ at / 2)

    while True:
        chances = _chances(design @ found)
        curvature = design.T @ ((asked * chances * (1 - chances))[:, None] * design) + precision
        step = np.linalg.solve(curvature, design.T @ (right - asked * chances) - precision @ found)
        reached = fitness(found)
        while fitness(found + step) < reached and np.abs(step).max() > 1e-7:
            step /= 2
        if np.abs(step).max() <= 1e-7:
            return LogisticFit(found, np.linalg.inv(curvature).astype(np.float64))
        found = found + step


class Abilities:
    """The general ability of each variant, in logits, by any selection of modules."""

    def __init__(self, scores: Sequence[Mapping[str, Score]], modules: Sequence[str]) -> None:
        """Estimate how easy each module is, and how much general ability counts in it.

        Args:
            scores: Of each variant, by module; not every variant needs to have all.
            modules: Which count.
        """
        self._place = {module: place for place, module in enumerate(modules)}
        counts = [[own[m] if m in own else Score(k=0, n=0) for m in modules] for own in scores]
        self._right = np.array([[score.k for score in row] for row in counts], dtype=np.float64)
        self._asked = np.array([[score.n for score in row] for row in counts], dtype=np.float64)
        self._easiness = self._fit_easiness()
        self._weight = np.ones(len(modules))
        for _ in range(WEIGHINGS if len(modules) > 2 else 0):
            fitted = np.array([self._fit_module(place) for place in range(len(modules))])
            self._easiness, weight = fitted[:, 0], np.maximum(fitted[:, 1], 0)
            self._weight = weight / weight.max() if weight.max() > 0 else weight

    def _fit_easiness(self) -> Floats:
        """(M,) by one-parameter logistic model, which puts variants that were asked different modules on one scale."""
        who, what = np.nonzero(self._asked)
        variants, modules = self._asked.shape
        design = np.zeros((len(who), variants + modules))
        design[np.arange(len(who)), who] = design[np.arange(len(who)), variants + what] = 1
        spread = np.full(design.shape[1], ABILITY_SPREAD)
        fitted = fit_logistic(design, self._right[who, what], self._asked[who, what], spread)
        return fitted.coefficients[variants:]

    def _fit_module(self, place: int) -> Floats:
        """(2,) how easy the module is at ability 0, and what ability by all others counts in it."""
        ability = self._by([other for other in range(len(self._weight)) if other != place])
        known = ~np.isnan(ability) & (self._asked[:, place] > 0)
        design = np.stack([np.ones(known.sum()), ability[known]], axis=1)
        spread = np.array([BASE_SPREAD, EFFECT_SPREAD])
        return fit_logistic(design, self._right[known, place], self._asked[known, place], spread).coefficients

    def by(self, modules: Collection[str]) -> Floats:
        """(V,) the most probable ability of each variant by what it did in these modules.

        NaN where it was asked none of them.
        """
        return self._by([self._place[module] for module in modules])

    def _by(self, places: Sequence[int]) -> Floats:
        right, asked = self._right[:, places], self._asked[:, places]
        easiness, weight = self._easiness[places], self._weight[places]
        ability, moved = np.zeros(len(right)), math.inf
        while moved > 1e-7:
            chances = _chances(ability[:, None] * weight + easiness)
            slope = (right - asked * chances) @ weight - ability / ABILITY_SPREAD**2
            curvature = (asked * chances * (1 - chances)) @ weight**2 + ABILITY_SPREAD**-2
            step = np.clip(slope / curvature, -1, 1)
            ability, moved = ability + step, float(np.abs(step).max(initial=0))
        return np.where(asked.sum(axis=1) > 0, ability, np.nan)


class EqualAbility(NamedTuple):
    """Mean chances to be right with and without something, at the same abilities, and how sure they are."""

    with_it: float
    without: float
    variances: tuple[float, float]
    correlation: float


def compare_at_equal_ability(scores: Sequence[Score], groups: Sequence[int], ability: Floats) -> EqualAbility:
    """What variants score in a module that can do another, and that cannot, each of them at the abilities of both.

    The variants are the units that were drawn: where they differ by more than the draw of items lets them, the
    variances are larger by as much, and by what few variants leave unsure of that (Student's t).

    Args:
        scores: Of the variants in the module that is compared.
        groups: Of each variant: 1 can do the other module, 0 cannot, 2 lies between: it tells how ability counts.
        ability: (V,) of the variants, by modules that are neither of the two; 0 for all where there are none.
    """
    able, between = np.equal(groups, 1), np.equal(groups, 2)
    spread_of_ability = float(ability.std())
    level = (ability - ability.mean()) / spread_of_ability if spread_of_ability > 1e-6 else np.zeros(len(ability))
    design = np.stack([np.ones(len(able)), able, level, between], axis=1).astype(np.float64)
    used = [0, 1, *([2] if spread_of_ability > 1e-6 else []), *([3] if between.any() else [])]
    right = np.array([score.k for score in scores], dtype=np.float64)
    asked = np.array([score.n for score in scores], dtype=np.float64)
    fitted = _fitted(design, used, right, asked)
    if fitted.coefficients[2] < 0:  # ability harms nowhere; what looks like it would pass for an effect of the module
        fitted = _fitted(design, [column for column in used if column != 2], right, asked)
    compared = design[~between]
    means, slopes = [], []
    for can in (1, 0):
        compared[:, 1] = can
        chances = _chances(compared @ fitted.coefficients)
        means.append(float(chances.mean()))
        slopes.append((compared * (chances * (1 - chances))[:, None]).mean(axis=0))
    covariance = np.array(slopes) @ fitted.covariance @ np.array(slopes).T
    scale = math.sqrt(covariance[0, 0] * covariance[1, 1])
    correlation = float(np.clip(covariance[0, 1] / scale, -1, 1)) if scale > 0 else 0.0
    return EqualAbility(means[0], means[1], (float(covariance[0, 0]), float(covariance[1, 1])), correlation)


def _fitted(design: Floats, used: Sequence[int], right: Floats, asked: Floats) -> LogisticFit:
    """The regression on some columns, 0 for the others, with the variance that the variants' differences show."""
    spread = np.array([BASE_SPREAD, EFFECT_SPREAD, EFFECT_SPREAD, EFFECT_SPREAD])[list(used)]
    part = fit_logistic(design[:, used], right, asked, spread)
    chances = _chances(design[:, used] @ part.coefficients)
    expected = np.maximum(asked * chances * (1 - chances), 1e-3)
    freedom = max(1, len(right) - len(used))
    dispersion = max(1.0, float(((right - asked * chances) ** 2 / expected).sum()) / freedom)
    coefficients, covariance = np.zeros(design.shape[1]), np.zeros((design.shape[1],) * 2)
    coefficients[list(used)] = part.coefficients
    covariance[np.ix_(used, used)] = part.covariance * dispersion * _few_variants(freedom)
    return LogisticFit(coefficients, covariance)


def _few_variants(freedom: int) -> float:
    """By what a variance is to be multiplied so that 1.96 standard errors are those of Student's t."""
    from scipy.special import stdtrit  # only where a population is measured

    return float(stdtrit(freedom, 0.975) / stdtrit(math.inf, 0.975)) ** 2
