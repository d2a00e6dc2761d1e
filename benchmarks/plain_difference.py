"""Eq. 3 as a plain difference between groups: what the product's estimator was before, for comparison alone.

A part of `dependency_estimators.py`. Who can do one module is abler altogether, which this takes for a dependency; and
an edge stays whatever its uncertainty, and whatever is measured of what was stated.
"""

import statistics
from collections.abc import Mapping, Sequence
from fractions import Fraction

from ioa.agents import DiagnosisSettings, Variant
from ioa.agents.measured_prerequisites import mastery, prerequisite_strength
from ioa.memory.records import Claim, Measured, Score


def measure_by_difference(
    variants: Sequence[Variant], teacher: Mapping[str, Score], settings: DiagnosisSettings
) -> Measured:
    """Dep(i -> j) by the mean scores of those who can do i and of those who cannot; claims without an interval."""
    claims = []
    for source in teacher:
        ratios = [(mastery(variant.scores[source], teacher[source]), variant) for variant in variants]
        able = [variant for ratio, variant in ratios if ratio >= Fraction(str(settings.tau_high))]
        unable = [variant for ratio, variant in ratios if ratio < Fraction(str(settings.tau_low))]
        if min(len(able), len(unable)) < settings.population.least_variants:
            continue
        for target in teacher:
            with_it, without = (
                statistics.fmean(variant.scores[target].mean for variant in side) for side in (able, unable)
            )
            if target != source:
                strength = prerequisite_strength(with_it, without)
                claims.append(
                    Claim(
                        source=source, target=target, strength=strength, estimator="population", evidence="difference"
                    )
                )
    return Measured(claims=tuple(claims))
