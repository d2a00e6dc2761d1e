"""Items that no generator makes: as a person gives them, and as a run keeps them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

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
