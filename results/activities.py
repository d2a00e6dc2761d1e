"""Where a run's time went: the student's training, its replies, the teachers, and everything else."""

from collections.abc import Mapping

from ioa.memory.clock import Timing, Work
from ioa.memory.records import Record
from ioa.results.words import NONE, count, duration, percent

OVERHEAD = "overhead"
"""The name of what is none of the activities: time in which nobody trained, wrote or waited for a teacher."""
COLUMNS = ("Activity", "Time", "Share", "Done", "Per second", "Tokens/s", "GFLOP/s", "Of the peak")
_ITEMS = {"training": "lessons", "generation": "replies", "teacher": "answers"}


class ActivitySummary(Record):
    """One of `training`, `generation`, `teacher` and `overhead`; together they are all of the time that was counted.

    Where several go on at once, their time counts towards the first of them alone.
    """

    seconds: float
    """From `clock.json`."""
    share: float | None
    """Of the time in which activities were counted; none where that is nothing."""
    items: int = 0
    """Lessons trained (each as often as it was), replies written, answers of teachers; 0 for the overhead."""
    tokens: int = 0
    """Of the lessons, prompts included; written by the student; written by teachers. Without padding."""
    items_per_second: float | None = None
    """None for the overhead, and for what nothing was done in."""
    tokens_per_second: float | None = None
    gflops: float | None = None
    """10^9 floating-point operations a second, counted as in `training/forward_cost.py`; none where that is not known.

    A token costs 2 operations a weight in the layers that it passes; when a LoRA is trained, 4.
    """
    of_peak: float | None = None
    """The same as a share of the most that the machine was seen to do; none where it was not measured."""


def summarise_activities(timing: Timing | None, peak: float | None) -> dict[str, ActivitySummary]:
    """What was done in each activity, and the overhead; empty where activities were not counted.

    Args:
        timing: What the run's clock shows.
        peak: The most GFLOP/s that the machine was seen to do.
    """
    if timing is None or not timing.activities:
        return {}
    total = timing.metered_seconds
    found: dict[str, ActivitySummary] = {name: _summary(work, total, peak) for name, work in timing.activities.items()}
    rest = max(0.0, total - sum(work.seconds for work in timing.activities.values()))
    return {**found, OVERHEAD: ActivitySummary(seconds=rest, share=_share(rest, total))}


def _summary(work: Work, total: float, peak: float | None) -> ActivitySummary:
    gflops = _share(work.flops / 1e9, work.seconds) if work.flops else None
    done = work.seconds if work.items else 0.0
    return ActivitySummary(
        seconds=work.seconds,
        share=_share(work.seconds, total),
        items=work.items,
        tokens=work.tokens,
        items_per_second=_share(work.items, done),
        tokens_per_second=_share(work.tokens, done),
        gflops=gflops,
        of_peak=_share(gflops, peak) if gflops is not None and peak else None,
    )


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def activity_rows(activities: Mapping[str, ActivitySummary]) -> list[tuple[str, ...]]:
    """A row of words for each, in the order of `COLUMNS`."""
    return [
        (
            name,
            duration(one.seconds),
            percent(one.share, 1),
            f"{count(one.items)} {_ITEMS[name]}" if one.items else NONE,
            _rate(one.items_per_second),
            _rate(one.tokens_per_second),
            _rate(one.gflops),
            percent(one.of_peak),
        )
        for name, one in activities.items()
    ]


def _rate(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}" if value < 100 else count(value)
