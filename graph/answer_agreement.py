"""The domain's own scorers: comparing two answers as they do, and seeing beforehand that they can work."""

from collections.abc import Iterator, Mapping

from ioa.agents import check_judge, same_answer
from ioa.graph.config import RunConfig
from ioa.memory import Domain, Module
from ioa.memory.domains.bank import ItemBank
from ioa.memory.errors import Stopped, UserError
from ioa.memory.records import Attempt, Generator, Source
from ioa.training import Scorers
from ioa.training.exams.program_equality import UNIT_TESTS, same_program
from ioa.training.exams.scorers import scorer_names

COMPARING: Mapping[str, str] = {
    "": "",
    "choice": "match",  # a written problem has no list of choices, and its answer is a letter
    "exact": "exact",
    "match": "match",
    "math": "math",
    "numeric": "numeric",
    UNIT_TESTS: UNIT_TESTS,
}
"""Scorers of items with a final answer or a program, and who compares two of them."""
WHOLE_REPLY = frozenset({"judge", "rouge-l"})
"""Scorers of whole replies, of which there is no final answer to be compared."""


def agree(scorers: Scorers, bank: ItemBank, module: Module, level: str, problem: str, one: str, other: str) -> bool:
    """Whether two answers to a problem of that module and level are the same.

    They are when they are equal as numbers or texts, or when the scorer of the level's items, which also scores
    the examinations, takes the second for right where the first is. Some verifiers need more of the problem than its
    text; a written problem has no more, and there the first comparison is all there is. Programs are compared by
    `same_program`.

    Raises:
        ScoringError: the scorer cannot work.
    """
    name, family = _who_compares(bank, module, level)
    if name == UNIT_TESTS:
        return same_program(scorers, problem, one, other)
    if same_answer(one, other):
        return True
    if not (name or family) or not one.strip() or not other.strip():
        return False
    asked = Attempt(question=problem, answer=one.strip(), reply=f"Answer: {other.strip()}", family=family)
    try:
        return scorers.grade([name], [asked])[0].correct
    except Stopped:
        raise
    except (UserError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return False


def _who_compares(bank: ItemBank, module: Module, level: str) -> tuple[str, str]:
    """(scorer, family) of the level's items; two empty texts where their scorers differ, or compare no answers."""
    source: object = module.levels[level]
    if isinstance(source, Generator):
        return source.scorer, source.family
    items = (*bank.probes(module.id, level), *bank.seeds(module.id, level))
    names = {item.scorer for item in items}
    return (COMPARING.get(names.pop(), ""), "") if len(names) == 1 else ("", "")


def check_scorers(config: RunConfig, named: Domain | Source) -> None:
    """See that the scorers which the domain and the config name can work, before anything is asked or paid for.

    Raises:
        UserError: there is no such scorer, an option is wrong, something it needs is missing here, or the lessons
            are to be verified by their final answers where the domain's replies have none.
    """
    wanted = list(dict.fromkeys([*config.scorers, *_named(named)]))
    for name in wanted:
        if name not in scorer_names():
            where = f"scorers.{name}" if name in config.scorers else f"Domain {named.name} names the scorer {name!r}"
            raise UserError(f"{where}: there is no such scorer. Installed here: {', '.join(scorer_names())}.")
    scorers = Scorers(config.scorers, judge=lambda: None)
    try:
        for name in wanted:
            scorers[name]
    finally:
        scorers.close()
    if "judge" in wanted:
        for settings in config.roles.cast("judge", config.teacher):
            check_judge(settings)
    whole = sorted(WHOLE_REPLY & set(_named(named)))
    if whole and config.synthesis.verify:
        raise UserError(
            f"synthesis.verify: the domain has items of the scorer {whole[0]}, which grades whole replies. Lessons are "
            "verified by comparing final answers, which such items do not have, so that every lesson would be refused. "
            "Set synthesis.verify: false (--set synthesis.verify=false); the lessons are then taught unverified."
        )


def _named(named: Domain | Source) -> Iterator[str]:
    for module in named.modules:
        yield from (level.scorer for level in module.levels.values() if isinstance(level, Generator) and level.scorer)
    if isinstance(named, Source):
        yield from (item.scorer for item in named.items if item.scorer)
