"""A study as tables for the terminal: what the arms came to, and what that took."""

from typing import TYPE_CHECKING

from ioa.evaluation.study_statistics import Estimate
from ioa.results.study_columns import COSTS, SCORES, Column
from ioa.results.study_results import StudyResults
from ioa.results.words import NONE

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table


def study_tables(found: StudyResults) -> "Group":
    """Scores and costs of the arms, two tables for each budget, and what is not done yet."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Table | Text] = []
    for budget in found.budgets:
        parts += [
            _table(found, budget, f"{found.name}, {budget}: final examination", SCORES),
            _table(found, budget, "what that took, mean over the seeds, of what the budget allows", COSTS),
        ]
        parts += _differences(found, budget)
    missing = [run for run in found.runs if run.scores is None]
    if missing:
        parts.append(
            Text(
                f"{len(missing)} of {len(found.runs)} runs are not finished: means are over an arm's seeds that are, "
                "differences over those that both arms have."
            )
        )
    return Group(*parts)


def _table(found: StudyResults, budget: str, title: str, columns: dict[str, Column]) -> "Table":
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    table.add_column("arm", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right")
    for arm in found.arms:
        own = found.of(arm, budget)
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
