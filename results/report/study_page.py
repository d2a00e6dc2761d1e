"""The report of a study: one HTML file that needs nothing else."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from ioa.memory.redaction import redact_strings
from ioa.results.charts import LIGHT
from ioa.results.charts.study_charts import cost_charts, score_charts
from ioa.results.report.page import ESCAPES, POLICY, charts_script, open_template, page_file
from ioa.results.study_columns import COSTS, SCORES
from ioa.results.study_results import BudgetResults, RunScores, StudyResults
from ioa.results.words import NONE

CERTAIN = 0.05
"""Corrected p below which a difference is called one."""


def render_study(found: StudyResults, runs_dir: Path) -> str:
    """The page of a study, finished or not.

    Args:
        found: What came of it.
        runs_dir: Where its runs are.
    """
    from markupsafe import Markup

    charts = {"scores": score_charts(found, LIGHT), "costs": cost_charts(found, LIGHT)} if found.chosen else {}
    script, policy, trouble = charts_script() if charts else ("", POLICY, "")
    content: dict[str, object] = {
        "charts": {name: [asdict(panel) for panel in panels] for name, panels in charts.items()},
        "lessons": [],
        "transcript": None,
    }
    text = json.dumps(redact_strings(content), ensure_ascii=False, separators=(",", ":")).translate(ESCAPES)
    return open_template("study.html").render(
        study=found,
        headline=_headline(found),
        verdicts=[_verdict(found, own) for own in found.by_budget if own.scores],
        charts=charts if script else {},
        data=Markup(text),  # noqa: S704 - escaped above
        script=Markup(script),  # noqa: S704 - ours, and the library's
        policy=Markup(policy),  # noqa: S704 - ours
        page_style=Markup(page_file("report", "page.css")),  # noqa: S704 - ours
        trouble=trouble,
        score_columns=SCORES,
        cost_columns=COSTS,
        row=_row(found),
        runs_dir=str(runs_dir),
    )


def _row(found: StudyResults) -> Callable[[str, str, Callable[[Sequence[RunScores]], str]], str]:
    def row(budget: str, arm: str, cell: Callable[[Sequence[RunScores]], str]) -> str:
        own = found.of(arm, budget)
        return cell(own) if own else NONE

    return row


def _headline(found: StudyResults) -> str:
    missing = sum(run.scores is None for run in found.runs)
    if not found.chosen:
        return "No run is finished yet"
    return f"{len(found.arms)} ways of teaching" + (f", {missing} runs to do" if missing else "")


def _verdict(found: StudyResults, own: BudgetResults) -> str:
    """What the examination says of the reference, whichever way it goes."""
    mine, others = own.scores.get(found.reference), own.differences
    if mine is None or not others:
        return f"{own.budget}: {found.reference} cannot be compared yet."
    best = max(others, key=lambda one: own.scores[one.arm].mean)
    theirs = own.scores[best.arm].mean
    sure = best.p_holm is not None and best.p_holm < CERTAIN
    said = "a difference" if sure else "no difference that these seeds could show"
    ratio = f"{best.ratio.mean:.2f} times as many" if best.ratio else "nothing to compare by"
    chance = "one seed says nothing of chance" if best.p_holm is None else f"p {best.p_holm:.3f}, corrected"
    return (
        f"{own.budget}: {found.reference} has {mine.mean:.1%} of the whole domain right, the best other, {best.arm}, "
        f"{theirs:.1%}: {ratio}, {said} ({chance})."
    )
