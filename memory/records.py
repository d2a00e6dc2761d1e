"""The frozen records that every part of the program shares.

They are what the agents leave in the run directory and what the report is drawn from, so each field says
its unit and its range. Nothing here does any work beyond a closed formula.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Unit = Annotated[float, Field(ge=0, le=1)]
"""A number in [0, 1]."""

Z_95 = 1.959963984540054
"""The two-sided 95 % quantile of the standard normal distribution."""


class Record(BaseModel):
    """A frozen value; an unknown field is an error, so that a typing mistake in a file is found."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Split(StrEnum):
    """The three disjoint sets of probes: none is ever used for another's purpose."""

    DIAGNOSIS = "diagnosis"
    GATE = "gate"
    FINAL = "final"


class Difficulty(StrEnum):
    """How hard a lesson is, relative to its module."""

    INTRODUCTORY = "introductory"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class Kind(StrEnum):
    """Why a lesson was written."""

    CHAIN_OF_THOUGHT = "chain-of-thought"
    COUNTERFACTUAL = "counterfactual"
    REMEDIAL = "remedial"
    BRIDGING = "bridging"
    REPLAY = "replay"


class Strategy(StrEnum):
    """The five ways in which the Pedagogical Adapter makes a lesson fit a small student."""

    CONCRETIZE = "concretize"
    DECOMPOSE = "decompose"
    COGNITIVE_LOAD = "cognitive-load"
    FORMAT = "format"
    LANGUAGE = "language"


class Filter(Record):
    """Regular expressions that a generated item must contain to be kept."""

    question: str | None = None
    answer: str | None = None


class Generator(Record):
    """A reasoning-gym family with its parameters: an endless supply of items of one kind."""

    family: str
    """Name of the family, as reasoning-gym registers it."""
    params: Mapping[str, Any] = {}
    """Keyword arguments of the family's configuration; `seed` and `size` are ours."""
    where: Filter = Filter()
    """Items that do not match are passed over."""


class Module(Record):
    """A knowledge module: the unit that is diagnosed, taught and examined (k in METHOD's notation)."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]
    """`category/name`, stable across runs."""
    description: Annotated[str, Field(min_length=1)]
    """What a student who masters it can do, in a sentence."""
    prerequisites: tuple[str, ...] = ()
    """Ids of modules that the domain's author says must come first."""
    levels: Annotated[Mapping[str, Generator], Field(min_length=1)]
    """Levels of difficulty, easiest first, by name."""
    exam_level: str
    """The level at which the module is examined; a key of `levels`."""

    @property
    def category(self) -> str:
        """The part of the id before the slash."""
        return self.id.split("/", 1)[0]

    @property
    def exam(self) -> Generator:
        """The generator of the level that is examined."""
        return self.levels[self.exam_level]


class Domain(Record):
    """What is to be learnt: a set of modules."""

    name: str
    description: str
    modules: Annotated[tuple[Module, ...], Field(min_length=1)]

    def module(self, module_id: str) -> Module:
        """The module of that id.

        Raises:
            KeyError: there is none.
        """
        for module in self.modules:
            if module.id == module_id:
                return module
        raise KeyError(module_id)


class Probe(Record):
    """One examination item."""

    id: str
    """`split/category/name/NNN`."""
    module: str
    split: Split
    level: str
    question: str
    answer: str
    """The reference answer, as the generator gives it."""
    family: str
    """The reasoning-gym family whose verifier scores it."""
    metadata: Mapping[str, Any] = {}
    """What that verifier needs beside the answer."""


class Score(Record):
    """k right answers of n, with its uncertainty."""

    k: Annotated[int, Field(ge=0)]
    n: Annotated[int, Field(ge=0)]

    @property
    def mean(self) -> float:
        """K / n; 0 when nothing was asked."""
        return self.k / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % score interval for the mean (Wilson 1927); (0, 1) when nothing was asked."""
        if self.n == 0:
            return (0.0, 1.0)
        z2 = Z_95**2
        centre = (self.mean + z2 / (2 * self.n)) / (1 + z2 / self.n)
        half = Z_95 / (1 + z2 / self.n) * math.sqrt(self.mean * (1 - self.mean) / self.n + z2 / (4 * self.n**2))
        # rounding must not push the interval off its own mean, as it does for 0 of 7
        return (min(self.mean, max(0.0, centre - half)), max(self.mean, min(1.0, centre + half)))

    def __add__(self, other: "Score") -> "Score":
        return Score(k=self.k + other.k, n=self.n + other.n)


class ItemResult(Record):
    """How one examinee did on one probe."""

    probe: str
    module: str
    question: str
    expected: str
    reply: str
    """The whole reply, as it was written."""
    extracted: str
    """The final answer found in the reply; empty when there is none."""
    correct: bool


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


class Stage(Record):
    """One step of the curriculum (s_i in Eq. 7)."""

    number: Annotated[int, Field(ge=1)] = 1
    """Counted anew whenever a curriculum is read, so a person need not keep count."""
    title: str = ""
    modules: Annotated[tuple[str, ...], Field(min_length=1)]
    difficulty: Unit = 0.0
    """Mean over the modules of 1 - P_S / P_T, measured before teaching."""
    rationale: str = ""
    """Why these modules come here, in the Planner's words."""
    lessons: Annotated[int, Field(ge=1)] | None = None
    """Accepted lessons a module when the stage is first taught; none for `synthesis.per_module`."""


class Requirement(Record):
    """`earlier` is taught in an earlier stage than `later`."""

    earlier: str
    later: str


class Curriculum(Record):
    """The ordered stages, with what the planning had to leave open."""

    stages: tuple[Stage, ...]
    prerequisites: tuple[Requirement, ...] = ()
    """What the order of the stages respects (Eq. 7): the prerequisites among the targets."""
    warnings: tuple[str, ...] = ()
    """Steps that are steeper than tau_ZPD allows, and proposals of the teacher that were refused."""


class Remedy(Record):
    """What the Planner decided for a module that fell short."""

    module: str
    diagnosis: str
    """The Diagnoser's finding it answers."""
    kind: Kind
    level: str
    """The level of the module from which the lessons are drawn."""
    strategies: tuple[Strategy, ...]
    lessons: Annotated[int, Field(ge=1)]
    """How many accepted examples are asked for."""


class Example(Record):
    """One lesson that passed every check and may be taught."""

    id: str
    """Hash of module and problem, so that the same lesson cannot enter twice."""
    module: str
    stage: Annotated[int, Field(ge=1)]
    round: Annotated[int, Field(ge=0)]
    """0 for the first teaching, then the remediation round."""
    batch: str
    """The request that it came from; deterministic, so that a resumed run knows what it already has."""
    kind: Kind
    difficulty: Difficulty
    level: str
    strategies: tuple[Strategy, ...]
    prerequisites: tuple[str, ...]
    problem: Annotated[str, Field(min_length=1)]
    steps: Annotated[tuple[str, ...], Field(min_length=1)]
    answer: Annotated[str, Field(min_length=1)]
    verification: str
    """How the answer can be checked; not trained on."""
    teacher: str
    """Spec of the teacher that wrote it."""
    event: str
    """Id of the transcript event in which it was written."""

    @property
    def solution(self) -> str:
        """The text the student learns to write: the steps, then the marked final answer."""
        return "\n".join((*self.steps, f"Answer: {self.answer}"))


class RefusalReason(StrEnum):
    """The check that a lesson failed."""

    SCHEMA = "schema"
    ANSWER = "answer"
    STEPS = "steps"
    LENGTH = "length"
    CONTAMINATED = "contaminated"
    DUPLICATE = "duplicate"
    SURPLUS = "surplus"


class Refusal(Record):
    """A lesson that may not be taught, and why."""

    module: str
    stage: int
    round: int
    batch: str
    reason: RefusalReason
    detail: str
    """In words, with the probe or the example it collides with where there is one."""
    problem: str
    answer: str
    event: str


class GateResult(Record):
    """One module at the mastery gate (Eq. 9)."""

    module: str
    student: Score
    teacher: Score
    ratio: float
    """P_S / P_T; 0 where the teacher scored 0."""
    mastered: bool
    """ratio >= tau_mastery."""


class Assessment(Record):
    """What an examination at the gate found, after a round of training."""

    stage: int
    round: int
    gate: tuple[GateResult, ...]
    """The modules of this stage."""
    earlier: tuple[GateResult, ...] = ()
    """The modules of the stages before it: what was forgotten shows here."""
    adapter: str = ""
    """Folder of the LoRA that was examined, relative to the run; empty for the bare student."""

    @property
    def mastered(self) -> bool:
        """Eq. 9: the least ratio of the stage reaches tau_mastery."""
        return all(result.mastered for result in self.gate)


class Note(Record):
    """A short message from one agent to the next, in the shared state."""

    sender: Literal["diagnoser", "planner", "adapter", "trainer", "examiner"]
    receiver: Literal["diagnoser", "planner", "adapter", "trainer", "examiner", "user"]
    text: str
    stage: int | None = None
    round: int | None = None
