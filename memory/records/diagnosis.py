"""What the Diagnoser finds."""

from ioa.memory.records.base import Record, Unit
from ioa.memory.records.scores import Score


class Gap(Record):
    """What the Diagnoser found for one module (Eq. 2, 4, 5)."""

    module: str
    student: Score
    """P_S, on the diagnosis split."""
    teacher: Score
    """P_T, on the same items."""
    delta: float | None
    """Eq. 2, (P_T - P_S) / P_T; none where the teacher scored 0 and so cannot teach the module."""
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
    """The interval reaches down to tau_dep: with other items, or other variants, the edge might not be there."""
    estimator: str
    """Who says so; several are joined by `+`."""
    evidence: str
    """In words: why."""
    claims: tuple[Claim, ...] = ()
    """What each estimator that had a say about the pair found, also where it found nothing."""


class BrokenEdge(Record):
    """An edge taken out because the prerequisites ran in a circle."""

    edge: Edge
    cycle: tuple[str, ...]
    """The modules of the circle, in order; the edge was its weakest."""


class Dependencies(Record):
    """A prerequisite graph by itself."""

    edges: tuple[Edge, ...]
    """Without circles."""
    broken: tuple[BrokenEdge, ...] = ()
    undecided: tuple[Undecided, ...] = ()


class Misconception(Record):
    """Why items of a module failed, in the Diagnoser's words."""

    id: str = ""
    """`diagnosis/category/name/N`, or `stage-SS-round-R/category/name/N` after a round of teaching."""
    module: str
    summary: str
    """What the student gets wrong."""
    probes: tuple[str, ...] = ()
    """Ids of the failed probes that show it."""


class Diagnosis(Record):
    """Everything the Diagnoser hands to the Curriculum Planner."""

    gaps: tuple[Gap, ...]
    edges: tuple[Edge, ...]
    """The prerequisite graph, without circles."""
    broken: tuple[BrokenEdge, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    """What the measuring estimators could not find out."""
    misconceptions: tuple[Misconception, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of the targeted modules, in the order of `gaps`."""
        return tuple(gap.module for gap in self.gaps if gap.targeted)
