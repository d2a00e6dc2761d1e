"""What the Diagnoser finds."""

from typing import Annotated

from pydantic import Field

from ioa.memory.records.record import Record, Unit
from ioa.memory.records.scores import Score


class Gap(Record):
    """What the Diagnoser found for one module (Eq. 2, 4, 5)."""

    module: str
    student: Score
    """P_S, on the diagnosis split."""
    teacher: Score
    """P_T, on as many items of the module; see `teacher_same`."""
    teacher_same: int | None = None
    """Of the student's items those on which the teacher was examined too; its other answers are to other items of the
    module. None in runs from before that was recorded."""
    delta: float | None
    """Eq. 2, (P_T - P_S) / P_T; none where the teacher scored less than `diagnosis.least_teacher` and so cannot teach
    the module."""
    severity: float
    """Eq. 4; 0 where delta is none."""
    deficient: bool
    """delta > tau_gap."""
    targeted: bool
    """Among the worst of the deficient, and so taught."""


Interval = tuple[Unit, Unit]
"""A 95 % interval, its lower and its upper end."""


class Claim(Record):
    """What one estimator says: `source` is a prerequisite of `target`, this much."""

    source: str
    target: str
    strength: Unit
    """Dep(source -> target) by this estimator (Eq. 3); 0: it found none."""
    interval: Interval | None = None
    """Of the strength; none where it was stated and not measured."""
    estimator: str
    """`pack` (the domain's author), `teacher`, `population` or `intervention`."""
    evidence: str
    """In words, with the numbers: why."""


class Undecided(Record):
    """What an estimator could not find out: nothing is claimed, neither a dependency nor its absence."""

    estimator: str
    source: str
    """The module of which it cannot be said what builds on it."""
    reason: str
    """In words, with the numbers."""


class Measured(Record):
    """What was found out by measuring the student (`population`, `intervention`)."""

    claims: tuple[Claim, ...] = ()
    """One for each estimator and pair that it could decide, those of strength 0 included."""
    undecided: tuple[Undecided, ...] = ()

    def __add__(self, other: "Measured") -> "Measured":
        return Measured(claims=self.claims + other.claims, undecided=self.undecided + other.undecided)


class Edge(Record):
    """`source` is a prerequisite of `target` (Eq. 3)."""

    source: str
    target: str
    strength: Unit
    """Dep(source -> target), of all estimators together."""
    interval: Interval | None = None
    """Of the strength; none where nobody measured it."""
    uncertain: bool = False
    """The interval reaches down to tau_dep: with other items, or other variants, the edge might not be there. Such
    edges are left out unless the settings keep them."""
    estimator: str
    """Who says so; several are joined by `+`."""
    evidence: str
    """In words: why."""
    claims: tuple[Claim, ...] = ()
    """What each estimator that had a say about the pair said by itself, also where it found nothing."""


class BrokenEdge(Record):
    """An edge taken out because the prerequisites ran in a circle."""

    edge: Edge
    cycle: tuple[str, ...]
    """The modules of the circle, in order; the edge was its weakest."""


class WrongAnswer(Record):
    """A failed item with what the student wrote: for people and the report, never for who writes lessons."""

    probe: str
    question: str
    expected: str
    reply: str


class Agreement(Record):
    """How far two independent readings of a module's wrong answers agree on what each one shows."""

    items: Annotated[int, Field(ge=0)]
    """Wrong answers that both readings placed under a misconception, or under none."""
    same: Annotated[int, Field(ge=0)]
    """Those of them that both placed alike."""
    kappa: Annotated[float, Field(ge=-1, le=1)] | None
    """Cohen's kappa (Cohen 1960): 1 for full agreement, 0 for what chance would bring; none where chance alone
    would bring full agreement, because everything was placed alike."""


class Prerequisites(Record):
    """A prerequisite graph by itself."""

    edges: tuple[Edge, ...]
    """Without circles."""
    broken: tuple[BrokenEdge, ...] = ()
    left_out: tuple[Edge, ...] = ()
    """Pairs that somebody puts above tau_dep and that are no edges: all together put them lower, or the interval of
    what was measured reaches down to tau_dep."""
    undecided: tuple[Undecided, ...] = ()


class Misconception(Record):
    """Why items of a module failed, in the Diagnoser's words, and what a second, blind reading made of it."""

    id: str = ""
    """`diagnosis/category/name/N`, or `stage-SS-round-R/category/name/N` after a round of teaching."""
    module: str
    summary: str
    """What the student gets wrong; without anything that gives an examined item away."""
    invented_example: str = ""
    """A problem that was made up for it, with the wrong result: part of what writers of lessons are told."""
    probes: tuple[str, ...] = ()
    """Ids of the failed probes that show it by both readings."""
    named: tuple[str, ...] = ()
    """Ids of those that show it by the first reading, which found it."""
    failed: Annotated[int, Field(ge=0)] = 0
    """Wrong answers of the module, all of which were read."""
    examples: tuple[WrongAnswer, ...] = ()
    """A few of them; they must not reach a lesson."""
    agreement: Agreement | None = None
    """Of the two readings, over the whole module; none where the second could not be had."""
    refused: str = ""
    """Why it is not acted upon; empty for a confirmed one."""

    @property
    def told(self) -> str:
        """What is said of it to those who write lessons."""
        return (
            f"{self.summary.rstrip('. ')}. For example: {self.invented_example}"
            if self.invented_example
            else self.summary
        )

    @property
    def share(self) -> float:
        """Share of the module's wrong answers that show it by both readings, in [0, 1]."""
        return len(self.probes) / self.failed if self.failed else 0.0


class Diagnosis(Record):
    """Everything the Diagnoser hands to the Curriculum Planner."""

    gaps: tuple[Gap, ...]
    edges: tuple[Edge, ...]
    """The prerequisite graph, without circles."""
    broken: tuple[BrokenEdge, ...] = ()
    left_out: tuple[Edge, ...] = ()
    """Pairs that somebody puts above tau_dep and that are no edges; as in `Prerequisites`."""
    undecided: tuple[Undecided, ...] = ()
    """What the measuring estimators could not find out."""
    misconceptions: tuple[Misconception, ...] = ()
    """The confirmed ones: by module, the commonest first."""
    unconfirmed: tuple[Misconception, ...] = ()
    """Those that the second reading did not bear out, with the reason."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of the targeted modules, in the order of `gaps`."""
        return tuple(gap.module for gap in self.gaps if gap.targeted)
