"""Two runs in one chart."""

from collections.abc import Sequence

from ioa.memory.records import Score
from ioa.results.charts.chart_look import Look, Panel, rows_of_scores
from ioa.results.comparison import Comparison, ModuleSide


def comparison_charts(compared: Comparison, look: Look) -> list[Panel]:
    """What the students of both runs scored by module: in the final examination, else in the diagnosis."""
    rows = [one for one in compared.modules if _last(one.a) or _last(one.b)]
    if not rows:
        return []
    first: Sequence[Score | None] = [_last(one.a) for one in rows]
    second: Sequence[Score | None] = [_last(one.b) for one in rows]
    series = {
        f"A: {compared.a.run_id}": (look.student, "circle", first),
        f"B: {compared.b.run_id}": (look.teacher, "diamond", second),
    }
    names = [one.module for one in rows]
    label = "Score of both runs' students on each module, with 95 % intervals."
    return [rows_of_scores(look, label, names, series, "right answers, as each run measured last (%)")]


def _last(side: ModuleSide | None) -> Score | None:
    if side is None:
        return None
    return side.after or side.before
