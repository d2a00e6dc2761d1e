"""The Diagnoser's questions before there are modules: what the domain consists of, and what its items are."""

from typing import Annotated

from pydantic import Field

from ioa.agents.exchange.briefs import Answer, Brief, Line, ModuleBrief, Reply, Short, leave_out_unreadable
from ioa.memory.records import Record, Unit


class ProposedLevel(Reply):
    """A level of difficulty of a proposed module."""

    name: Short
    items: Line
    """What its items are like."""


class ProposedModule(Reply):
    """A module as the teacher names it."""

    name: Short
    description: Line
    """What a student who masters it can do."""
    difficulty: Unit = 0.5
    """Rough: 0 easiest, 1 hardest of the domain."""
    levels: tuple[ProposedLevel, ...] = ()


class ProposedCategory(Reply):
    """Modules that belong together."""

    name: Short
    modules: tuple[ProposedModule, ...]


class DecomposeReply(Reply):
    """Answer to `DecomposeBrief`."""

    categories: tuple[ProposedCategory, ...]


class DecomposeBrief(Brief):
    """Diagnoser: which modules does a domain consist of?"""

    task = "decompose"
    reply = DecomposeReply
    domain: str
    description: str
    topics: tuple[str, ...] = ()
    """What has to be covered; empty: what the description says."""
    samples: tuple[str, ...] = ()
    """Problems of the item set that the modules are for; none where there is no such set."""
    least: int
    most: int
    """Bounds of the number of modules."""
    levels: tuple[str, ...]
    """Names of the levels that each module has, easiest first; it is examined at the last one."""
    remark: str = ""
    """Why an earlier proposal was not what is wanted."""


class ProposedItem(Reply):
    """A problem as the teacher writes it."""

    question: Annotated[str, Field(json_schema_extra={"maxLength": 2000})]
    answer: Answer


class ItemsReply(Reply):
    """Answer to `ItemsBrief`."""

    items: Annotated[tuple[ProposedItem, ...], leave_out_unreadable(ProposedItem)]


class ItemsBrief(Brief):
    """Diagnoser: write problems with answers for one level of a module."""

    task = "items"
    reply = ItemsReply
    module: ModuleBrief
    level: str
    count: int
    avoid: tuple[str, ...] = ()
    """Problems that are there already."""
    seed: int
    """No other request of a run has the same one: a range of `SEED_STRIDE` seeds begins here."""

    def reply_schema(self) -> dict[str, object]:
        """As many items as are asked for: a weak model does not know where to stop."""
        schema = super().reply_schema()
        schema["properties"]["items"] |= {"minItems": 1, "maxItems": self.count}
        return schema


class TagItem(Record):
    """An item whose module is looked for."""

    item: str
    """Its number in this request."""
    question: str


class Tag(Reply):
    """The module of an item."""

    item: Short
    module: str = ""
    """Empty where none fits."""


class TagReply(Reply):
    """Answer to `TagBrief`."""

    tags: Annotated[tuple[Tag, ...], leave_out_unreadable(Tag)]


class TagBrief(Brief):
    """Diagnoser: to which module does each item belong?"""

    task = "tag"
    reply = TagReply
    domain: str
    modules: tuple[ModuleBrief, ...]
    items: tuple[TagItem, ...]
