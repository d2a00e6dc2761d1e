"""The history of a run's rounds: what each stage's examinations found, and which round of each stage is kept."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, reduce
from typing import Self

from ioa.memory.files import read_record
from ioa.memory.records import Assessment, GateResult, Kind, Remedy, Teaching
from ioa.memory.run_dir import Round, RunDirectory

CONFIDENCE = 0.6
"""Of the interval by which a later round is worse than an earlier one. It is a low one on purpose: training further
usually helps or changes little, so that the later round has the benefit of small doubts and not of large ones."""


class Rounds:
    """The assessments of a run in the order of stage and round; of each stage one round is kept."""

    def __init__(self, assessments: Iterable[Assessment]) -> None:
        self.assessments = tuple(sorted(assessments, key=lambda one: (one.stage, one.round)))

    @classmethod
    def read(cls, run: RunDirectory) -> Self:
        """Those that the run has written so far.

        Raises:
            UserError: a file is there but is no assessment.
        """
        return cls(read_record(path, Assessment) for path in run.rounds_with(run.assessment).values())

    def of(self, stage: int) -> tuple[Assessment, ...]:
        """The rounds of a stage, oldest first."""
        return tuple(one for one in self.assessments if one.stage == stage)

    def before(self, stage: int, round_: int) -> "Rounds":
        """What was known before that round was examined."""
        return Rounds(one for one in self.assessments if (one.stage, one.round) < (stage, round_))

    def best(self, stage: int) -> Assessment | None:
        """The round of a stage whose adapter the next training goes on from; none before its first examination.

        It has most modules mastered (Eq. 9); of rounds with as many it is the later one, which has seen more, unless
        it is worse than chance explains: each was examined on items of its own, and the highest of several scores is
        the luckiest one. Worse is a mean ratio of the stage's modules, or of those that are watched, whose
        difference has an interval below 0 (`CONFIDENCE`).
        """
        rounds = self.of(stage)
        if not all(_own_items(one) for one in rounds):
            return max(rounds, key=_rank, default=None)
        return reduce(_better, rounds) if rounds else None

    @cached_property
    def kept(self) -> tuple[Assessment, ...]:
        """The best round of each stage, in the order of the stages."""
        best = (self.best(stage) for stage in dict.fromkeys(one.stage for one in self.assessments))
        return tuple(one for one in best if one is not None)

    @cached_property
    def starts(self) -> dict[Round, Round]:
        """For each round the one whose adapter its training went on from: the best of all that was examined before.

        The first round of a run is not in it: it went on from the bare student.
        """
        found: dict[Round, Round] = {}
        for place, one in enumerate(self.assessments):
            earlier = self.assessments[:place]
            if earlier and (best := Rounds(earlier).best(earlier[-1].stage)):
                found[one.stage, one.round] = best.stage, best.round
        return found

    def stalled(self, stage: int, *, since: int, gain: float) -> bool:
        """Whether the rounds of a stage from one on brought nothing; one that trained nothing has no examination.

        Their answers are taken together, since the best of several scores is above what it stands for.

        Args:
            stage: Which.
            since: The first of these rounds.
            gain: Rise of the mean ratio over the best before them that counts as something, in [0, 1].
        """
        best = self.before(stage, since).best(stage)
        if best is None:
            return False
        mastered, ratio = _quality(best)
        rounds = [one for one in self.of(stage) if one.round >= since]
        later = [_quality(one) for one in rounds]
        if any(count > mastered for count, _ in later):
            return False
        if all(_own_items(one) for one in rounds):
            return not rounds or _pooled_ratio(rounds) <= ratio + gain
        return not any(mean > ratio + gain for _, mean in later)


def teachings(asked: Mapping[Round, Sequence[Remedy]]) -> dict[Round, Teaching]:
    """What each round taught, by what was asked for in it.

    Args:
        asked: The wishes of the rounds. Older runs have none of a stage's first round written down: it is one portion.
    """
    found: dict[Round, Teaching] = {}
    remedies, practices = Counter[int](), Counter[int]()
    for (stage, round_), wishes in sorted(asked.items()):
        found.setdefault((stage, 0), Teaching(portion=1, portions=1))
        if wishes and wishes[0].kind is Kind.PRACTICE:
            practices[stage] += 1
            found[stage, round_] = Teaching(practice=practices[stage])
            continue
        portion = max((wish.portion for wish in wishes), default=0)
        remedies[stage] += not portion
        found[stage, round_] = (
            Teaching(portion=portion, portions=max(wish.portions for wish in wishes))
            if portion
            else Teaching(remediation=remedies[stage])
        )
    return found


def _own_items(assessment: Assessment) -> bool:
    """Whether the round was examined on items of its own; those of older runs were all examined on the same."""
    return all(result.sitting is not None for result in assessment.gate)


def _better(old: Assessment, new: Assessment) -> Assessment:
    mastered = _quality(old)[0], _quality(new)[0]
    if mastered[0] != mastered[1]:
        return new if mastered[1] > mastered[0] else old
    return old if _is_lower(new.gate, old.gate) or _is_lower(new.earlier, old.earlier) else new


def _is_lower(new: Iterable[GateResult], old: Iterable[GateResult]) -> bool:
    """Whether the mean ratio fell by more than the items explain.

    By the method of variance estimates recovery, as `contrast` does it; the teacher's score is taken as given, since
    most of it is the same on both sides.
    """
    known = {result.module: result for result in old}
    pairs = [(result, known[result.module]) for result in new if result.module in known]
    fall = sum(before.ratio - after.ratio for after, before in pairs)
    spread = sum(_room(after)[1] ** 2 + _room(before)[0] ** 2 for after, before in pairs)
    return fall > math.sqrt(spread) + 1e-9


def _room(result: GateResult) -> tuple[float, float]:
    """How far the interval of a ratio reaches below and above it."""
    if not result.ratio and not result.teacher.k:
        return 0.0, 0.0
    low, high = result.student.wilson(CONFIDENCE)
    mean, share = result.student.mean, result.teacher.mean or 1.0
    return (mean - low) / share, (high - mean) / share


def _pooled_ratio(rounds: Sequence[Assessment]) -> float:
    """Mean ratio of the modules over the answers of several rounds."""
    modules = dict.fromkeys(result.module for one in rounds for result in one.gate)
    ratios = []
    for module in modules:
        own = [result for one in rounds for result in one.gate if result.module == module]
        items = sum(result.student.n for result in own)
        ratios.append(sum(result.ratio * result.student.n for result in own) / items if items else 0.0)
    return sum(ratios) / len(ratios)


def _rank(assessment: Assessment) -> tuple[float, ...]:
    mastered, ratio = _quality(assessment)
    kept = sum(result.ratio for result in assessment.earlier)
    # Rounded: sums of the same ratios in another order differ in the last bits, and would not count as equal.
    return mastered, round(ratio, 9), round(kept, 9), assessment.round


def _quality(assessment: Assessment) -> tuple[int, float]:
    """(modules mastered, mean ratio) of the stage's own modules."""
    ratios = [result.ratio for result in assessment.gate]
    return sum(result.mastered for result in assessment.gate), sum(ratios) / len(ratios)
