"""The history of a run's rounds: what each stage's examinations found, and which round of each stage is kept."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Self

from ioa.memory.files import read_record
from ioa.memory.records import Assessment, Remedy, Teaching
from ioa.memory.run_dir import Round, RunDirectory


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

        It has most modules mastered, then the highest mean ratio (Eq. 9); of equals it forgot least of the earlier
        modules; of those it is the later one, which has seen more.
        """
        return max(self.of(stage), key=_rank, default=None)

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

        Args:
            stage: Which.
            since: The first of these rounds.
            gain: Rise of the mean ratio over the best before them that counts as something, in [0, 1].
        """
        before = [one for one in self.of(stage) if one.round < since]
        if not before:
            return False
        mastered, ratio = _quality(max(before, key=_rank))
        later = [_quality(one) for one in self.of(stage) if one.round >= since]
        return not any(count > mastered or mean > ratio + gain for count, mean in later)


def teachings(asked: Mapping[Round, Sequence[Remedy]]) -> dict[Round, Teaching]:
    """What each round taught, by what was asked for in it.

    Args:
        asked: The wishes of the rounds. Older runs have none of a stage's first round written down: it is one portion.
    """
    found: dict[Round, Teaching] = {}
    remedies: Counter[int] = Counter()
    for (stage, round_), wishes in sorted(asked.items()):
        found.setdefault((stage, 0), Teaching(portion=1, portions=1))
        portion = max((wish.portion for wish in wishes), default=0)
        remedies[stage] += not portion
        found[stage, round_] = (
            Teaching(portion=portion, portions=max(wish.portions for wish in wishes))
            if portion
            else Teaching(remediation=remedies[stage])
        )
    return found


def _rank(assessment: Assessment) -> tuple[float, ...]:
    mastered, ratio = _quality(assessment)
    kept = sum(result.ratio for result in assessment.earlier)
    # Rounded: sums of the same ratios in another order differ in the last bits, and would not count as equal.
    return mastered, round(ratio, 9), round(kept, 9), assessment.round


def _quality(assessment: Assessment) -> tuple[int, float]:
    """(modules mastered, mean ratio) of the stage's own modules."""
    ratios = [result.ratio for result in assessment.gate]
    return sum(result.mastered for result in assessment.gate), sum(ratios) / len(ratios)
