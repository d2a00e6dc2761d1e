"""Loading domain packs: the modules of a domain, their prerequisites and where their items come from."""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from ioa.memory import procedural
from ioa.memory.errors import UserError
from ioa.memory.records import Domain, Generator, Module
from ioa.memory.yaml_source import Locate, Location, read

GROUP = "ioa.domains"
"""Entry-point group of installed packs: each is a `Domain`, a path of a YAML pack, or a callable returning one."""


def load_domain(name_or_path: str) -> Domain:
    """Load a pack by its name or from a YAML file.

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


def _from_file(path: Path) -> Domain:
    domain, locate = read(path, Domain)
    _check(domain, str(path), locate)
    return domain


def _from_plugin(value: Any, source: str) -> Domain:
    if callable(value) and not isinstance(value, Domain):
        value = value()
    if isinstance(value, str | Path):
        return _from_file(Path(value))
    if not isinstance(value, Domain):
        raise UserError(f"{source}: gave {type(value).__name__}, expected a Domain or the path of a YAML pack.")
    _check(value, source, None)
    return value


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
    for name, generator in module.levels.items():
        yield from ((("levels", name, *location), text) for location, text in _generator_faults(generator))


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
