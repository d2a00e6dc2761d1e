"""Whether who is to teach has a way to work a domain's problems, asked before anything is begun."""

from collections.abc import Iterator
from itertools import islice

from ioa.agents import check_methods
from ioa.graph.config import RunConfig
from ioa.memory import Domain
from ioa.memory.domains.procedural import seed_range, supply
from ioa.memory.records import Generator, Source

_MOST = 20
"""Items of a set that are looked at, spread over it."""
_OF_MODULE = 2
"""Problems of a module that are."""
_ORDINAL = 9_997
"""Of the range of seeds from which these are drawn; nobody is shown them."""


def check_teachable(config: RunConfig, named: Domain | Source) -> None:
    """See that the teacher, and who writes the lessons, can work at least some of the domain's problems.

    A language model is taken at its word; the embedded tutor says which problems it has a method for.

    Raises:
        UserError: there is none that it can work.
    """
    problems = list(_problems(config.seed, named))
    if not problems:
        return
    roles = (config.teacher, *config.roles.cast("adapter", config.teacher))
    for settings in {settings.model: settings for settings in roles}.values():
        check_methods(settings, named.name, problems)


def _problems(seed: int, named: Domain | Source) -> Iterator[str]:
    if isinstance(named, Source) and named.items:
        step = max(1, len(named.items) // _MOST)
        yield from (item.question for item in named.items[::step])
        return
    start = seed_range(seed, "samples", _ORDINAL)
    for module in named.modules:
        level: object = module.levels[module.exam_level]
        if isinstance(level, Generator):
            yield from (item.question for item in islice(supply(level, seed=start), _OF_MODULE))
