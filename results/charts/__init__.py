"""Charts as options of ECharts: pure functions of what a run has left.

Each returns the panels of a chart, none where the run has nothing yet to show. Scores are drawn in per cent; the pale
lines are Wilson's 95 % intervals.
"""

from typing import TYPE_CHECKING

from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.results.charts.chart_look import DARK, LIGHT, Look, Options, Panel
    from ioa.results.charts.prerequisite_charts import prerequisite_charts, stage_colour
    from ioa.results.charts.score_charts import final_charts, forgetting_charts, gap_charts, mastery_charts
    from ioa.results.charts.spending_charts import cost_charts, time_charts
    from ioa.results.charts.training_charts import loss_charts
else:
    import_when_used(__name__)

__all__ = [
    "DARK",
    "LIGHT",
    "Look",
    "Options",
    "Panel",
    "cost_charts",
    "final_charts",
    "forgetting_charts",
    "gap_charts",
    "loss_charts",
    "mastery_charts",
    "prerequisite_charts",
    "stage_colour",
    "time_charts",
]
