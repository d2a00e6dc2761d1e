"""What is to be learnt, and the items that examine it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from ioa.memory.records.base import Record


class Split(StrEnum):
    """The three disjoint sets of probes: none is ever used for another's purpose."""

    DIAGNOSIS = "diagnosis"
    GATE = "gate"
    FINAL = "final"


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
