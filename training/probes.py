"""Drawing the examination: three disjoint splits for every module."""

from typing import Annotated

from pydantic import Field

from ioa.memory.bank import ItemBank
from ioa.memory.errors import UserError
from ioa.memory.procedural import seed_range
from ioa.memory.records import Domain, Generator, Module, Probe, Record, Split
from ioa.memory.similarity import normalise


class ExaminationSettings(Record):
    """How many items each module is examined with."""

    diagnosis: Annotated[int, Field(ge=1)] = 24
    """Items a module before teaching."""
    gate: Annotated[int, Field(ge=1)] = 24
    """Items a module at the mastery gate."""
    final: Annotated[int, Field(ge=1)] = 30
    """Items a module in the final examination, which is read once, at the end."""

    def size(self, split: Split) -> int:
        """Items a module in that split."""
        return {Split.DIAGNOSIS: self.diagnosis, Split.GATE: self.gate, Split.FINAL: self.final}[split]


def build_probes(domain: Domain, settings: ExaminationSettings, seed: int, bank: ItemBank | None = None) -> list[Probe]:
    """Draw the probes of all modules and splits, each from a seed range of its own.

    No two probes have the same normalised text, whatever their module and split.

    Args:
        domain: Its modules.
        settings: How many items.
        seed: The run's.
        bank: Items of the modules that have no generator.

    Raises:
        UserError: a module has too few distinct items for three splits.
    """
    taken: set[str] = set()
    probes = []
    for ordinal, module in enumerate(domain.modules):
        for split in Split:
            first = seed_range(seed, split, ordinal)
            drawn = _split(module, split, settings.size(split), first, taken, bank or ItemBank())
            taken.update(normalise(probe.question) for probe in drawn)
            probes += drawn
    return probes


def _split(module: Module, split: Split, count: int, seed: int, taken: set[str], bank: ItemBank) -> list[Probe]:
    try:
        items = bank.draw(module, module.exam_level, seed=seed, count=count, exclude=taken)
    except UserError as error:
        raise UserError(f"Module {module.id}, {split.value} split of {count} items: {error}") from error
    return [
        Probe(
            id=f"{split.value}/{module.id}/{number:03d}",
            module=module.id,
            split=split,
            level=module.exam_level,
            question=item.question,
            answer=item.answer,
            family=module.exam.family if isinstance(module.exam, Generator) else "",
            metadata=item.metadata,
        )
        for number, item in enumerate(items)
    ]
