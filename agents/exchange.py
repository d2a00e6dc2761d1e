"""What the agents ask a teacher and what it must answer, task by task.

A prompt is prose, from a file of `prompts/`, with one of these briefs as a fenced JSON block behind it; the
reply is JSON of the record that stands beside the brief here. A language model reads the prose and the
brief; the embedded tutor reads the brief alone.
"""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from ioa.memory.records import Generator, Record, Strategy, Unit

Line = Annotated[str, Field(json_schema_extra={"maxLength": 240})]
"""A line of text. The bound is in the schema alone: a server that enforces it ends a weak model's endless line,
and a longer one from another server is welcome."""
Short = Annotated[str, Field(coerce_numbers_to_str=True, json_schema_extra={"maxLength": 60})]
"""A final answer, by the same rule."""
Lines = Annotated[tuple[Line, ...], Field(json_schema_extra={"maxItems": 20})]
"""Worked steps, by the same rule."""


class Reply(Record):
    """A teacher's answer; fields that nobody asked for are dropped, since models like to add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@cache
def _schema(reply: type[Reply]) -> dict[str, Any]:
    return reply.model_json_schema()


class Brief(Record):
    """What a teacher is asked."""

    task: ClassVar[str]
    """Name of the task and of its prompt file."""
    reply: ClassVar[type[Reply]]
    """The form of the answer."""

    def reply_schema(self) -> dict[str, Any]:
        """The JSON Schema that a provider holds the reply to."""
        return deepcopy(_schema(self.reply))


class ModuleBrief(Record):
    """A module as a teacher is told of it."""

    id: str
    description: str
    generator: Generator | None = None
    """Where the module's items come from, at the level that is asked for, when it is procedural."""
    samples: tuple[str, ...] = ()
    """A few problems of that kind and level, none of them a probe."""


class Prerequisite(Reply):
    """One claim: `requires` must be mastered before `module`."""

    module: str
    requires: str
    strength: Unit
    """How much of `module` is out of reach without `requires`."""
    why: str


class PrerequisitesReply(Reply):
    """Answer to `PrerequisitesBrief`."""

    prerequisites: tuple[Prerequisite, ...]


class PrerequisitesBrief(Brief):
    """Diagnoser: which modules build on which?"""

    task = "prerequisites"
    reply = PrerequisitesReply
    domain: str
    modules: tuple[ModuleBrief, ...]


class SolveReply(Reply):
    """Answer to `SolveBrief`."""

    steps: Lines
    answer: Short


class SolveBrief(Brief):
    """Examinee and verifier: solve one problem, without having seen an answer."""

    task = "solve"
    reply = SolveReply
    problem: str


class FailedItem(Record):
    """A probe that the student got wrong."""

    probe: str
    question: str
    expected: str
    reply: str


class ModuleFailures(Record):
    """The wrong answers in one module."""

    module: ModuleBrief
    right: int
    asked: int
    failed: tuple[FailedItem, ...]


class Finding(Reply):
    """Why items of a module failed."""

    module: str
    misconception: str
    """One sentence about the student."""
    probes: tuple[str, ...] = ()
    """The failed items that show it."""


class AnalyseReply(Reply):
    """Answer to `AnalyseBrief`."""

    findings: tuple[Finding, ...]
    note: str
    """One or two sentences to the Curriculum Planner."""


class AnalyseBrief(Brief):
    """Diagnoser: why did these items fail?"""

    task = "analyse"
    reply = AnalyseReply
    modules: tuple[ModuleFailures, ...]
    stage: int | None = None
    """The stage that was just taught; none before the first."""


class ProposedStage(Reply):
    """A stage as the teacher would have it."""

    title: str
    modules: tuple[str, ...]
    rationale: str


class PlanReply(Reply):
    """Answer to `PlanBrief`."""

    stages: tuple[ProposedStage, ...]
    note: str
    """One or two sentences to the Pedagogical Adapter."""


class PlanBrief(Brief):
    """Planner: order the targets into stages."""

    task = "plan"
    reply = PlanReply
    targets: Mapping[str, Unit]
    """Difficulty of each target, 1 - P_S / P_T as measured."""
    prerequisites: tuple[tuple[str, str], ...]
    """(earlier, later) pairs that the stages must respect."""
    admissible: tuple[tuple[str, ...], ...]
    """A staging that respects them, from Eq. 7: the proposal may split or rename its stages."""
    largest_stage: int
    """Most modules in a stage."""


class RemedyProposal(Reply):
    """What to do about one module."""

    module: str
    level: str
    strategies: tuple[Strategy, ...]
    reason: str


class RemedyReply(Reply):
    """Answer to `RemedyBrief`."""

    remedies: tuple[RemedyProposal, ...]
    note: str
    """One or two sentences to the Pedagogical Adapter."""


class WeakModule(Record):
    """A module that missed the gate."""

    module: str
    ratio: float
    """P_S / P_T now."""
    previous: float | None
    """The same one round earlier."""
    misconception: str
    levels: tuple[str, ...]
    """Levels that lessons can be drawn from, easiest first."""
    exam_level: str
    """The one of them that is examined."""


class RemedyBrief(Brief):
    """Planner: what should the next lessons for these modules be like?"""

    task = "remedy"
    reply = RemedyReply
    weak: tuple[WeakModule, ...]
    gate: Unit
    """tau_mastery."""
    round: int


class Lesson(Reply):
    """A lesson as the teacher writes it."""

    problem: Annotated[str, Field(json_schema_extra={"maxLength": 2000})]
    steps: Lines
    answer: Short
    verification: Line = ""


class LessonsReply(Reply):
    """Answer to `LessonsBrief`."""

    lessons: tuple[Lesson, ...]


class LessonsBrief(Brief):
    """Adapter: write lessons for one module."""

    task = "lessons"
    reply = LessonsReply
    module: ModuleBrief
    level: str
    kind: str
    strategies: tuple[Strategy, ...]
    count: int
    seed: int
    """No two requests of a run have the same one, and no probe is drawn from its range: a range of
    `SEED_STRIDE` seeds begins here."""
    misconception: str = ""
    """What the lessons should put right."""
    max_words: int
    """Longest solution, steps and answer together: what the student is allowed to write."""

    def reply_schema(self) -> dict[str, Any]:
        """As many lessons as are asked for: a weak model does not know where to stop."""
        schema = super().reply_schema()
        schema["properties"]["lessons"] |= {"minItems": 1, "maxItems": self.count}
        return schema
