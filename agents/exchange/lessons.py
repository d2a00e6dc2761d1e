"""The Pedagogical Adapter's questions, and those of who checks its lessons."""

from typing import Annotated, Any

from pydantic import Field

from ioa.agents.exchange.base import Brief, Line, Lines, ModuleBrief, Reply, Short
from ioa.memory.records import Strategy


class SolveReply(Reply):
    """Answer to `SolveBrief`."""

    steps: Lines
    answer: Short


class SolveBrief(Brief):
    """Examinee and verifier: solve one problem, without having seen an answer."""

    task = "solve"
    reply = SolveReply
    problem: str


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
