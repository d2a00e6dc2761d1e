"""What the tutor knows: the modules of its subject, and which of them a text is about."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import islice

from ioa.agents.exchange import ModuleBrief
from ioa.agents.tutor.skills import work
from ioa.agents.tutor.working import Operation, Worked
from ioa.memory.domain import load_domain
from ioa.memory.procedural import seed_range, supply
from ioa.memory.records import Domain, Generator, Module

_EXAMPLES = 40
"""Items of a level by which its extent is judged."""
_SAMPLES = 9_998
"""Ordinal of the range of seeds from which they are drawn; nobody is shown them."""
_SLACK = 0.9
"""Some of a level's problems are a little larger than the largest of the examples."""

_SUMS = ("add", "sum", "plus")
_PRODUCTS = ("multiplic", "multiply", "multiplies", "product", "times")
_TALES = ("story", "stories", "word")
_WORDS: dict[Operation, tuple[str, ...]] = {
    Operation.DIGIT_SUM: _SUMS,
    Operation.TABLE: (*_PRODUCTS, "table"),
    Operation.CARRYING: (*_SUMS, "carry"),
    Operation.SUBTRACTION: ("subtract", "difference", "minus", "borrow"),
    Operation.MANY_TERMS: _SUMS,
    Operation.DECIMALS: ("decimal",),
    Operation.LONG_PRODUCT: _PRODUCTS,
    Operation.DIVISION: ("division", "divide", "dividing", "quotient"),
    Operation.COMMON_DIVISOR: ("divisor", "gcd", "factor"),
    Operation.COMMON_MULTIPLE: ("multiple", "lcm"),
    Operation.FRACTION: ("fraction", "simplif", "lowest"),
    Operation.EQUATION: ("equation", "algebra", "unknown"),
    Operation.LEGS: (*_TALES, "leg", "animal"),
    Operation.STORY: (*_TALES, "everyday", "price", "age"),
}
"""How words begin that speak of an operation."""
_ALL = ("arithmetic", "calculat", "mathematic", "maths")
"""How words begin that mean the whole subject."""


@cache
def subject() -> Domain:
    """The modules that the tutor can teach."""
    return load_domain("arithmetic")


@cache
def modules() -> dict[Operation, Module]:
    """The module of each operation."""
    return {_commonest(_worked(_levels(module)[module.exam_level])): module for module in subject().modules}


def operations_in(texts: Iterable[str]) -> set[Operation]:
    """What texts are about: the operations that they name, or all where they name the subject."""
    words = re.findall(r"[a-z]+", " ".join(texts).casefold())
    if any(word.startswith(_ALL) for word in words):
        return set(Operation)
    return {operation for operation, beginnings in _WORDS.items() if any(word.startswith(beginnings) for word in words)}


def operations_of(problems: Iterable[str]) -> Counter[Operation]:
    """What problems are about; those that no skill can read are passed over."""
    return Counter(worked.head for worked in map(work, problems) if worked is not None)


def sentence(module: Module, level: str) -> str:
    """What the items of a level are like, as the tutor puts it; no two levels have the same."""
    question = next(supply(_levels(module)[level], seed=_seed())).question
    return f"{module.description} At the level {level!r}, for instance: {' '.join(question.split())}"


def generator_of(module: ModuleBrief) -> Generator | None:
    """Where problems for a module can be drawn from.

    The generator of the brief; or of what the tutor itself has called so; or of what the samples are; none where
    that is none of its skills.
    """
    if module.generator is not None:
        return module.generator
    own = _by_sentence().get(module.items)
    if own is not None:
        return own
    if module.samples:
        return _of_samples(module.samples)
    described = (known for known in subject().modules if known.description == module.description)
    return next((_levels(known)[known.exam_level] for known in described), None)


def _of_samples(samples: Sequence[str]) -> Generator | None:
    """The level with the smallest numbers to which all the samples that can be read may belong."""
    worked = [(sample, found) for sample in samples if (found := work(sample)) is not None]
    if not worked:
        return None
    module = modules()[_commonest([found for _, found in worked])]
    seen = _extent([found for _, found in worked])
    fitting = [
        level
        for level in _levels(module).values()
        if all(has >= _SLACK * want for has, want in zip(_extent_of(level.model_dump_json()), seen, strict=True))
        and all(re.search(level.where.question or "", sample) for sample, _ in worked)
        and all(re.search(level.where.answer or "", found.answer) for _, found in worked)
    ]
    exam = _levels(module)[module.exam_level]
    return min(fitting, key=lambda level: _extent_of(level.model_dump_json()), default=exam)


@cache
def _extent_of(generator: str) -> tuple[float, ...]:
    return _extent(_worked(Generator.model_validate_json(generator)))


def _extent(solved: Sequence[Worked]) -> tuple[float, ...]:
    """The largest number, and the most numbers and steps, of some problems."""
    largest = max(abs(float(number)) for worked in solved for number in worked.numbers)
    return (largest, max(len(worked.numbers) for worked in solved), max(len(worked.steps) for worked in solved))


@cache
def _by_sentence() -> dict[str, Generator]:
    return {sentence(module, name): level for module in subject().modules for name, level in _levels(module).items()}


def _levels(module: Module) -> dict[str, Generator]:
    """The levels of one of the tutor's own modules: all of them have generators."""
    return {name: level for name, level in module.levels.items() if isinstance(level, Generator)}


def _worked(level: Generator) -> list[Worked]:
    items = islice(supply(level, seed=_seed()), _EXAMPLES)
    return [worked for worked in (work(item.question) for item in items) if worked is not None]


def _commonest(solved: Sequence[Worked]) -> Operation:
    """What most of the problems are about; the more advanced method where two are as frequent."""
    counts = Counter(worked.head for worked in solved)
    order = list(Operation)
    return max(counts, key=lambda operation: (counts[operation], order.index(operation)))


def _seed() -> int:
    return seed_range(0, "samples", _SAMPLES)
