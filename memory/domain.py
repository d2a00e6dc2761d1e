"""Loading domains: packs that say it all, descriptions, and item sets.

A pack is a `Domain`: modules, their prerequisites and where their items come from. A description or an item set
is a `Source`, of which a teacher's decomposition makes a domain.
"""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ioa.memory import procedural
from ioa.memory.errors import UserError
from ioa.memory.item_sets import read_items
from ioa.memory.records import Domain, Generator, Module, Record, Source, Written
from ioa.memory.yaml_source import Locate, Location, checked, load_yaml

GROUP = "ioa.domains"
"""Entry-point group of installed packs: each is a `Domain` or a `Source`, a path of a YAML pack, or a callable
returning one."""
GIVEN = "given"
"""The one level of a module whose items a person gave."""


class ItemModule(Record):
    """A module of an item set: its items are those that name it or are tagged with it."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]
    description: Annotated[str, Field(min_length=1)]
    prerequisites: tuple[str, ...] = ()


class PackFile(Record):
    """A pack file that leaves something to the teacher."""

    name: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1)]
    topics: tuple[str, ...] = ()
    items: Annotated[tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)] = ()
    modules: tuple[ItemModule, ...] = ()


def load_domain(name_or_path: str) -> Domain:
    """Load a pack that says it all.

    Raises:
        UserError: as `load_source`, or its modules still have to be found by a teacher.
    """
    found = load_source(name_or_path)
    if isinstance(found, Source):
        raise UserError(
            f"Domain {name_or_path} leaves its modules or its items to a teacher; a run makes a domain of it."
        )
    return found


def load_source(name_or_path: str) -> Domain | Source:
    """Load a pack, a description or an item set, by its name or from a YAML file.

    Returns:
        A domain where the pack says it all, else what a teacher has to decompose.

    Raises:
        UserError: there is no such pack or file, or it is malformed; every fault is named with its file,
            line and field.
    """
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"} or len(path.parts) > 1:
        return _from_file(path)
    for entry in entry_points(group=GROUP, name=name_or_path):
        return _from_plugin(entry.load(), f"entry point {entry.name} = {entry.value}")
    known = sorted(entry.name for entry in entry_points(group=GROUP))
    raise UserError(
        f"There is no domain {name_or_path!r}. Installed here: {', '.join(known)}. "
        "For a pack of your own give the path of its .yaml file."
    )


def _from_file(path: Path) -> Domain | Source:
    data, locate = load_yaml(path)
    keys = set(data) if isinstance(data, dict) else {"modules"}
    if "modules" not in keys or "items" in keys:
        return _source(path, checked(path, PackFile, data, locate), locate)
    domain = checked(path, Domain, data, locate)
    _check(domain, str(path), locate)
    return _complete(domain)


def _complete(domain: Domain) -> Domain | Source:
    """The domain, or what is left of it for a teacher: to write the items of levels that are only described."""
    if all(isinstance(level, Generator) for module in domain.modules for level in module.levels.values()):
        return domain
    return Source(name=domain.name, description=domain.description, modules=domain.modules)


def _source(path: Path, pack: PackFile, locate: Locate) -> Source:
    for field, value in (("items", pack.items), ("topics", pack.topics)):
        if field in pack.model_fields_set and not value:
            raise UserError(f"{path}:{locate((field,))}: {field}: expected at least one, or leave the key out.")
    modules = tuple(
        Module(
            **module.model_dump(),
            levels={GIVEN: Written(items=f"Those of the item set that belong to it: {module.description}")},
            exam_level=GIVEN,
        )
        for module in pack.modules
    )
    if modules:
        _check(Domain(name=pack.name, description=pack.description, modules=modules), str(path), locate)
    known = [module.id for module in modules]
    items = [item for file in pack.items for item in read_items(path.parent / file, known)]
    return Source(name=pack.name, description=pack.description, topics=pack.topics, modules=modules, items=tuple(items))


def _from_plugin(value: Any, source: str) -> Domain | Source:
    if callable(value) and not isinstance(value, Domain | Source):
        value = value()
    if isinstance(value, str | Path):
        return _from_file(Path(value))
    if isinstance(value, Source):
        return value
    if not isinstance(value, Domain):
        raise UserError(f"{source}: gave {type(value).__name__}, expected a Domain or the path of a YAML pack.")
    _check(value, source, None)
    return _complete(value)


def _check(domain: Domain, source: str, locate: Locate | None) -> None:
    faults = []
    for location, text in _faults(domain):
        place = f"{source}:{locate(location)}" if locate else source
        faults.append((locate(location) if locate else 0, f"{place}: {'.'.join(map(str, location))}: {text}"))
    if faults:
        raise UserError("\n".join(text for _, text in sorted(faults)))


def _faults(domain: Domain) -> Iterator[tuple[Location, str]]:
    first: dict[str, int] = {}
    for number, module in enumerate(domain.modules):
        if module.id in first:
            yield ("modules", number, "id"), f"{module.id!r} is also the id of module {first[module.id]}."
        first.setdefault(module.id, number)
    for number, module in enumerate(domain.modules):
        for location, text in _module_faults(module, first):
            yield ("modules", number, *location), text
    yield from _circles(domain, first)


def _module_faults(module: Module, known: dict[str, int]) -> Iterator[tuple[Location, str]]:
    for number, required in enumerate(module.prerequisites):
        if required == module.id:
            yield ("prerequisites", number), "a module cannot require itself."
        elif required not in known:
            yield ("prerequisites", number), f"{required!r} is not the id of a module of this pack."
    if module.exam_level not in module.levels:
        yield (
            ("exam_level",),
            f"{module.exam_level!r} is not a level of this module; expected one of {', '.join(module.levels)}.",
        )
    for name, level in module.levels.items():
        if isinstance(level, Generator):
            yield from ((("levels", name, *location), text) for location, text in _generator_faults(level))


def _generator_faults(generator: Generator) -> Iterator[tuple[Location, str]]:
    sound = True
    for name in ("question", "answer"):
        try:
            re.compile(getattr(generator.where, name) or "")
        except re.error as error:
            sound = False
            yield ("where", name), f"not a regular expression: {error}."
    if not sound:
        return
    try:
        procedural.check(generator)
    except procedural.GeneratorError as error:
        yield (error.field,), str(error)


def _circles(domain: Domain, known: dict[str, int]) -> Iterator[tuple[Location, str]]:
    graph = {
        module.id: [required for required in module.prerequisites if required in known and required != module.id]
        for module in domain.modules
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))  # it lists predecessors first; a reader expects "requires"
        yield (
            ("modules", known[circle[0]], "prerequisites"),
            f"run in a circle: {' requires '.join(circle)}. Take one of them out.",
        )
