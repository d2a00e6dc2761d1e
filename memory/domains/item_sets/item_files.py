"""From a file or a data set to items: the format recognised or given, each item checked, the faults told."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from ioa.memory.domains.bank import item_id
from ioa.memory.domains.item_sets.fields import FieldFault, Fields, Part, constant, either
from ioa.memory.domains.item_sets.formats import FORMATS_BY_NAME, PLAIN, Format, overview, recognised
from ioa.memory.domains.item_sets.hub import read_dataset
from ioa.memory.domains.item_sets.item_faults import Fault, describe_faults
from ioa.memory.domains.item_sets.rows import Row, read_rows
from ioa.memory.domains.item_sets.texts import without_common_ending
from ioa.memory.errors import UserError
from ioa.memory.records import Record, SourceItem
from ioa.memory.slugs import slug
from ioa.memory.yaml_source import fault_text

UNNAMED = "other"
"""Name of the module of a value that has neither letter nor digit."""
_SAMPLE = 100
"""Items that a format is recognised by."""


class ItemSetSource(Record):
    """Where a set of items is, and how it is read: an entry of a pack's `items`."""

    file: str = ""
    """A file: JSON lines, JSON, CSV or Parquet."""
    dataset: str = ""
    """Instead of a file: the id of a data set on the Hugging Face hub, or a folder that `datasets` loads."""
    config: str = ""
    """Of the data set; empty: its only one."""
    split: str = ""
    """Of the data set; empty: its only one."""
    format: str = ""
    """Name of its format; empty: recognised by the fields."""
    fields: Mapping[str, str] = Field(default_factory=dict)
    """What the file calls a field, by the name that the format gives it."""
    scorer: str = ""
    """Name of the scorer of all items that name none; empty: the format's."""
    module: str = ""
    """Id of the module that all its items belong to that name none."""
    module_from: str = ""
    """Name of a field whose values become modules."""
    sample: Annotated[int, Field(ge=1)] | None = None
    """So many of its items, drawn by a hash of each: the same ones whatever their order and the seed; none: all."""
    skip_bad: bool = False
    """Leave out the items that cannot be read, and say how many."""

    @field_validator("format")
    @classmethod
    def _known(cls, name: str) -> str:
        if name and name not in FORMATS_BY_NAME:
            raise ValueError(f"there is no such format; expected one of {', '.join(FORMATS_BY_NAME)}")
        return name

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.file) == bool(self.dataset):
            raise ValueError("expected either `file` or `dataset`")
        if not self.dataset and (self.config or self.split):
            raise ValueError("`config` and `split` belong to a `dataset`")
        if self.module and self.module_from:
            raise ValueError("expected `module` or `module_from`, not both")
        return self

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self.file or " ".join(filter(None, [self.dataset, self.config, self.split]))


class ItemSet(Record):
    """What was read."""

    name: str
    """The file or the data set."""
    format: str
    """Name of the format."""
    items: tuple[SourceItem, ...]
    """Each with an id: the authors', or one that is made of its question."""
    modules: Mapping[str, str] = {}
    """The values of `module_from`, by the id of the module that is made of each."""
    skipped: tuple[Fault, ...] = ()
    """What was left out."""
    undrawn: int = 0
    """Items that `sample` left out."""


def read_item_set(
    source: ItemSetSource | Path,
    *,
    folder: Path = Path(),
    modules: Collection[str] | None = None,
    category: str = "items",
) -> ItemSet:
    """Read a set of items.

    Args:
        source: Where it is; of a path alone the format is recognised.
        folder: Where its path begins.
        modules: Ids of the modules that an item may name; none: any.
        category: That of the modules that are made of `module_from`.

    Raises:
        UserError: it cannot be read, holds no item, or, unless `skip_bad` is set, has a fault: file, line, field and
            what was expected, `SHOWN` of them at most.
    """
    entry = ItemSetSource(file=str(source)) if isinstance(source, Path) else source
    place = str(folder / Path(entry.file).expanduser()) if entry.file else entry.name
    rows = list(
        read_dataset(entry.dataset, entry.config, entry.split, folder) if entry.dataset else read_rows(Path(place))
    )
    if not rows:
        raise UserError(f"{place}: holds no item. Expected objects with `question` and `answer`, or of a known format.")
    found = [Fields(row.data, entry.fields) for row in rows if isinstance(row, Row) and isinstance(row.data, Mapping)]
    reader = _Reader(entry, _format(entry, place, found), modules, category)
    for row in rows:
        reader.read(row)
    if reader.faults and not (entry.skip_bad and reader.items):
        raise UserError(describe_faults(reader.faults))
    items = _finished(reader.format, reader.items)
    drawn = _drawn(items, entry.sample)
    left = {item.module for item in drawn}
    return ItemSet(
        name=place,
        format=reader.format.name,
        items=drawn,
        modules={id_: label for id_, label in reader.made.items() if id_ in left},
        skipped=tuple(reader.faults),
        undrawn=len(items) - len(drawn),
    )


def _format(entry: ItemSetSource, place: str, found: list[Fields]) -> Format:
    """The format that is asked for, or the one that the fields tell."""
    if entry.format:
        format_ = FORMATS_BY_NAME[entry.format]
    elif entry.fields or not found:
        format_ = PLAIN
    else:
        told_by_fields = recognised(found[:_SAMPLE])
        if told_by_fields is None:
            names = ", ".join(map(str, found[0].data)) or "none"
            raise UserError(
                f"{place}: the format is not recognised by its fields ({names}). Expected one of these: {overview()}. "
                "Or say in `fields` which of them are `question` and `answer`."
            )
        format_ = told_by_fields
    known = (*format_.fields, *PLAIN.fields)
    for name, own in entry.fields.items():
        if name.lower() not in map(str.lower, known):
            raise UserError(f"{place}: fields.{name}: {format_.name} has no such field; it has {', '.join(known)}.")
        if found and not any(name in fields for fields in found):
            there = ", ".join(map(str, found[0].data))
            raise UserError(f"{place}: fields.{name}: no item has a field {own!r}. The first has {there}.")
    return format_


@dataclass
class _Reader:
    """Makes items of rows, one after another."""

    entry: ItemSetSource
    format: Format
    modules: Collection[str] | None
    category: str
    items: list[SourceItem] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict)
    """What a module is made of, by its id."""
    _named: dict[str, str] = field(default_factory=dict)
    """Where an author's id stands."""

    def read(self, row: Row | Fault) -> None:
        """Take the item of a row, or its faults."""
        if isinstance(row, Fault):
            self.faults.append(row)
            return
        if not isinstance(row.data, Mapping):
            text = f"expected an object with `question` and `answer`, not {type(row.data).__name__}."
            self.faults.append(Fault(place=row.place, text=text))
            return
        fields = Fields(row.data, self.entry.fields)
        parts, faults = self._parts(fields)
        if not faults:
            try:
                item = SourceItem.model_validate(parts)
            except ValidationError as error:
                faults = [_field_fault(fault) for fault in error.errors()]
            else:
                faults = list(self._references(item, fields, row.place))
                if not faults:
                    self.items.append(item)
        self.faults += [Fault(place=row.place, field=field_, text=text) for field_, text in dict.fromkeys(faults)]

    def _parts(self, fields: Fields) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """The parts of an item, and what is wrong with its fields."""
        format_, made = self.format, dict[str, Any]()
        faults = [(name, "stands there twice, in upper and in lower case; keep one.") for name in fields.doubles()]
        if format_.strict and not self.entry.fields:
            known = ", ".join(format_.fields)
            faults += [
                (name, f"unknown field; known here: {known}.")
                for name in map(str, fields.data)
                if name.lower() not in format_.fields and name != self.entry.module_from
            ]
        for name, part in self._recipe().items():
            try:
                made[name] = part(fields)
            except FieldFault as error:
                faults.append((error.field, error.text))
        return made, faults

    @property
    def _id_field(self) -> str:
        return "id" if "id" in self.entry.fields else self.format.id

    def _recipe(self) -> Mapping[str, Part]:
        format_, entry = self.format, self.entry
        recipe: dict[str, Part] = {
            "question": format_.question,
            "answer": format_.answer,
            "metadata": format_.metadata,
            "id": lambda fields: fields.maybe(self._id_field).strip() if self._id_field else "",
        }
        for name, otherwise in (("module", entry.module), ("scorer", entry.scorer or format_.scorer)):
            recipe[name] = constant(otherwise)
            if name in format_.fields or name in entry.fields:
                recipe[name] = either(name, recipe[name])
        if entry.module_from:
            recipe["module"] = lambda fields: self._module_id(fields.text(entry.module_from).strip())
        return recipe

    def _module_id(self, label: str) -> str:
        """Id of the module that a label stands for."""
        id_ = f"{self.category}/{slug(label) or UNNAMED}"
        self.made.setdefault(id_, label)
        return id_

    def _references(self, item: SourceItem, fields: Fields, place: str) -> Iterator[tuple[str, str]]:
        first = self._named.setdefault(item.id, place) if item.id else place
        if first != place:
            yield fields.name(self._id_field), f"{item.id!r} is also the id of {_short(first)}."
        if item.module and self.modules is not None and item.module not in {*self.modules, *self.made}:
            known = (
                f"expected one of {', '.join(self.modules)}"
                if self.modules
                else "the pack has no `modules`; name them there"
            )
            yield fields.name("module"), f"{item.module!r} is not the id of a module of the pack; {known}."


def _short(place: str) -> str:
    """Where it is in its file."""
    before, comma, item = place.rpartition(", item ")
    return f"item {item}" if comma and before else f"line {place.rpartition(':')[2]}"


def _field_fault(fault: Any) -> tuple[str, str]:
    name, _, text = fault_text(fault, SourceItem).partition(": ")
    return name, text


def _drawn(items: tuple[SourceItem, ...], sample: int | None) -> tuple[SourceItem, ...]:
    """So many of the items, in their order; which ones depends on their texts alone."""
    if sample is None or sample >= len(items):
        return items
    by_hash = sorted(items, key=lambda item: hashlib.sha256(f"{item.question}\0{item.id}".encode()).digest())
    kept = {item.id for item in by_hash[:sample]}
    return tuple(item for item in items if item.id in kept)


def _finished(format_: Format, items: list[SourceItem]) -> tuple[SourceItem, ...]:
    """The items without what their questions have in common, each with an id."""
    questions = [item.question for item in items]
    seen: Counter[str] = Counter()
    made = []
    for item, question in zip(items, without_common_ending(questions) if format_.form_line else questions, strict=True):
        name = item.id or item_id(question)
        seen[name] += 1
        unique = name if seen[name] == 1 else f"{name}-{seen[name]}"
        made.append(item.model_copy(update={"question": question, "id": unique}))
    return tuple(made)
