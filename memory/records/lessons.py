"""What the Pedagogical Adapter is asked for and what it writes, and what is learnt of its strategies."""

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ioa.memory.records.record import Record, Unit


class Difficulty(StrEnum):
    """How hard a lesson is, relative to its module."""

    INTRODUCTORY = "introductory"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


def difficulty_of(level: str, levels: Sequence[str], examined: str) -> Difficulty:
    """How hard a lesson of one of a module's levels is, easiest first, beside what is examined."""
    step = levels.index(level) - levels.index(examined)
    return Difficulty.INTERMEDIATE if not step else Difficulty.INTRODUCTORY if step < 0 else Difficulty.ADVANCED


class Kind(StrEnum):
    """Why a lesson was written."""

    CHAIN_OF_THOUGHT = "chain-of-thought"
    COUNTERFACTUAL = "counterfactual"
    REMEDIAL = "remedial"
    BRIDGING = "bridging"
    REPLAY = "replay"
    PRACTICE = "practice"
    """The student's own right solution of a new problem."""


class Strategy(StrEnum):
    """The five ways in which the Pedagogical Adapter makes a lesson fit a small student."""

    CONCRETIZE = "concretize"
    DECOMPOSE = "decompose"
    COGNITIVE_LOAD = "cognitive-load"
    FORMAT = "format"
    LANGUAGE = "language"


class Teaching(Record):
    """What a round teaches: a portion of a stage's first lessons, a remedy that the Planner decided, or all again."""

    portion: Annotated[int, Field(ge=0)] = 0
    """Number of the portion, from 1; where modules are at different ones, the highest. 0: the round is a remedy."""
    portions: Annotated[int, Field(ge=0)] = 0
    """Portions at most; 0 of a remedy."""
    remediation: Annotated[int, Field(ge=0)] = 0
    """Number of the remediation round, from 1; 0 of a portion."""
    consolidation: bool = False
    """All that was taught before is trained on together, with further lessons of what missed its gate."""
    practice: Annotated[int, Field(ge=0)] = 0
    """Number of the practice in its stage, from 1; 0 of all other rounds."""

    @property
    def words(self) -> str:
        """`portion 2 of 3`, `first lessons` where they are one, `remediation 1`, `practice 1` or `consolidation`."""
        if self.consolidation:
            return "consolidation"
        if self.practice:
            return f"practice {self.practice}"
        if self.remediation:
            return f"remediation {self.remediation}"
        return f"portion {self.portion} of {self.portions}" if self.portions > 1 else "first lessons"


class Remedy(Record):
    """What is asked for of a module in a round: what the Planner decided where it fell short, or first lessons."""

    module: str
    diagnosis: str
    """The Diagnoser's finding it answers."""
    misconception: str = ""
    """Id of that finding; empty where there is none."""
    kind: Kind
    level: str
    """The level of the module from which the lessons are drawn."""
    strategies: tuple[Strategy, ...]
    lessons: Annotated[int, Field(ge=1)]
    """How many accepted examples are asked for."""
    seeds: tuple[str, ...] = ()
    """Problems after which the lessons are to be made, a request after each in turn; where none is given, or an empty
    one, the request draws its own."""
    reason: str = ""
    """Why it is to be like this, in the Planner's words."""
    portion: Annotated[int, Field(ge=0)] = 0
    """Which portion of the module's first lessons it is, from 1; 0: a remedy."""
    portions: Annotated[int, Field(ge=0)] = 0
    """Portions of the module's first lessons at most; 0: a remedy."""

    @property
    def aim(self) -> tuple[str, ...]:
        """(module, level, misconception): what tells it from the other remedies of a round."""
        return (self.module, self.level, self.misconception)

    @property
    def place(self) -> str:
        """Its part of a request's name: module and level, and the number of the misconception where it has one."""
        number = self.misconception.rpartition("/")[2]
        return f"{self.module}/{self.level}" + (f"/misconception-{number}" if number else "")


class Example(Record):
    """One lesson that passed every check and may be taught."""

    id: str
    """Hash of module and problem, so that the same lesson cannot enter twice."""
    module: str
    stage: Annotated[int, Field(ge=1)]
    round: Annotated[int, Field(ge=0)]
    """0 for the first lessons of the stage, then one for each further portion and each remedy."""
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
    original: tuple[str, ...] = ()
    """The solution as it was before the strategies adapted it; empty where there is only one."""
    misconception: str = ""
    """Id of the finding that it is to put right; empty where there is none."""
    source: str = ""
    """Of a counterfactual: the id of the problem that was changed, an accepted example's where it is one."""
    changed: str = ""
    """Of a counterfactual: the decisive feature that was changed, in the teacher's words."""

    @property
    def aim(self) -> tuple[str, ...]:
        """(module, level, misconception), as of the remedy that asked for it."""
        return (self.module, self.level, self.misconception)

    @property
    def solution(self) -> str:
        """The text the student learns to write: the steps, then the marked final answer."""
        return "\n".join((*self.steps, f"Answer: {self.answer}"))


class SolutionTemplate(Record):
    """The one form in which all solutions of a module are written, made once in a run (strategy `format`)."""

    module: str
    lines: tuple[str, ...]
    """In angle brackets what changes from problem to problem; empty where none could be made."""
    teacher: str
    """Spec of the teacher that made it."""
    event: str
    """Id of the transcript event in which it was made."""


class RefusalReason(StrEnum):
    """The check that a lesson failed."""

    SCHEMA = "schema"
    ANSWER = "answer"
    STEPS = "steps"
    ALIGNMENT = "alignment"
    """It is not of the module and level that were asked for."""
    UNCHANGED = "unchanged"
    """A counterfactual with the problem or the answer of its source."""
    LENGTH = "length"
    CONTAMINATED = "contaminated"
    DUPLICATE = "duplicate"
    SURPLUS = "surplus"
    REPLANNED = "replanned"
    """Written ahead for a stage that was then planned otherwise."""
    UNVERIFIED = "unverified"
    """`budget.teacher_tokens` was used up before it was verified."""


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

    @property
    def id(self) -> str:
        """Hash of request, reason and text: 16 hex digits, and not those of the lesson it may be a copy of."""
        said = f"{self.batch}\n{self.reason.value}\n{self.detail}\n{self.problem}\n{self.answer}"
        return hashlib.sha256(f"refused\n{said}".encode()).hexdigest()[:16]


class TaughtLesson(Record):
    """One line of the list of what a round was trained on."""

    example: str
    """Id of the example."""
    module: str
    kind: Kind
    """As it was taught in this round: `replay` for a lesson that is mixed in against forgetting. A portion is taught
    together with the earlier portions of its modules, which keep their kind."""


class ObservedDifficulty(Record):
    """How hard a lesson was for the student that was about to be taught it."""

    example: str
    """Id of the example."""
    module: str
    difficulty: Difficulty
    """As it was asked for."""
    nll: Annotated[float, Field(ge=0)]
    """Mean negative log-likelihood of a token of its solution, in nats, with the LoRA that the round starts from."""
    tokens: Annotated[int, Field(ge=1)]
    """Tokens of the solution."""


class StrategyUse(Record):
    """One strategy in the lessons of one module and round, and what became of the module."""

    strategy: Strategy
    module: str
    stage: int
    round: int
    lessons: Annotated[int, Field(ge=0)]
    """Accepted lessons of the module and round that are tagged with it; 0 where all that it was asked for in were
    refused."""
    before: float
    """P_S / P_T of the module in the examination before."""
    after: float
    """The same in the examination after."""
    share: Unit
    """What it answers for: each lesson counts equally, and in a lesson each of its strategies."""
    credit: float
    """Its share of the change, relative to the mean change of first teachings, or of remediation rounds."""


class StrategyEffect(Record):
    """What a strategy brought so far."""

    strategy: Strategy
    n: Annotated[int, Field(ge=0)]
    """Uses that were examined."""
    mean: float
    """Mean credit of a use, in units of P_S / P_T; 0 without a use."""
    low: float | None
    """Lower end of the 95 % interval of the mean; none without a use."""
    high: float | None
    """Upper end of it."""
    dropped: bool
    """The upper end lies below the mean of the others: it is not chosen while others are left."""
    preferred: bool
    """The lower end lies above the mean of the others."""


class StrategyRecord(Record):
    """`strategies.json`: the effects, and every use that they were computed from."""

    effects: tuple[StrategyEffect, ...]
    """One of each strategy."""
    uses: tuple[StrategyUse, ...]
