"""A family of reasoning-gym by its name as a domain, with levels from the family's own curriculum."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

from ioa.memory.domains import procedural
from ioa.memory.errors import UserError
from ioa.memory.records import Domain, Generator, Module

PREFIX = "reasoning-gym:"
"""What stands before the name of a family, or the names of several with commas between them."""
LEVELS = ("introductory", "standard")
"""Two neighbouring levels of a curriculum; the last is examined."""
EXAMINED = 1
"""Which of the curriculum's levels, from 0, is examined where the name does not say it: `FAMILY@LEVEL`."""
_PATIENCE = 200
"""Items that are made in search of a second one."""
_NO_CURRICULUM = frozenset({"sokoban"})
"""Families whose easiest items take minutes each: reasoning-gym 0.1.25 finds hardly any that small."""


def family_domain(name: str) -> Domain:
    """A domain with a module for each family.

    Args:
        name: `PREFIX` and the families, each perhaps with the level of its curriculum that is examined, `gcd@2`.

    Raises:
        UserError: there is no such family or level, it cannot make items without parameters, or it is named twice.
    """
    wanted = [family.strip().partition("@") for family in name.removeprefix(PREFIX).split(",")]
    families = [family for family, _, _ in wanted]
    if len(set(families)) < len(families):
        raise UserError(f"Domain {name}: names a family twice. Expected each once.")
    modules = []
    for family, _, level in wanted:
        try:
            modules.append(_module(family, level))
        except procedural.GeneratorError as error:
            raise UserError(f"Domain {name}: {error} A pack can give a family its parameters.") from error
    return Domain(
        name="-".join(families),
        description=f"Problems of reasoning-gym: {', '.join(map(_words, families))}.",
        modules=tuple(modules),
    )


def _module(family: str, level: str) -> Module:
    known = list(_curriculum(family)) or [{}]
    if level and level not in map(str, range(len(known))):
        procedural.draw(Generator(family=family), seed=0, count=1)  # or there is no such family
        raise UserError(f"The reasoning-gym family {family!r} has no level {level!r}. Expected 0 to {len(known) - 1}.")
    examined = int(level) if level else min(EXAMINED, len(known) - 1)
    taken = known[max(0, examined - 1) : examined + 1]
    levels = {
        name: Generator(family=family, params=params) for name, params in zip(LEVELS[-len(taken) :], taken, strict=True)
    }
    for generator in levels.values():
        if len(list(islice(procedural.supply(generator, seed=0, patience=_PATIENCE), 2))) < 2:
            raise UserError(
                f"The items of the reasoning-gym family {family!r} differ in nothing but symbols, which do not count "
                "when problems are compared: all of them would be one. Choose another family."
            )
    return Module(
        id=f"reasoning-gym/{family.replace('_', '-')}",
        description=f"Solves problems of the kind {_words(family)}.",
        levels=levels,
        exam_level=LEVELS[-1],
    )


def _words(family: str) -> str:
    return family.replace("_", " ")


def _curriculum(family: str) -> Iterator[Mapping[str, Any]]:
    """The parameters of the curriculum's levels that differ from the one before, easiest first."""
    import reasoning_gym  # noqa: F401 - its families register when it is imported
    from reasoning_gym.factory import CURRICULA, DATASETS

    if family not in CURRICULA or family in _NO_CURRICULUM:
        return
    curriculum = CURRICULA[family]()
    usual = asdict(DATASETS[family][1]())
    before = None
    for level in range(max(len(attribute.levels) for attribute in curriculum.attributes.values())):
        for attribute in curriculum.attributes.values():
            curriculum.set_attr_level(attribute.name, min(level, len(attribute.levels) - 1))
        try:
            config = curriculum.generate_configuration()
            if hasattr(config, "validate"):
                config.validate()
        except (AssertionError, ValueError):
            continue  # some levels of some curricula break the family's own rules; a level more or less is no harm
        params = {
            name: procedural.plain(value)
            for name, value in asdict(config).items()
            if name not in {"seed", "size"} and value != usual[name]
        }
        if params != before:
            yield params
        before = params
