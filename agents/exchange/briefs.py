"""What all briefs and replies have in common."""

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ioa.memory.records import Generator, Module, Record

Line = Annotated[str, Field(json_schema_extra={"maxLength": 240})]
"""A line of text. The bound is in the schema alone: a server that enforces it ends a weak model's endless line,
and a longer one from another server is welcome."""
Short = Annotated[str, Field(coerce_numbers_to_str=True, json_schema_extra={"maxLength": 60})]
"""A name or a number, by the same rule."""
Answer = Annotated[str, Field(coerce_numbers_to_str=True, json_schema_extra={"maxLength": 400})]
"""A final answer, by the same rule: where the answer is a list or a short program it is long."""


UNDECIDED = "\x1a"
"""Stands in a text for a backslash that may be LaTeX's and may be JSON's."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BACKSLASH = (
    "a backslash near `{}` cannot be read with certainty. Write each backslash of LaTeX and of code twice (\\\\frac, "
    "\\\\nu), and begin a new line in a text with a space or a capital letter"
)


def without_controls(value: Any) -> Any:
    """A JSON value in which control signs are replacement characters.

    An untaught student writes such signs; a teacher that quotes them would have its reply refused for LaTeX's sake.
    """
    if isinstance(value, dict):
        return {key: without_controls(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_controls(inner) for inner in value]
    return _CONTROL.sub("\ufffd", value) if isinstance(value, str) else value


def read_optional_text(value: Any) -> Any:
    """What a model wrote into a field that it may leave out: nothing is nothing, a number is its digits."""
    return "" if value is None else str(value) if isinstance(value, int | float) else value


def _listed(value: Any) -> Any:
    """Lines, also where a model wrote them as one text."""
    if isinstance(value, list | tuple):
        return [read_optional_text(line) for line in value]
    return () if value is None else value.splitlines() if isinstance(value, str) else value


Lines = Annotated[tuple[Line, ...], BeforeValidator(_listed), Field(json_schema_extra={"maxItems": 60})]
"""Worked steps, by the same rule: a program has some dozens of lines, and a list has to end. What ends the same line
said again and again is the teacher's `frequency_penalty`."""


class Reply(Record):
    """A teacher's answer; fields that nobody asked for are dropped, since models like to add some."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)  # the teacher reads them

    @model_validator(mode="after")
    def _refuse_damage(self) -> Self:
        """A control sign in a text was a backslash: kept, it would be examined and taught."""
        for value in self.__dict__.values():
            for text in value if isinstance(value, tuple) else (value,):
                damage = _CONTROL.search(text) if isinstance(text, str) else None
                if damage:
                    around = text[max(0, damage.start() - 12) : damage.end() + 12]
                    raise ValueError(_BACKSLASH.format(_CONTROL.sub(r"\\", around)))
        return self


def sift_elements(kind: type[Reply], elements: Any) -> tuple[Any, tuple[str, ...]]:
    """The elements of a list that can be read, and what is wrong with each of the others.

    Args:
        kind: What each element is to be.
        elements: What a model wrote.

    Returns:
        (elements, faults); all elements where none can be read or they are no list, so that the reply is refused.
    """
    if not isinstance(elements, list | tuple):
        return elements, ()
    good, faults = [], []
    for number, element in enumerate(elements, start=1):
        try:
            good.append(kind.model_validate(element))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "it"
            faults.append(f"{kind.__name__.lower()} {number} could not be read: {where}: {first['msg']}")
    return (good, tuple(faults)) if good else (elements, ())


def leave_out_unreadable(kind: type[Reply]) -> BeforeValidator:
    """For a list of such elements: those that cannot be read are left out, as long as one can."""
    return BeforeValidator(lambda elements: sift_elements(kind, elements)[0])


@cache
def _schema(reply: type[Reply]) -> str:
    return json.dumps(reply.model_json_schema())


class Brief(Record):
    """What a teacher is asked."""

    task: ClassVar[str]
    """Name of the task and of its prompt file."""
    reply: ClassVar[type[Reply]]
    """The form of the answer."""

    def reply_schema(self) -> dict[str, Any]:
        """The JSON Schema that a provider holds the reply to."""
        schema: dict[str, Any] = json.loads(_schema(self.reply))  # briefs change theirs; quicker than a deep copy
        return schema


class ModuleBrief(Record):
    """A module as a teacher is told of it."""

    id: str
    description: str
    generator: Generator | None = None
    """Where the module's items come from, at the level that is asked for, when it is procedural."""
    items: str = ""
    """What the items of that level are like, in words; empty where nobody has said so."""
    samples: tuple[str, ...] = ()
    """A few problems of that kind and level, none of them a probe."""


def module_brief(module: Module, level: str | None = None, samples: Sequence[str] = ()) -> ModuleBrief:
    """The module as a teacher is told of it, at that level or at the examined one."""
    source = module.levels[level or module.exam_level]
    return ModuleBrief(
        id=module.id,
        description=module.description,
        generator=source if isinstance(source, Generator) else None,
        items=source.where.words if isinstance(source, Generator) else source.items,
        samples=tuple(samples),
    )
