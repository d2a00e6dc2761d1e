"""Which strategies a module's lessons follow, and what is learnt of that while the run goes on.

Everything here is a pure function of what earlier examinations and lessons left in the run, so that a resumed run
chooses the same.
"""

import math
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from ioa.memory.records import (
    Assessment,
    Diagnosis,
    Domain,
    Example,
    Strategy,
    StrategyEffect,
    StrategyRecord,
    StrategyUse,
)
from ioa.memory.run_dir import Round

LOST, NEAR = 0.3, 0.75
"""Shares of the gate: below the first a student is lost, from the second on it is near."""
MANY_STEPS, FEW_STEPS = 4, 1
"""Lines of a worked solution from which a module has many steps, and up to which it has few."""
POINT = 0.05
"""Credit, in units of P_S / P_T, that one point of a rule promises."""
PRIOR_USES = 4
"""The rules weigh as much as so many examined uses."""
NOISE, NOISE_USES = 0.1, 4
"""Standard deviation of a credit as it is expected, and how many degrees of freedom that expectation weighs. Two
examinations of 24 items differ by up to 0.14 by chance alone, and two strategies share a change."""
LEAST_USES = 2
"""Uses before a strategy can be dropped or preferred."""

Taught = tuple[str, int, int]
"""(module, stage, round)."""


@dataclass(frozen=True)
class Situation:
    """What is known of a module before its lessons are asked for."""

    ratio: float
    """P_S / P_T at its last examination."""
    gate: float
    """tau_mastery."""
    steps: float = 2.0
    """Median number of lines in which a teacher works its problems."""
    misconception: str = ""
    """The finding that the lessons answer, in words."""
    proposed: tuple[Strategy, ...] = ()
    """What the Planner's teacher would take."""


_BY_WORDS: tuple[tuple[str, Strategy, float], ...] = (
    (r"step|half ?way|stops before|intermediate|carr(y|ies)|borrow|order of", Strategy.DECOMPOSE, 1.0),
    (r"no final answer|form(at)?\b|template|unreadable|not (give|state|write)s? an? answer", Strategy.FORMAT, 1.0),
    (r"wording|\bwords?\b|reads?\b|question|story|instead|wrong operation", Strategy.LANGUAGE, 1.0),
    (r"meaning|concept|understand|confus|mixes up|why\b", Strategy.CONCRETIZE, 1.0),
    (r"\b(large|long|bigger|larger|many) (numbers?|digits?|terms?)|loses track|forgets", Strategy.COGNITIVE_LOAD, 1.0),
)


def prior(situation: Situation) -> dict[Strategy, float]:
    """Points for each strategy before anything is learnt; the table is in docs/lessons.md."""
    points = dict.fromkeys(Strategy, 0.0)
    share = situation.ratio / situation.gate
    if share < LOST:
        points[Strategy.COGNITIVE_LOAD] += 1
        points[Strategy.CONCRETIZE] += 1
    elif share >= NEAR:
        points[Strategy.FORMAT] += 1
        points[Strategy.LANGUAGE] += 1
    else:
        points[Strategy.FORMAT] += 0.5
        points[Strategy.COGNITIVE_LOAD] += 0.5
    if situation.steps >= MANY_STEPS:
        points[Strategy.DECOMPOSE] += 1
    elif situation.steps <= FEW_STEPS:
        points[Strategy.FORMAT] += 0.5
    for pattern, strategy, worth in _BY_WORDS:
        if re.search(pattern, situation.misconception, re.IGNORECASE):
            points[strategy] += worth
    for strategy in situation.proposed:
        points[strategy] += 1
    return points


def choose(record: StrategyRecord, points: Mapping[Strategy, float], count: int, seed: str) -> tuple[Strategy, ...]:
    """Choose strategies by seeded Thompson sampling (Thompson 1933) with a normal model of a use's credit.

    The mean credit of a strategy has the prior N(POINT * points, noise^2 / PRIOR_USES); one value is drawn from each
    posterior, and the highest are taken. A dropped strategy is left out while another is left.

    Args:
        record: What was learnt so far.
        points: By the rules; see `prior`.
        count: How many; fewer where fewer are left, at least one.
        seed: Names the choice: the same one always comes out the same.

    Returns:
        The strategies, in their fixed order.
    """
    rng, noise = random.Random(seed), _noise(record.uses)
    known = {effect.strategy: effect for effect in record.effects}
    drawn = {}
    for strategy in Strategy:
        effect = known.get(strategy)
        n, mean = (effect.n, effect.mean) if effect else (0, 0.0)
        centre = (PRIOR_USES * POINT * points.get(strategy, 0.0) + n * mean) / (PRIOR_USES + n)
        drawn[strategy] = rng.gauss(centre, noise / math.sqrt(PRIOR_USES + n))
    left = [s for s in Strategy if not (s in known and known[s].dropped)] or list(Strategy)
    # The sort is stable: among equal draws the order of `Strategy` decides, on every machine alike.
    best = sorted(left, key=lambda strategy: -drawn[strategy])[: max(1, count)]
    return tuple(strategy for strategy in Strategy if strategy in best)


def learn(
    domain: Domain,
    diagnosis: Diagnosis | None,
    assessments: Sequence[Assessment],
    started: Mapping[Round, Round],
    examples: Iterable[Example],
    asked: Mapping[Taught, Sequence[Strategy]],
) -> StrategyRecord:
    """The effect of each strategy: how P_S / P_T of modules moved under lessons tagged with it.

    Args:
        domain: Says at which level a module is examined, where an assessment does not.
        diagnosis: The examination before the first teaching.
        assessments: Those to be learnt from, of any order.
        started: For an assessment the one whose adapter its training went on from; none: the bare student.
        examples: The accepted lessons.
        asked: What the lessons of a module and round were to follow. It counts where none of them was accepted: a
            strategy whose lessons are too long or never right has brought nothing.
    """
    uses = _uses(_changes(domain, diagnosis, assessments, started), examples, asked)
    return StrategyRecord(effects=_effects(uses), uses=uses)


@dataclass(frozen=True)
class _Change:
    module: str
    stage: int
    round: int
    before: float
    after: float

    @property
    def at(self) -> Taught:
        return self.module, self.stage, self.round


def _changes(
    domain: Domain,
    diagnosis: Diagnosis | None,
    assessments: Sequence[Assessment],
    started: Mapping[Round, Round],
) -> list[_Change]:
    """From the examination that a training started from to the one after it, of a module at the same level."""
    usual = {module.id: module.exam_level for module in domain.modules}
    bare = {
        (gap.module, usual[gap.module]): gap.student.mean / gap.teacher.mean
        for gap in (diagnosis.gaps if diagnosis else ())
        if gap.teacher.k and gap.module in usual
    }
    known: dict[Round, dict[tuple[str, str], float]] = {}
    changes = []
    for assessment in sorted(assessments, key=lambda one: (one.stage, one.round)):
        at = assessment.stage, assessment.round
        before = known.get(started[at], bare) if at in started else bare
        found = {
            (result.module, result.level or usual.get(result.module, "")): result.ratio
            for result in (*assessment.earlier, *assessment.gate)
        }
        for result in assessment.gate:
            key = (result.module, result.level or usual.get(result.module, ""))
            if key in before:
                changes.append(_Change(result.module, *at, before=before[key], after=result.ratio))
        known[at] = {**before, **found}
    return changes


def _uses(
    changes: Sequence[_Change], examples: Iterable[Example], asked: Mapping[Taught, Sequence[Strategy]]
) -> tuple[StrategyUse, ...]:
    tags: dict[Taught, list[Sequence[Strategy]]] = defaultdict(list)
    for example in examples:
        tags[example.module, example.stage, example.round].append(example.strategies)
    lessons = {change.at: tags[change.at] for change in changes}
    changes = [change for change in changes if lessons[change.at] or change.at in asked]
    means = {}
    for first in (True, False):  # a first teaching moves a module further than a remedy can
        moved = [change.after - change.before for change in changes if (change.round == 0) is first]
        means[first] = sum(moved) / len(moved) if moved else 0.0
    uses = []
    for change in changes:
        own = lessons[change.at] or [asked[change.at]]
        for strategy in Strategy:
            tagged = [tag for tag in own if strategy in tag]
            if not tagged:
                continue
            # A lesson with two strategies credits each with half: which of them helped cannot be told.
            share = min(1.0, sum(1 / len(set(tag)) for tag in tagged) / len(own))
            uses.append(
                StrategyUse(
                    strategy=strategy,
                    module=change.module,
                    stage=change.stage,
                    round=change.round,
                    lessons=len(tagged) if lessons[change.at] else 0,
                    before=change.before,
                    after=change.after,
                    share=share,
                    credit=share * (change.after - change.before - means[change.round == 0]),
                )
            )
    return tuple(uses)


def _effects(uses: Sequence[StrategyUse]) -> tuple[StrategyEffect, ...]:
    noise = _noise(uses)
    credits_ = {strategy: [use.credit for use in uses if use.strategy is strategy] for strategy in Strategy}
    means = {strategy: sum(own) / len(own) for strategy, own in credits_.items() if own}
    effects = []
    for strategy, own in credits_.items():
        n, mean = len(own), means.get(strategy, 0.0)
        others = [value for other, value in means.items() if other is not strategy]
        # Both ends of a 95 % interval.
        half = NormalDist().inv_cdf(0.975) * noise / math.sqrt(n) if n else math.inf
        judged = n >= LEAST_USES and bool(others)
        around = sum(others) / len(others) if others else 0.0
        effects.append(
            StrategyEffect(
                strategy=strategy,
                n=n,
                mean=mean,
                low=mean - half if n else None,
                high=mean + half if n else None,
                dropped=judged and mean + half < around,
                preferred=judged and mean - half > around,
            )
        )
    return tuple(effects)


def _noise(uses: Sequence[StrategyUse]) -> float:
    """Standard deviation of a credit: pooled within the strategies, drawn towards the expected one while few."""
    squares, freedom = NOISE_USES * NOISE**2, NOISE_USES
    for strategy in Strategy:
        own = [use.credit for use in uses if use.strategy is strategy]
        if len(own) > 1:
            mean = sum(own) / len(own)
            squares += sum((credit - mean) ** 2 for credit in own)
            freedom += len(own) - 1
    return math.sqrt(squares / freedom)
