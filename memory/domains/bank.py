"""The item bank of a run: problems that a person gave or a teacher wrote, divided into probes and seeds."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from ioa.memory.domains.families.forms import item_key
from ioa.memory.domains.procedural import Item, draw, supply
from ioa.memory.errors import UserError
from ioa.memory.records import BankItem, Generator, Module
from ioa.memory.similarity import normalise

PROBE_SHARE = 0.2
"""Least share of a module's given items that are kept from the lessons: the paper divides seeds and tests 8:2."""


def item_id(question: str) -> str:
    """The id of an item that its author did not name: a hash of the normalised question."""
    # 48 bits: among a million items two have the same id with a chance of 1 in 500.
    return hashlib.sha256(normalise(question).encode()).hexdigest()[:12]


def shuffle_items(items: Iterable[BankItem], seed: int) -> list[BankItem]:
    """The items in an order that depends on the seed and on nothing but the items themselves."""
    return sorted(items, key=lambda item: (hashlib.sha256(f"{seed}/{item.id}".encode()).digest(), item.id))


def divide_items(
    items: Sequence[BankItem], probes: int, *, seed: int, shown: Collection[str] = (), reserve: int = 0
) -> tuple[BankItem, ...]:
    """The items of a module's examined level, as probes and as seeds.

    The examination comes first: as many probes as it wants, whatever that leaves for seeds; and where there are more
    items, `PROBE_SHARE` of them, so that the seeds are at most eight in ten. A reserve for gates that are sat again is
    kept beside them, as far as half of the items are left for lessons. No two of them ask the same (`item_key`);
    what asks the same as one of them is kept from the lessons with it.

    Args:
        items: All of one module and level, each with a text of its own.
        probes: How many the three splits want together.
        seed: The run's.
        shown: Ids of items that a teacher has seen, and may have quoted: they are seeds.
        reserve: Further items for gates that are sat again.

    Returns:
        The same items, shuffled, each with its purpose.
    """
    kept = max(probes, math.ceil(PROBE_SHARE * len(items)), min(probes + reserve, len(items) // 2))
    mixed = shuffle_items(items, seed)
    keys = {item.id: item_key(item.question, item.answer) for item in mixed}
    seen = {keys[item.id] for item in mixed if item.id in shown}
    secret = list(dict.fromkeys(keys[item.id] for item in mixed if keys[item.id] not in seen))[:kept]
    probed = frozenset(secret)
    return tuple(item.model_copy(update={"purpose": "probe" if keys[item.id] in probed else "seed"}) for item in mixed)


class ItemBank:
    """The items by module and level, in the order of the file."""

    def __init__(self, items: Iterable[BankItem] = ()) -> None:
        self._items: dict[tuple[str, str, str], list[BankItem]] = defaultdict(list)
        for item in items:
            self._items[item.module, item.level, item.purpose].append(item)

    def probes(self, module: str, level: str) -> tuple[BankItem, ...]:
        """What may be examined and nothing else."""
        return tuple(self._items.get((module, level, "probe"), ()))

    def seeds(self, module: str, level: str) -> tuple[BankItem, ...]:
        """What may be shown to who writes lessons, and is never examined."""
        return tuple(self._items.get((module, level, "seed"), ()))

    def draw(self, module: Module, level: str, *, seed: int, count: int, exclude: Collection[str] = ()) -> list[Item]:
        """Items for an examination: drawn from the level's generator, or the next ones of the bank.

        Args:
            module: Whose.
            level: One of its levels.
            seed: First seed of the range that a generator is drawn from.
            count: How many.
            exclude: Keys of items that must not appear, in any wording or order; see `item_key`.

        Raises:
            UserError: there are too few distinct items.
        """
        source = module.levels[level]
        if isinstance(source, Generator):
            return draw(source, seed=seed, count=count, exclude=exclude, examined=True)
        held = self.probes(module.id, level)
        free = list(_distinct(held, exclude))
        if len(free) < count:
            raise UserError(
                f"of its {len(held)} written or given probes of level {level!r}, {len(free)} are left, but {count} are "
                "needed. Give more items, or ask for fewer in `examination`."
            )
        return free[:count]

    def supply(self, module: Module, level: str, *, seed: int, exclude: Collection[str] = ()) -> Iterator[Item]:
        """Items for an examination, without end where a generator makes them, and as many as the bank still holds."""
        return self._supply(module, level, self.probes(module.id, level), seed, exclude)

    def supply_shown(self, module: Module, level: str, *, seed: int, exclude: Collection[str] = ()) -> Iterator[Item]:
        """The same of what may be shown to teacher and student, and is never examined."""
        return self._supply(module, level, self.seeds(module.id, level), seed, exclude)

    @staticmethod
    def _supply(
        module: Module, level: str, held: Iterable[BankItem], seed: int, exclude: Collection[str]
    ) -> Iterator[Item]:
        source = module.levels[level]
        if isinstance(source, Generator):
            yield from supply(source, seed=seed, exclude=exclude, examined=True)
        else:
            yield from _distinct(held, exclude)


def _distinct(held: Iterable[BankItem], exclude: Collection[str]) -> Iterator[Item]:
    """Those of the items that ask what neither an earlier one nor an excluded one asks."""
    known = set(exclude)
    for item in map(_item, held):
        if item.key not in known:
            known.add(item.key)
            yield item


def _item(item: BankItem) -> Item:
    return Item(question=item.question, answer=item.answer, metadata=item.metadata, scorer=item.scorer)
