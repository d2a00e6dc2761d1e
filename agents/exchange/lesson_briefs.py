"""The Pedagogical Adapter's questions, and those of who checks its lessons."""

from operator import not_
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from ioa.agents.exchange.briefs import Answer, Brief, Line, Lines, ModuleBrief, Reply, read_optional_text, sift_elements
from ioa.memory.records import Kind, Record, Strategy

Optional = Annotated[Line, BeforeValidator(read_optional_text), Field(exclude_if=not_)]
"""A line that not every reply has; left out of what is written where it is empty."""


class Candidate(Record):
    """A module that a problem may belong to."""

    id: str
    description: str
    sample: str = ""
    """A problem of it, none of the probes."""


class SolveReply(Reply):
    """Answer to `SolveBrief`."""

    steps: Lines
    answer: Answer
    module: Optional = ""
    """Id of the candidate that the problem belongs to; empty: no opinion, or nobody asked."""


class SolveBrief(Brief):
    """Examinee and verifier: solve one problem, without having seen an answer."""

    task = "solve"
    reply = SolveReply
    problem: str
    candidates: Annotated[tuple[Candidate, ...], Field(exclude_if=not_)] = ()
    """Modules among which the verifier is to place the problem. An examinee gets none, and its brief and the form of
    its reply do not mention them: what a student or a teacher is examined on must not depend on the curriculum."""

    def reply_schema(self) -> dict[str, Any]:
        """With a place for the module only where it is asked for."""
        schema = super().reply_schema()
        if not self.candidates:
            schema["properties"].pop("module", None)
        return schema


class SourceProblem(Record):
    """A problem that a counterfactual lesson starts from."""

    id: str
    """Of the accepted example, or what its id would be."""
    problem: str
    answer: str


class Lesson(Reply):
    """A lesson as the teacher writes it."""

    source: Optional = ""
    """Of a counterfactual: which source it changes, by its id."""
    changed: Optional = ""
    """Of a counterfactual: the decisive feature that was changed, and how."""
    problem: Annotated[str, Field(json_schema_extra={"maxLength": 2000})]
    original: Annotated[Lines, Field(exclude_if=not_)] = ()
    """The plain solution, before a strategy adapted it; its last line is `Answer: ...`."""
    steps: Lines
    """The adapted solution, which is what the student is taught."""
    answer: Answer
    verification: Annotated[Line, BeforeValidator(read_optional_text)] = ""


class TemplateReply(Reply):
    """Answer to `TemplateBrief`."""

    lines: Lines
    """The template, line by line: its labels and signs as they stand in every solution, `<...>` for what changes."""


class TemplateBrief(Brief):
    """Adapter: the one form in which all solutions of a module are written."""

    task = "template"
    reply = TemplateReply
    module: ModuleBrief
    strategies: tuple[Strategy, ...]
    """Those that its lessons follow."""
    max_words: int
    """Longest solution that the student can write."""


class LessonsReply(Reply):
    """Answer to `LessonsBrief`."""

    lessons: tuple[Lesson, ...]
    dropped: Annotated[tuple[str, ...], SkipJsonSchema(), Field(exclude_if=not_)] = ()
    """Why some of what was written is no lesson; nobody is asked for it."""

    @model_validator(mode="before")
    @classmethod
    def _sift(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        lessons, faults = sift_elements(Lesson, value.get("lessons"))
        return {**value, "lessons": lessons, "dropped": (*value.get("dropped", ()), *faults)}


class LessonsBrief(Brief):
    """Adapter: write lessons for one module."""

    task = "lessons"
    reply = LessonsReply
    module: ModuleBrief
    level: str
    kind: Kind
    strategies: tuple[Strategy, ...]
    count: int
    seed: int
    """No two requests of a run have the same one, and no probe is drawn from its range: a range of
    `SEED_STRIDE` seeds begins here."""
    seed_problem: Annotated[str, Field(exclude_if=not_)] = ""
    """The problem that the lessons are variations of, another one in each request; empty where there is none."""
    sources: Annotated[tuple[SourceProblem, ...], Field(exclude_if=not_)] = ()
    """Of a counterfactual request: the problems to be changed, one for each lesson."""
    misconception: str = ""
    """What the lessons should put right."""
    mastered: Annotated[tuple[str, ...], Field(exclude_if=not_)] = ()
    """Of a bridging request: what the student can do already, in words."""
    template: Annotated[tuple[str, ...], Field(exclude_if=not_)] = ()
    """The form of the module's solutions, the same in each request; empty where none was made."""
    max_words: int
    """Longest solution, steps and answer together: what the student is allowed to write."""

    def reply_schema(self) -> dict[str, Any]:
        """As many lessons as are asked for, since a weak model does not know where to stop; nothing that is not."""
        schema = super().reply_schema()
        schema["properties"]["lessons"] |= {"minItems": 1, "maxItems": self.count}
        lesson = schema["$defs"]["Lesson"]
        for name, wanted in (("source", self.sources), ("changed", self.sources), ("original", self.strategies)):
            if wanted:
                lesson["required"].append(name)
            else:
                del lesson["properties"][name]
        return schema
