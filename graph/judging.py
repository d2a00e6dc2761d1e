"""Comparing two answers as the domain's own scorer does."""

from ioa.agents import same_answer
from ioa.graph.programs import UNIT_TESTS, same_program
from ioa.memory import Module
from ioa.memory.records import Attempt, Generator
from ioa.training import Scorers


def agree(scorers: Scorers, module: Module, level: str, problem: str, one: str, other: str) -> bool:
    """Whether two answers to a problem of that module and level are the same.

    They are when they are equal as numbers or texts, or when the scorer of the level's items, which also scores
    the examinations, takes the second for right where the first is. Some verifiers need more of the problem than its
    text; a written problem has no more, and there the first comparison is all there is. Programs are compared by
    `same_program`.
    """
    if getattr(module.levels[level], "scorer", "") == UNIT_TESTS:
        return same_program(scorers, problem, one, other)
    if same_answer(one, other):
        return True
    source: object = module.levels[level]
    if not isinstance(source, Generator) or not one.strip() or not other.strip():
        return False
    asked = Attempt(question=problem, answer=one.strip(), reply=f"Answer: {other.strip()}", family=source.family)
    try:
        return scorers.grade([source.scorer], [asked])[0].correct
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return False
