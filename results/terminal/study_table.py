"""A study as tables for the terminal: what the arms came to, and what that took."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ioa.evaluation.study_statistics import Estimate
from ioa.results.study_results import RunScores, StudyResults
from ioa.results.words import NONE, count, duration, money

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

_Column = Callable[[Sequence[RunScores]], str]
SCORES: dict[str, _Column] = {
    "right of the whole domain, by seed": lambda runs: ", ".join(f"{run.all.k}" for run in runs) + _of(runs),
    "mean": lambda runs: _percent([run.all.mean for run in runs]),
    "deficient": lambda runs: _percent([run.deficient.mean for run in runs]),
    "others": lambda runs: _percent([run.others.mean for run in runs if run.others is not None]),
    "forgotten": lambda runs: f"{_mean([run.lost for run in runs]):.0f}",
}
COSTS: dict[str, _Column] = {
    "lessons": lambda runs: count(round(_mean([run.lessons for run in runs]))),
    "own": lambda runs: count(round(_mean([run.practised for run in runs]))),
    "training tokens": lambda runs: count(round(_mean([run.training_tokens for run in runs]))),
    "teacher tokens": lambda runs: count(round(_mean([run.teacher_tokens for run in runs]))),
    "cost": lambda runs: _money([run.usd for run in runs]),
    "time": lambda runs: duration(_mean([sum(run.seconds.values()) for run in runs])),
}


def study_tables(found: StudyResults) -> "Group":
    """Scores and costs of the arms, two tables for each budget, and what is not done yet."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Table | Text] = []
    for budget in found.budgets:
        parts += [
            _table(found, budget, f"{found.name}, {budget}: final examination", SCORES),
            _table(found, budget, "what that took, mean over the seeds", COSTS),
        ]
        parts += _differences(found, budget)
    missing = [run for run in found.runs if run.scores is None]
    if missing:
        parts.append(Text(f"{len(missing)} of {len(found.runs)} runs are not finished."))
    return Group(*parts)


def _table(found: StudyResults, budget: str, title: str, columns: dict[str, _Column]) -> "Table":
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    table.add_column("arm", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right")
    for arm in found.arms:
        own = [run.scores for run in found.chosen if (run.arm, run.budget) == (arm, budget) and run.scores is not None]
        table.add_row(arm, *(cell(own) if own else NONE for cell in columns.values()))
    return table


def _differences(found: StudyResults, budget: str) -> "list[Table]":
    """The reference against the others; nothing before two arms have a seed in common."""
    from rich.table import Table

    (own,) = (one for one in found.by_budget if one.budget == budget)
    if not own.differences:
        return []
    title = f"{found.reference} against the others, on the same items"
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    table.add_column("arm", no_wrap=True)
    for name in ("seeds", "difference", "95 % interval", "p", "p, corrected", "times as many right"):
        table.add_column(name, justify="right")
    for one in own.differences:
        table.add_row(
            one.arm,
            str(one.seeds),
            f"{100 * one.difference.mean:+.1f} %",
            _interval(one.difference, 100, "+.1f"),
            NONE if one.p is None else f"{one.p:.3f}",
            NONE if one.p_holm is None else f"{one.p_holm:.3f}",
            NONE if one.ratio is None else f"{one.ratio.mean:.2f} {_interval(one.ratio, 1, '.2f')}",
        )
    return [table]


def _interval(found: Estimate, times: float, form: str) -> str:
    if found.low is None or found.high is None:
        return ""
    return f"[{times * found.low:{form}}, {times * found.high:{form}}]"


def _of(runs: Sequence[RunScores]) -> str:
    return " of " + "/".join(dict.fromkeys(str(run.all.n) for run in runs))


def _percent(shares: Sequence[float]) -> str:
    return f"{_mean(shares):.1%}" if shares else NONE


def _money(costs: Sequence[float | None]) -> str:
    known = [cost for cost in costs if cost is not None]
    return money(_mean(known) if len(known) == len(costs) else None)


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
