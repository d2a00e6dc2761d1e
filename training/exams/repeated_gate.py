"""How certain a pass has to be at a gate that is sat again, so that trying again does not make mastery.

A student just below the threshold passes a single sitting now and then; with fresh items in each of seven sittings it
passes one of them more often than not. So the chance that a module whose true P_S / P_T lies `BELOW` under tau_mastery
passes *any* sitting of its stage is bounded by `examination.false_pass`. The first sitting is Eq. 9 as it stands,
beside a teacher that errs nowhere: the estimate decides. What it leaves of that chance is shared out evenly over the
sittings that may still come, as in tests that look at their data several times (alpha spending, Lan and DeMets 1983,
Discrete sequential boundaries for clinical trials, Biometrika 70; here with Bonferroni's inequality, since what is
examined changes between the sittings, and nothing is known of how). What a sitting does not use goes to those after it.
Of each later sitting the interval has to lie above the threshold with the least confidence that keeps to its part.

The chance of a sitting is computed exactly, over all sequences of answers, for a teacher that errs nowhere. Beside one
that errs, `reaches` asks for more certainty, in the first sitting too: with the ordinary settings the bound holds for
teachers from 0.8 on. With few items even n of n is no proof: then n of n is what is asked for, and the bound does not
hold.

A module that has passed a sitting of its stage is confirmed by Eq. 9 afterwards: it cannot pass for the first time
again.
"""

import math
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from ioa.memory.records import Score, Verdict
from ioa.training.exams.mastery_gate import reaches, verdict
from ioa.training.exams.sequential import Design

BELOW = 0.05
"""By how much the true P_S / P_T of a module that must not pass falls short of tau_mastery."""
NEVER = 1.0
"""Certainty that no answers reach: of a sitting with fewer items than the module's examination in full has."""
_STEPS = 24
"""Halvings of the range of confidences: to 1 in 10,000,000."""


def certainty(design: Design, sitting: int, most: int, false_pass: float) -> float:
    """How certain a pass has to be in a sitting of a module that has not passed one; see `Design.sure`.

    Args:
        design: Of the sittings; its `sure` is not looked at.
        sitting: Which one, from 1.
        most: Sittings of the stage at most.
        false_pass: Most chance of a false pass in all of them.
    """
    design = replace(design, sure=0.0)
    found, spent = 0.0, chance_to_pass(design, design.share - BELOW)
    for number in range(2, sitting + 1):
        left = max(1, most - number + 1)
        found = _least_certainty(design, max(0.0, false_pass - spent) / left)
        spent += chance_to_pass(replace(design, sure=found), design.share - BELOW)
    return found


@lru_cache(maxsize=1024)
def chance_to_pass(design: Design, rate: float) -> float:
    """The chance that a student with that true rate passes, beside a teacher that errs nowhere.

    Ending early is left out: where only failing comes early, it makes this chance no larger.
    """
    live, passed, looks = {0: 1.0}, 0.0, [n for n in design.looks if n >= design.full]
    for before, n in pairwise((0, *looks)):
        live = _after(live, n - before, rate)
        ends = {k: _decision(design, k, n, last=n == looks[-1]) for k in live}
        passed += sum(chance for k, chance in live.items() if ends[k] is Verdict.MASTERED)
        live = {k: chance for k, chance in live.items() if ends[k] is Verdict.NEEDS_ITEMS}
    return passed


def _decision(design: Design, k: int, n: int, *, last: bool) -> Verdict:
    """What `gate` and the examination by need make of k right of n; after the last item nothing stays open."""
    student, teacher = Score(k=k, n=n), Score(k=n, n=n)
    said = verdict(student, teacher, design.share, design.confidence, sure=design.sure)
    if last and said is Verdict.NEEDS_ITEMS:
        passes = reaches(student, teacher, round(design.share, 9), design.sure)
        return Verdict.MASTERED if passes else Verdict.NOT_MASTERED
    return said


def _after(live: dict[int, float], more: int, rate: float) -> dict[int, float]:
    new = dict[int, float]()
    for k, chance in live.items():
        for i in range(more + 1):
            new[k + i] = new.get(k + i, 0.0) + chance * math.comb(more, i) * rate**i * (1 - rate) ** (more - i)
    return new


@lru_cache(maxsize=256)
def _least_certainty(design: Design, allowed: float) -> float:
    """The least confidence with which the chance of a false pass is allowed; n of n passes with it all the same."""
    low, high, last = 0.0, 1.0, max(design.looks)
    all_right = Score(k=last, n=last)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if not reaches(all_right, all_right, round(design.share, 9), middle):
            high = middle
        elif chance_to_pass(replace(design, sure=middle), design.share - BELOW) > allowed:
            low = middle
        else:
            high = middle
    if reaches(all_right, all_right, round(design.share, 9), high):
        return high
    return low
