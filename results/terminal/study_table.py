"""A study as tables for the terminal: what the arms came to, and what that took."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ioa.results.study_results import RunScores, StudyResults
from ioa.results.words import NONE, count, duration, money

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

_Column = Callable[[Sequence[RunScores]], str]
SCORES: dict[str, _Column] = {
    "right of the whole domain, by seed": lambda runs: ", ".join(f"{run.all.k}" for run in runs) + _of(runs),
    "mean": lambda runs: _percent([run.all.mean for run in runs]),
    "targets": lambda runs: _percent([run.targets.mean for run in runs]),
    "untouched": lambda runs: _percent([run.untouched.mean for run in runs if run.untouched is not None]),
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


def _of(runs: Sequence[RunScores]) -> str:
    return " of " + "/".join(dict.fromkeys(str(run.all.n) for run in runs))


def _percent(shares: Sequence[float]) -> str:
    return f"{_mean(shares):.1%}" if shares else NONE


def _money(costs: Sequence[float | None]) -> str:
    known = [cost for cost in costs if cost is not None]
    return money(_mean(known) if len(known) == len(costs) else None)


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
