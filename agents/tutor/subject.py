"""What the tutor knows of a subject: its modules, and which of them a text is about."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from itertools import islice

from ioa.agents.exchange import ModuleBrief
from ioa.agents.tutor.skills import solve_problem
from ioa.agents.tutor.vocabulary import METHODS
from ioa.agents.tutor.working import Operation, Worked, broader
from ioa.memory.domains.packs import load_domain
from ioa.memory.domains.procedural import seed_range, supply
from ioa.memory.records import Domain, Generator, Module

SUBJECTS: dict[str, tuple[str, ...]] = {
    "arithmetic": ("arithmetic", "calculat", "mathematic", "maths"),
    "algebra": ("algebra", "mathematic", "maths"),
    "word-problems": ("word", "story", "stories", "mathematic", "maths"),
    "python": ("python", "program", "coding"),
}
"""The subjects that there is a tutor of, each a built-in domain, and how words begin that mean all of it."""

_EXAMPLES = 40
"""Items of a level by which its extent is judged."""
_SAMPLES = 9_998
"""Ordinal of the range of seeds from which they are drawn; nobody is shown them."""
_SLACK = 0.9
"""Some of a level's problems are a little larger than the largest of the examples."""


class Subject:
    """What a tutor teaches: the built-in domain of that name."""

    def __init__(self, name: str) -> None:
        self._name = name

    @staticmethod
    @cache
    def open(name: str) -> "Subject":
        """The subject of that name, one of `SUBJECTS`; the same object each time."""
        return Subject(name)

    @cached_property
    def modules(self) -> dict[Operation, Module]:
        """The module of each operation."""
        return {_commonest(_worked(_levels(module)[module.exam_level])): module for module in self._domain.modules}

    def ordered_modules(self) -> list[tuple[Operation, Module]]:
        """The operations and their modules, in the domain's order."""
        place = {module.id: number for number, module in enumerate(self._domain.modules)}
        return sorted(self.modules.items(), key=lambda pair: place[pair[1].id])

    def covered_operations(self, operations: Iterable[Operation]) -> set[Operation]:
        """Those that have a module in this subject; of another, what it is a kind of where that has one."""
        return {
            known if known in self.modules else broader(known)
            for known in operations
            if known in self.modules or broader(known) in self.modules
        }

    def operations_in(self, texts: Iterable[str]) -> set[Operation]:
        """What texts are about: the operations that they name, or all where they name the subject."""
        words = re.findall(r"[a-z]+", " ".join(texts).casefold())
        if any(word.startswith(SUBJECTS[self._name]) for word in words):
            return set(self.modules)
        return {known for known in self.modules if any(word.startswith(METHODS[known].words) for word in words)}

    def generator_of(self, module: ModuleBrief) -> Generator | None:
        """Where problems for a module can be drawn from.

        The generator of the brief; or of what the tutor itself has called so; or of what the samples are; none where
        that is none of its skills.
        """
        if module.generator is not None:
            return module.generator
        own = self._by_sentence.get(module.items)
        if own is not None:
            return own
        if module.samples:
            return self._of_samples(module.samples)
        described = (known for known in self._domain.modules if known.description == module.description)
        return next((_levels(known)[known.exam_level] for known in described), None)

    @cached_property
    def _domain(self) -> Domain:
        return load_domain(self._name)

    @cached_property
    def _by_sentence(self) -> dict[str, Generator]:
        return {
            sentence(module, name): level for module in self._domain.modules for name, level in _levels(module).items()
        }

    def _of_samples(self, samples: Sequence[str]) -> Generator | None:
        """The level with the smallest numbers to which all the samples that can be read may belong."""
        worked = [(sample, found) for sample in samples if (found := solve_problem(sample)) is not None]
        about = self.covered_operations([_commonest([found for _, found in worked])] if worked else [])
        if not about:
            return None
        module = self.modules[about.pop()]
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


def operations_of(problems: Iterable[str]) -> Counter[Operation]:
    """What problems are about; those that no skill can read are passed over."""
    return Counter(worked.head for worked in map(solve_problem, problems) if worked is not None)


def sentence(module: Module, level: str) -> str:
    """What the items of a level are like, as the tutor puts it; no two levels have the same."""
    question = next(supply(_levels(module)[level], seed=_seed())).question
    return f"{module.description} At the level {level!r}, for instance: {' '.join(question.split())}"


@cache
def _extent_of(generator: str) -> tuple[float, ...]:
    return _extent(_worked(Generator.model_validate_json(generator)))


def _extent(solved: Sequence[Worked]) -> tuple[float, ...]:
    """The largest number, and the most numbers and steps, of some problems."""
    largest = max((abs(float(number)) for worked in solved for number in worked.numbers), default=0.0)
    return (largest, max(len(worked.numbers) for worked in solved), max(len(worked.steps) for worked in solved))


def _levels(module: Module) -> dict[str, Generator]:
    """The levels of one of the tutor's own modules: all of them have generators."""
    return {name: level for name, level in module.levels.items() if isinstance(level, Generator)}


def _worked(level: Generator) -> list[Worked]:
    items = islice(supply(level, seed=_seed()), _EXAMPLES)
    return [worked for worked in (solve_problem(item.question) for item in items) if worked is not None]


def _commonest(solved: Sequence[Worked]) -> Operation:
    """What most of the problems are about; the more advanced method where two are as frequent."""
    counts = Counter(worked.head for worked in solved)
    order = list(Operation)
    return max(counts, key=lambda operation: (counts[operation], order.index(operation)))


def _seed() -> int:
    return seed_range(0, "samples", _SAMPLES)
