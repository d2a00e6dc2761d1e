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


class Edge(Record):
    """`source` is a prerequisite of `target` (Eq. 3)."""

    source: str
    target: str
    strength: Unit
    """Dep(source -> target)."""
    estimator: str
    """Who says so: `pack` (the domain's author) or `teacher`."""
    evidence: str
    """In words: why."""


class BrokenEdge(Record):
    """An edge taken out because the prerequisites ran in a circle."""

    edge: Edge
    cycle: tuple[str, ...]
    """The modules of the circle, in order; the edge was its weakest."""


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
    misconceptions: tuple[Misconception, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of the targeted modules, in the order of `gaps`."""
        return tuple(gap.module for gap in self.gaps if gap.targeted)
