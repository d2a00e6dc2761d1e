"""Drawing the examination: three disjoint splits for every module, and spare items for where those leave a doubt."""

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import islice

from ioa.memory.domains.bank import ItemBank
from ioa.memory.domains.procedural import Item, level_seed, seed_range, supply
from ioa.memory.errors import UserError
from ioa.memory.records import Domain, Generator, Module, Probe, Split
from ioa.training.settings.examination import ExaminationSettings

ROOM = 4
"""Spare items are set aside only where a module's supply is that many times as large as all its probes: of a small
supply each item is better spent on a lesson."""
LESSONS_ROOM = 2
"""A module has at least so many times as many different problems as are examined: the others are for lessons."""
_PATIENCE = 500
"""Items in a row that bring nothing new before a supply counts as small."""


def build_probes(domain: Domain, settings: ExaminationSettings, seed: int, bank: ItemBank | None = None) -> list[Probe]:
    """Draw the probes of all modules and splits, each from a seed range of its own.

    No two probes ask the same, whatever their module, split, wording and order (`item_key`). A module's probes of a
    split stand together, the spare ones last. Of a module with few different problems half at most are examined, so
    that something is left to teach: its splits are smaller then, in the same proportions.

    Args:
        domain: Its modules.
        settings: How many items.
        seed: The run's.
        bank: Items of the modules that have no generator.

    Raises:
        UserError: a module has too few distinct items for three splits.
    """
    taken, held = set[str](), bank or ItemBank()
    drawn: dict[tuple[int, Split], list[Item]] = {}
    for ordinal, module in enumerate(domain.modules):
        sizes = _sizes(module, settings)
        for split in Split:
            items = _first(module, split, sizes[split], seed_range(seed, split, ordinal), taken, held)
            taken.update(item.key for item in items)
            drawn[ordinal, split] = items
    for ordinal, module in enumerate(domain.modules):
        if not settings.spare or not _has_room(module, settings):
            continue
        for split in Split:
            supplied = held.supply(module, module.exam_level, seed=seed_range(seed, split, ordinal), exclude=taken)
            more = list(islice(supplied, settings.spares(split)))
            taken.update(item.key for item in more)
            drawn[ordinal, split] += more
    return [
        _probe(domain.modules[ordinal], split, number, item)
        for (ordinal, split), items in drawn.items()
        for number, item in enumerate(items)
    ]


def level_probes(
    module: Module,
    level: str,
    settings: ExaminationSettings,
    seed: int,
    taken: set[str],
    bank: ItemBank | None = None,
) -> list[Probe]:
    """Probes of an easier level, for a bridge: as many as there are, up to the sizes of diagnosis and gate.

    Args:
        module: The module.
        level: One of its levels.
        settings: The sizes.
        seed: The run's.
        taken: Keys of what must not appear, probes and lessons (`item_key`); those drawn are added.
        bank: Items of the modules that have no generator.

    Returns:
        The probes of both splits; a quarter of what there is for each, where there is not enough for both.
    """
    sizes = {split: settings.size(split) for split in (Split.DIAGNOSIS, Split.GATE)}
    begin = level_seed(seed, module.id, level)
    supplied = (bank or ItemBank()).supply(module, level, seed=begin, exclude=taken)
    items = list(islice(supplied, sum(sizes.values())))
    if len(items) < sum(sizes.values()):
        sizes = dict.fromkeys(sizes, len(items) // 4)  # the other half is for lessons
    taken.update(item.key for item in items)
    pool, probes = iter(items), list[Probe]()
    for split, size in sizes.items():
        probes += [_probe(module, split, number, item, level) for number, item in enumerate(islice(pool, size))]
    return probes


def further_probes(
    module: Module,
    level: str,
    known: Sequence[Probe],
    count: int,
    *,
    seed: int,
    taken: set[str],
    bank: ItemBank | None = None,
) -> list[Probe]:
    """Fresh probes for a gate that is sat again, as many as there are; half of all problems are left for lessons.

    Args:
        module: Whose.
        level: One of its levels.
        known: All of its probes at that level, of all splits.
        count: How many are wanted.
        seed: First seed of the range that the gate's items of that module and level are drawn from; see `gate_seed`.
        taken: Keys of what must not appear, probes and lessons (`item_key`); those drawn are added.
        bank: Items of the modules that have no generator.
    """
    source = module.levels[level]
    if isinstance(source, Generator):
        most = LESSONS_ROOM * (len(known) + count)
        there = sum(1 for _ in islice(supply(source, seed=0, patience=_PATIENCE, examined=True), most))
        count = min(count, there // LESSONS_ROOM - len(known))
    supplied = (bank or ItemBank()).supply(module, level, seed=seed, exclude=taken)
    items = list(islice(supplied, max(0, count)))
    taken.update(item.key for item in items)
    first = 1 + max((int(probe.id.rpartition("/")[2]) for probe in known if probe.split is Split.GATE), default=-1)
    name = None if level == module.exam_level else level
    return [_probe(module, Split.GATE, number, item, name) for number, item in enumerate(items, start=first)]


def gate_seed(domain: Domain, module: str, level: str, seed: int) -> int:
    """First seed of the range that the gate's items of a module are drawn from, at its examined level or another."""
    ordinal = [one.id for one in domain.modules].index(module)
    exam = domain.modules[ordinal].exam_level
    return seed_range(seed, Split.GATE, ordinal) if level == exam else level_seed(seed, module, level)


def _first(module: Module, split: Split, count: int, seed: int, taken: Collection[str], bank: ItemBank) -> list[Item]:
    try:
        return bank.draw(module, module.exam_level, seed=seed, count=count, exclude=taken)
    except UserError as error:
        raise UserError(f"Module {module.id}, {split.value} split of {count} items: {error}") from error


def shared_modules(domain: Domain, settings: ExaminationSettings, probes: Sequence[Probe]) -> dict[str, dict[str, int]]:
    """The modules that are examined with fewer items than the settings say, so that something is left to teach.

    Returns:
        The items of each of their splits, by module and split.
    """
    held = Counter((probe.module, probe.split.value) for probe in probes if "@" not in probe.id)
    found = {module.id: {split.value: held[module.id, split.value] for split in Split} for module in domain.modules}
    full = {split.value: settings.size(split) for split in Split}
    return {module: sizes for module, sizes in found.items() if any(sizes[name] < full[name] for name in full)}


def _sizes(module: Module, settings: ExaminationSettings) -> dict[Split, int]:
    """Items of each split: as the settings say, or less where the module has hardly more problems than these."""
    sizes = {split: settings.size(split) for split in Split}
    wanted = sum(sizes.values())
    if not isinstance(module.exam, Generator):  # an item bank has set the probes aside from the lessons
        return sizes
    there = sum(1 for _ in islice(supply(module.exam, seed=0, examined=True), LESSONS_ROOM * wanted))
    if not wanted <= there < LESSONS_ROOM * wanted:  # too few for any examination is told when they are drawn
        return sizes
    return {split: max(1, size * there // (LESSONS_ROOM * wanted)) for split, size in sizes.items()}


def _has_room(module: Module, settings: ExaminationSettings) -> bool:
    """Whether spare items can be taken; of an item bank, the probes are set aside from the lessons already."""
    if not isinstance(module.exam, Generator):
        return True
    wanted = ROOM * sum(settings.size(split) + settings.spares(split) for split in Split)
    return sum(1 for _ in islice(supply(module.exam, seed=0, patience=_PATIENCE, examined=True), wanted)) == wanted


def _probe(module: Module, split: Split, number: int, item: Item, level: str | None = None) -> Probe:
    """A probe; one of another level than the examined one bears its name, `module@level`."""
    name = module.id if level is None else f"{module.id}@{level}"
    at = level or module.exam_level
    source = module.levels[at]
    return Probe(
        id=f"{split.value}/{name}/{number:03d}",
        module=module.id,
        split=split,
        level=at,
        question=item.question,
        answer=item.answer,
        family=source.family if isinstance(source, Generator) else "",
        metadata=item.metadata,
        scorer=item.scorer,
    )
