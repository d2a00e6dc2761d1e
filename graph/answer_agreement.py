"""The domain's own scorers: comparing two answers as they do, and seeing beforehand that they can work."""

from collections.abc import Iterator
from contextlib import closing

from ioa.agents import check_judge
from ioa.graph.config import RunConfig
from ioa.memory import Domain, Module
from ioa.memory.answer_equality import same_answer
from ioa.memory.domains.bank import ItemBank
from ioa.memory.errors import UserError
from ioa.memory.plugins import is_plugin_file
from ioa.memory.records import Generator, Source
from ioa.training import Scorers
from ioa.training.exams.scorers import refuse_file, scorer_names


def answers_agree(
    scorers: Scorers, bank: ItemBank, module: Module, level: str, problem: str, one: str, other: str
) -> bool:
    """Whether two answers to a problem of that module and level are the same.

    The scorer of the level's items, which also scores the examinations, says so; see `Scorers.same_answer`. Where the
    items of a level name different scorers, or none, equality as numbers or texts is all there is.

    Raises:
        ScoringError: the scorer cannot work.
    """
    name, family = scorer_of_level(bank, module, level)
    if not name and not family:
        return same_answer(one, other)
    return scorers.same_answer(name, problem, one, other, family)


def scorer_of_level(bank: ItemBank, module: Module, level: str) -> tuple[str, str]:
    """(scorer, family) of the level's items; two empty texts where their scorers differ, or they name none."""
    source: object = module.levels[level]
    if isinstance(source, Generator):
        return source.scorer, source.family
    items = (*bank.probes(module.id, level), *bank.seeds(module.id, level))
    names = {item.scorer for item in items}
    return (names.pop(), "") if len(names) == 1 else ("", "")


def check_scorers(config: RunConfig, named: Domain | Source) -> None:
    """See that the scorers which the domain and the config name can work, before anything is asked or paid for.

    Raises:
        UserError: there is no such scorer, an option is wrong, something it needs is missing here, a pack names one by
            its file, or the lessons are to be verified by their final answers where the domain's replies have none.
    """
    own = list(dict.fromkeys(_scorers_of_domain(named)))
    wanted = list(dict.fromkeys([*config.scorers, *own]))
    with closing(Scorers(config.scorers, judge=lambda: None)) as scorers:
        for name in wanted:
            _check_name(config, scorers, named, name)
        traits = {name: scorers.traits(name) for name in wanted}
    if any(known.needs_judge for known in traits.values()):
        for settings in config.roles.cast("judge", config.teacher):
            check_judge(settings)
    whole = sorted(name for name in own if traits[name].whole_reply)
    if whole and config.synthesis.verify:
        raise UserError(
            f"synthesis.verify: the domain has items of the scorer {whole[0]}, which grades whole replies. Lessons are "
            "verified by comparing final answers, which such items do not have, so that every lesson would be refused. "
            "Set synthesis.verify: false (--set synthesis.verify=false); the lessons are then taught unverified."
        )


def _check_name(config: RunConfig, scorers: Scorers, named: Domain | Source, name: str) -> None:
    if name in scorers:
        return
    if is_plugin_file(name):
        raise UserError(refuse_file(f"Domain {named.name}: the scorer {name!r}", name))
    where = f"scorers.{name}" if name in config.scorers else f"Domain {named.name} names the scorer {name!r}"
    raise UserError(f"{where}: there is no such scorer. Installed here: {', '.join(scorer_names())}.")


def _scorers_of_domain(named: Domain | Source) -> Iterator[str]:
    for module in named.modules:
        yield from (level.scorer for level in module.levels.values() if isinstance(level, Generator) and level.scorer)
    if isinstance(named, Source):
        yield from (item.scorer for item in named.items if item.scorer)
