"""What is to be learnt, and the items that examine it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from ioa.memory.records.record import Record, Unit

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


class SourceItem(Record):
    """One problem of an item set."""

    question: Text
    answer: Annotated[Text, Field(coerce_numbers_to_str=True)]
    """The reference answer."""
    id: str = ""
    """Its name in the set; made from the question where there is none."""
    module: str = ""
    """The module it belongs to; empty where that still has to be found out."""
    scorer: str = ""
    """Name of the scorer that judges replies; empty: the answer is compared with the reference."""
    metadata: Mapping[str, Any] = {}
    """What the scorer needs beside the answer, such as choices or unit tests."""


class BankItem(Record):
    """One problem of the run's item bank."""

    id: str
    """The author's, or a hash of the normalised question: the same whatever the order of the items."""
    module: str
    level: str
    question: str
    answer: str
    origin: Literal["given", "written"]
    """From the item set, or written by the teacher."""
    verified: bool
    """Whether independent solutions came to the same answer; a given item's answer is its author's word."""
    purpose: Literal["probe", "seed"]
    """Examined, or shown to who writes lessons; never both."""
    scorer: str = ""
    """As in `SourceItem`."""
    metadata: Mapping[str, Any] = {}
    """As in `SourceItem`."""


class RefusedItem(Record):
    """An item that may be neither a probe nor a seed, and why."""

    id: str
    module: str
    """Empty where it fits none."""
    level: str = ""
    question: str
    answer: str
    origin: Literal["given", "written"]
    reason: Literal["duplicate", "answer", "untagged", "module left out"]
    detail: str


class Merged(Record):
    """A proposed module that is another one in other words."""

    kept: str
    """Id of the module that stands for both."""
    dropped: str
    """Id of the other one."""
    why: str


class Decomposition(Record):
    """How a description or an item set became a domain."""

    proposed: Annotated[int, Field(ge=0)]
    """Modules that the teacher named, or the pack."""
    modules: Annotated[int, Field(ge=0)]
    """Modules of the domain."""
    merged: tuple[Merged, ...] = ()
    difficulty: Mapping[str, Unit] = {}
    """The teacher's rough guess by module, 0 easiest; the curriculum goes by what is measured."""
    left_out: tuple[str, ...] = ()
    """Ids of modules that have too few items."""
    warnings: tuple[str, ...] = ()
    """What a person should know."""
    items: Annotated[int, Field(ge=0)]
    """Items in the bank."""
    refused: Annotated[int, Field(ge=0)]
    """Items that were refused."""


class Split(StrEnum):
    """The three disjoint sets of probes: none is ever used for another's purpose."""

    DIAGNOSIS = "diagnosis"
    GATE = "gate"
    FINAL = "final"


class Filter(Record):
    """Regular expressions that a generated item must contain to be kept."""

    question: str | None = None
    answer: str | None = None
    words: str = ""
    """The same for a teacher to read, such as "two numbers of two digits each"; it decides nothing."""


class Generator(Record):
    """A reasoning-gym family with its parameters: an endless supply of items of one kind."""

    family: str
    """Name of the family, as reasoning-gym registers it."""
    params: Mapping[str, Any] = {}
    """Keyword arguments of the family's configuration; `seed` and `size` are ours."""
    where: Filter = Filter()
    """Items that do not match are passed over."""
    scorer: str = ""
    """Name of the scorer that judges replies; empty: the family's own verifier."""


class Written(Record):
    """A level whose items are not made by a generator: a teacher or a person wrote them; see `BankItem`."""

    items: Annotated[str, Field(min_length=1)]
    """What the items of this level are like, in a sentence."""


def _kind_of_level(value: Any) -> str:
    written = isinstance(value, Written) or (isinstance(value, Mapping) and "items" in value)
    return "<Written>" if written else "<Generator>"


Level = Annotated[
    Annotated[Generator, Tag("<Generator>")] | Annotated[Written, Tag("<Written>")], Discriminator(_kind_of_level)
]
"""Where a level's items come from. A tag is in brackets so that nobody takes it for a field of his file."""


class Module(Record):
    """A knowledge module: the unit that is diagnosed, taught and examined (k in METHOD's notation)."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]
    """`category/name`, stable across runs."""
    description: Annotated[str, Field(min_length=1)]
    """What a student who masters it can do, in a sentence."""
    prerequisites: tuple[str, ...] = ()
    """Ids of modules that the domain's author says must come first."""
    levels: Annotated[Mapping[str, Level], Field(min_length=1)]
    """Levels of difficulty, easiest first, by name."""
    exam_level: str
    """The level at which the module is examined; a key of `levels`."""

    @property
    def category(self) -> str:
        """The part of the id before the slash."""
        return self.id.split("/", 1)[0]

    @property
    def exam(self) -> Generator | Written:
        """The level that is examined."""
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


class Source(Record):
    """What is to be learnt as a person names it, where a teacher still has to find or to fill its modules."""

    name: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1)]
    topics: tuple[str, ...] = ()
    """What it has to cover; empty: what the description says."""
    modules: tuple[Module, ...] = ()
    """Modules that the items belong to, where the author names them; none where the teacher does."""
    items: tuple[SourceItem, ...] = ()
    """The item set; none where the teacher writes the items."""
    warnings: tuple[str, ...] = ()
    """What a person should know of how it was read."""


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
    """The reasoning-gym family it comes from; empty: a person or a teacher wrote it."""
    metadata: Mapping[str, Any] = {}
    """What its scorer needs beside the answer."""
    scorer: str = ""
    """Name of its scorer; empty: the family's own verifier, or comparison with the reference where there is none."""
