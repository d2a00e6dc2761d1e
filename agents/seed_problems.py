"""The problem that each request for lessons is built around, and the problems that counterfactuals change."""

import random
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from ioa.agents.exchange import SourceProblem
from ioa.agents.requests import LessonRequest
from ioa.memory.domains.bank import ItemBank, shuffle_items
from ioa.memory.domains.procedural import Item, lesson_seed, supply
from ioa.memory.records import Domain, Example, Generator, Kind
from ioa.memory.similarity import normalise
from ioa.memory.store import example_id

LOOKED_AT = 3
"""Items drawn for each problem that is wanted; most may be taught already."""
PATIENCE = 1_000
"""Items in a row that bring nothing new, after which a level has no problems left. Fewer than lessons are given: a
request without a seed problem is still a request."""
Place = tuple[str, str]
"""(module, level)."""


class Seeding:
    """Draws problems for requests; the same arguments give the same problems."""

    def __init__(self, seed: int, avoid: Collection[str], bank: ItemBank) -> None:
        """For one run.

        Args:
            seed: The run's.
            avoid: The probes' keys (`item_key`).
            bank: The problems of levels without a generator.
        """
        self._seed = seed
        self._avoid = frozenset(avoid)
        self._bank = bank

    def add_seed_problems(
        self,
        domain: Domain,
        requests: Sequence[LessonRequest],
        accepted: Sequence[Example],
        used: Sequence[str],
        shown: Mapping[str, Sequence[str]],
    ) -> tuple[LessonRequest, ...]:
        """See `PedagogicalAdapter.add_seed_problems`; `shown`: by batch, the samples beside its seed problem."""
        by_place: dict[Place, list[LessonRequest]] = defaultdict(list)
        for request in requests:
            by_place[request.module, request.level].append(request)
        made = {}
        for place, own in by_place.items():
            taught = [example for example in accepted if example.module == place[0]]
            beside = {request.batch: {normalise(text) for text in shown[request.batch]} for request in own}
            taken = {normalise(text) for text in (*used, *(example.problem for example in taught))}
            # What all requests show as a sample is a seed problem for none; what only some show may be one for others.
            taken |= set.intersection(*beside.values())
            pool = _pool(taught, place[1], own[0].batch)
            new = self._draw_problems(domain, place, own, len(pool), taken)
            for request in own:
                made[request.batch] = _fill_request(request, pool, new, beside[request.batch])
        return tuple(made[request.batch] for request in requests)

    def _draw_problems(
        self, domain: Domain, place: Place, own: Sequence[LessonRequest], pool: int, taken: set[str]
    ) -> list[Item]:
        """Problems of the level that are neither probes nor taken, as many as are wanted where there are so many.

        Of a level without a generator all of them: of these each request shows others as samples.
        """
        generator = domain.module(place[0]).levels[place[1]]
        sources = sum(request.count for request in own if request.kind is Kind.COUNTERFACTUAL)
        wanted = sum(request.kind is not Kind.COUNTERFACTUAL for request in own) + max(0, sources - pool)
        found: list[Item] = []
        if not wanted:
            return found
        if not isinstance(generator, Generator):
            seeds = shuffle_items(self._bank.seeds(*place), lesson_seed(self._seed, own[0].batch))
            written = (Item(question=seed.question, answer=seed.answer) for seed in seeds)
            free = (item for item in written if item.key not in self._avoid)
            return [item for item in free if normalise(item.question) not in taken]
        seed = lesson_seed(self._seed, f"samples/{own[0].batch}")
        items = supply(generator, seed=seed, exclude=self._avoid, patience=PATIENCE)
        for looked, item in enumerate(items, start=1):
            if normalise(item.question) not in taken:
                found.append(item)
            if len(found) == wanted or looked == LOOKED_AT * wanted:
                break
        return found


def _pool(taught: Sequence[Example], level: str, name: str) -> list[SourceProblem]:
    """Accepted lessons of the level that a counterfactual may start from, in an order that the name decides."""
    own = [example for example in taught if example.level == level and example.kind is not Kind.COUNTERFACTUAL]
    random.Random(name).shuffle(own)
    return [SourceProblem(id=example.id, problem=example.problem, answer=example.answer) for example in own]


def _take_next(new: list[Item], beside: Collection[str]) -> Item | None:
    """Takes the first problem that does not stand beside it as a sample; none where there is none left."""
    place = next((place for place, item in enumerate(new) if normalise(item.question) not in beside), None)
    return None if place is None else new.pop(place)


def _fill_request(
    request: LessonRequest, pool: list[SourceProblem], new: list[Item], beside: Collection[str]
) -> LessonRequest:
    if request.seed_problem:  # it was asked for after a problem that is known
        return request
    if request.kind is not Kind.COUNTERFACTUAL:
        item = _take_next(new, beside)
        return request.model_copy(update={"seed_problem": item.question if item else ""})
    sources = [pool.pop() for _ in range(min(request.count, len(pool)))]
    while len(sources) < request.count and (item := _take_next(new, beside)) is not None:
        name = example_id(request.module, item.question)
        sources.append(SourceProblem(id=name, problem=item.question, answer=item.answer))
    if not sources:  # nothing to change: an ordinary lesson instead
        return request.model_copy(update={"kind": Kind.CHAIN_OF_THOUGHT})
    return request.model_copy(update={"sources": tuple(sources), "count": len(sources)})
