"""The columns of a study's tables: what an arm came to and what that took, from the scores of its runs."""

from collections.abc import Callable, Sequence

from ioa.memory.clock import Activity
from ioa.results.budget_use import used_of_allowed
from ioa.results.study_results import RunScores
from ioa.results.words import NONE, count, duration, money

Column = Callable[[Sequence[RunScores]], str]
SCORES: dict[str, Column] = {
    "right of the whole domain, by seed": lambda runs: ", ".join(f"{run.all.k}" for run in runs) + _of(runs),
    "mean": lambda runs: _percent([run.all.mean for run in runs]),
    "deficient": lambda runs: _percent([run.deficient.mean for run in runs]),
    "others": lambda runs: _percent([run.others.mean for run in runs if run.others is not None]),
    "forgotten": lambda runs: f"{_mean([run.lost for run in runs]):.0f}",
    "rounds, of the mastered": lambda runs: _rounds([run.rounds for run in runs if run.rounds is not None]),
}
COSTS: dict[str, Column] = {
    "lessons": lambda runs: used_of_allowed(run.budget.lessons for run in runs),
    "own": lambda runs: count(round(_mean([run.practised for run in runs]))),
    "training tokens": lambda runs: used_of_allowed(run.budget.training_tokens for run in runs),
    "teacher tokens": lambda runs: used_of_allowed(run.budget.teacher_tokens for run in runs),
    "cost": lambda runs: _money([run.usd for run in runs]),
    "time": lambda runs: duration(_mean([sum(run.seconds.values()) for run in runs])),
    "training": lambda runs: _phase(runs, "training"),
    "student's replies": lambda runs: _phase(runs, "generation"),
    "teachers": lambda runs: _phase(runs, "teacher"),
}


def _of(runs: Sequence[RunScores]) -> str:
    return " of " + "/".join(dict.fromkeys(str(run.all.n) for run in runs))


def _phase(runs: Sequence[RunScores], activity: Activity) -> str:
    return duration(_mean([run.seconds.get(activity, 0.0) for run in runs]))


def _rounds(means: Sequence[float]) -> str:
    return f"{_mean(means):.1f}" if means else NONE


def _percent(shares: Sequence[float]) -> str:
    return f"{_mean(shares):.1%}" if shares else NONE


def _money(costs: Sequence[float | None]) -> str:
    known = [cost for cost in costs if cost is not None]
    return money(_mean(known) if len(known) == len(costs) else None)


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
