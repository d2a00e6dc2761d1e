"""What all briefs and replies have in common."""

from copy import deepcopy
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from ioa.memory.records import Generator, Record

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
    items: str = ""
    """What the items of that level are like, when they are written."""
    samples: tuple[str, ...] = ()
    """A few problems of that kind and level, none of them a probe."""
