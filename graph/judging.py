"""Comparing two answers as the domain's own verifier does."""

from ioa.agents import same_answer
from ioa.memory import Module, Probe, Split
from ioa.memory.records import Generator
from ioa.training import is_correct


def agree(module: Module, level: str, problem: str, one: str, other: str) -> bool:
    """Whether two answers to a problem of that module and level are the same.

    They are when they are equal as numbers or texts, or when the verifier of the level's family, which also scores
    the examinations, gives the second the full score where the first is right. Some of these verifiers need more of
    the problem than its text; a written problem has no more, and there the first comparison is all there is.
    """
    if same_answer(one, other):
        return True
    source: object = module.levels[level]
    if not isinstance(source, Generator) or not one.strip() or not other.strip():
        return False
    asked = Probe(
        id="lesson",
        module=module.id,
        split=Split.DIAGNOSIS,
        level=level,
        question=problem,
        answer=one.strip(),
        family=source.family,
    )
    try:
        return is_correct(asked, f"Answer: {other.strip()}")[1]
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return False
