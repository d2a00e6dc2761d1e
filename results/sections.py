"""What is drawn of a run, in which order and with which words: the same in the report and in the browser."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ioa.results import charts
from ioa.results.charts import Look, Panel
from ioa.results.facts import Facts
from ioa.results.teacher_score import teacher_notes

REMARKS = "What to know before believing these numbers"
"""Title of the remarks."""


@dataclass(frozen=True)
class Section:
    """A heading, an explanation, and charts."""

    title: str
    told: str
    teacher: bool = field(default=False, kw_only=True)
    """Whether it shows the teacher's score, of which `explain` says what it was measured on."""
    draw: Callable[[Facts, Look], list[Panel]]
    """The panels; none where the run has nothing yet to show."""
    place: Literal["beside", "half", "wide"] = "half"
    """In the browser: left of a module's story, one of two in a row, or a row to itself for a panel a stage."""

    def explain(self, facts: Facts) -> str:
        """The explanation, with what the teacher's score stands for in this run."""
        return " ".join((self.told, *(teacher_notes(facts) if self.teacher else ())))


SECTIONS = {
    "prerequisites": Section(
        "Modules and their prerequisites",
        "Foundations on the left; a thicker arrow is a stronger dependency, and one that follows from others is not "
        "drawn. Bold: taught, framed in the colour of the stage that the number names. Dashed: left out of the "
        "planning, because it closed a circle.",
        charts.prerequisite_charts,
        place="beside",
    ),
    "gaps": Section(
        "Gap before teaching",
        "The student against the teacher on items of the diagnosis, widest gap first; ▸ marks what is taught. "
        "Dots are shares of right answers, pale lines Wilson's 95 % intervals. The gap is Δ = (P_T - P_S) / P_T.",
        charts.gap_charts,
        teacher=True,
        place="beside",
    ),
    "final": Section(
        "Final examination",
        "Items that were never taught or practised and are asked once, before and after teaching, with Wilson's "
        "95 % intervals; ▸ marks what was taught, the others show what was forgotten.",
        charts.final_charts,
        place="beside",
    ),
    "mastery": Section(
        "Mastery at the gate, by round",
        "The student's score divided by the teacher's after each round: portions of first lessons, then remedies; "
        "pale lines are the student's Wilson 95 % intervals on that scale. A stage is passed where all its modules "
        "reach the gate.",
        charts.mastery_charts,
        teacher=True,
        place="wide",
    ),
    "forgetting": Section(
        "What was kept",
        "The student's score at the gate in the best round of each stage, whose adapter was kept; framed are the "
        "modules that the stage taught. A cell paler than the one to its left may be something forgotten.",
        charts.forgetting_charts,
        place="wide",
    ),
    "loss": Section(
        "Training loss",
        "Loss on the answer tokens. Pale: each step; strong: mean over a tenth of the round.",
        charts.loss_charts,
        place="wide",
    ),
    "cost": Section(
        "Cost",
        "What was asked of the teachers, of calls that were paid for; answers from the ledger cost nothing. Hatched: "
        "what brought nothing of use.",
        charts.cost_charts,
    ),
    "time": Section(
        "Time",
        "Where the run spent its time: in training and writing, waiting for a teacher, or on all else (overhead); in "
        "the nodes of its graph; and how long each agent waited for its teacher, where calls side by side count each.",
        charts.time_charts,
    ),
}
