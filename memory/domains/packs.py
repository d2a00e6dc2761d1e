"""Loading domains: packs that say it all, descriptions, and item sets.

A pack is a `Domain`: modules, their prerequisites and where their items come from. A description or an item set
is a `Source`, of which a teacher's decomposition makes a domain.
"""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ioa.memory.domains import procedural
from ioa.memory.domains.family_domain import PREFIX, family_domain
from ioa.memory.domains.item_sets import ItemSet, ItemSetSource, read_item_set
from ioa.memory.errors import UserError
from ioa.memory.plugins import is_plugin_file, load_plugin, open_plugin, plugin_names
from ioa.memory.records import Domain, Generator, Module, Record, Source, Written
from ioa.memory.slugs import slug
from ioa.memory.yaml_source import Locate, Location, check_data, load_yaml

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


def _entries(value: Any) -> Any:
    """A path stands for an entry with nothing but a file, and one entry for a list of it."""
    entries = value if isinstance(value, list | tuple) else [value]
    return [{"file": entry} if isinstance(entry, str) else entry for entry in entries]


class PackFile(Record):
    """A pack file that leaves something to the teacher."""

    name: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1)]
    topics: tuple[str, ...] = ()
    items: Annotated[tuple[ItemSetSource, ...], BeforeValidator(_entries)] = ()
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
    """Load a pack, a description or an item set, by its name or from a YAML or Python file; or a reasoning-gym family.

    Returns:
        A domain where the pack says it all, else what a teacher has to decompose.

    Raises:
        UserError: there is no such pack or file, or it is malformed; every fault is named with its file,
            line and field.
    """
    if name_or_path.startswith(PREFIX):
        return family_domain(name_or_path)
    path = Path(name_or_path)
    known = plugin_names(GROUP)
    if is_plugin_file(name_or_path) or name_or_path in known:
        plugin = load_plugin(GROUP, name_or_path, kind="domain")
        if callable(plugin.value):
            plugin = open_plugin(GROUP, name_or_path, kind="domain")
        return _from_plugin(plugin.value, plugin.place)
    if path.suffix in {".yaml", ".yml"} or len(path.parts) > 1:
        return _from_file(path)
    raise UserError(
        f"There is no domain {name_or_path!r}. Installed here: {', '.join(known)}. For a pack of your own give the "
        f"path of its .yaml file, or ./my_file.py:my_domain; for a family of reasoning-gym {PREFIX}FAMILY."
    )


def _from_file(path: Path) -> Domain | Source:
    data, locate = load_yaml(path)
    keys = set(data) if isinstance(data, dict) else {"modules"}
    if "modules" not in keys or "items" in keys:
        return _source(path, check_data(path, PackFile, data, locate), locate)
    domain = check_data(path, Domain, data, locate)
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
    known = [module.id for module in pack.modules]
    sets = [_read(path, number, entry, known, slug(pack.name), locate) for number, entry in enumerate(pack.items)]
    named = {module.id: module for module in pack.modules}
    for entry, found in zip(pack.items, sets, strict=True):
        for id_, label in found.modules.items():
            named.setdefault(id_, module_of_value(id_, label, entry.module_from))
    modules = tuple(map(_make_given_module, named.values() if len(named) > len(known) else pack.modules))
    if modules:
        _check(Domain(name=pack.name, description=pack.description, modules=modules), str(path), locate)
    return Source(
        name=pack.name,
        description=pack.description,
        topics=pack.topics,
        modules=modules,
        items=tuple(item for found in sets for item in found.items),
        warnings=tuple(text for found in sets for text in _left_out(found)),
    )


def module_of_value(id_: str, label: str, field: str) -> ItemModule:
    """A module that stands for a value of a field, or that items name although nobody described it."""
    told = f"Solves problems whose {field} is {label}." if label else f"Solves problems of the kind {id_}."
    return ItemModule(id=id_, description=told)


def _read(path: Path, number: int, entry: ItemSetSource, known: list[str], category: str, locate: Locate) -> ItemSet:
    """The items of an entry; what is wrong with the entry itself is told with its line in the pack."""
    if entry.module and entry.module not in known:
        where = f"{path}:{locate(('items', number, 'module'))}: items.{number}.module"
        others = f"; expected one of {', '.join(known)}" if known else ", which has no `modules`; name it there"
        raise UserError(f"{where}: {entry.module!r} is not the id of a module of the pack{others}.")
    file = path.parent / Path(entry.file).expanduser()
    if entry.file and not file.exists():
        raise UserError(f"{file}: there is no such file. The paths of `items` begin at the pack's folder.")
    return read_item_set(entry, folder=path.parent, modules=known, category=category or "items")


def _make_given_module(module: ItemModule) -> Module:
    """A module with the one level that its items make up."""
    level = Written(items=f"Those of the item set that belong to it: {module.description}")
    return Module(**module.model_dump(), levels={GIVEN: level}, exam_level=GIVEN)


def _left_out(found: ItemSet) -> Iterator[str]:
    if count := len(found.skipped):
        left = "1 faulty item of {} was" if count == 1 else f"{count} faulty items of {{}} were"
        yield f"{left.format(found.name)} left out (skip_bad); the first: {found.skipped[0]}"
    if found.undrawn:
        drawn = len(found.items)
        yield f"{drawn:,} of the {drawn + found.undrawn:,} items of {found.name} were drawn (sample)"


def _from_plugin(value: Any, source: str) -> Domain | Source:
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
