"""From the modules that a teacher names to modules with stable ids, each once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ioa.agents.exchange import DecomposeReply, ProposedModule
from ioa.memory.records import Merged, Module, Written
from ioa.memory.similarity import numbers
from ioa.memory.slugs import slug

UNNAMED = "general"
"""The category of modules whose category has no name."""

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to rows whose dot product is their likeness, (B, D)."""


@dataclass(frozen=True)
class Outline:
    """The modules that were understood."""

    modules: tuple[Module, ...]
    """In the order in which the teacher named them."""
    difficulty: dict[str, float]
    """The teacher's rough guess, by id, in [0, 1]."""
    merged: tuple[Merged, ...]
    proposed: int
    """How many were named, repetitions included."""


def outline(reply: DecomposeReply, levels: Sequence[str], embed: Embed, similarity: float) -> Outline:
    """What a proposal comes to: ids from names, and of modules that are the same only one.

    Two modules are the same when category and name are, or when their descriptions' cosine reaches `similarity` and
    they state the same numbers. Which ids are left does not depend on the order of the proposal, nor on repetitions.

    Args:
        reply: The proposal; modules without a name are passed over.
        levels: Names of the levels, easiest first.
        embed: Vectors of descriptions.
        similarity: From which cosine on two descriptions say the same.
    """
    # Of modules that are called the same the fullest proposal is kept, whatever order they came in.
    named: dict[str, ProposedModule] = {}
    count = 0
    for module_id, proposed in _name_modules(reply):
        count += 1
        if module_id not in named or _rank(proposed) > _rank(named[module_id]):
            named[module_id] = proposed
    merged = _merged(named, embed, similarity)
    dropped = {pair.dropped for pair in merged}
    kept = {module_id: proposed for module_id, proposed in named.items() if module_id not in dropped}
    modules = tuple(
        Module(
            id=module_id,
            description=_description(proposed),
            levels=_levels(proposed, levels),
            exam_level=levels[-1],
        )
        for module_id, proposed in kept.items()
    )
    difficulty = {module_id: proposed.difficulty for module_id, proposed in kept.items()}
    return Outline(modules=modules, difficulty=difficulty, merged=merged, proposed=count)


def _name_modules(reply: DecomposeReply) -> Iterator[tuple[str, ProposedModule]]:
    for category in reply.categories:
        for module in category.modules:
            if slug(module.name):
                yield f"{slug(category.name) or UNNAMED}/{slug(module.name)}", module


def _rank(module: ProposedModule) -> tuple[int, str]:
    """Of two modules of one id the one that says more is taken, whichever came first."""
    text = module.model_dump_json()
    return len(text), text


def _description(module: ProposedModule) -> str:
    return " ".join(module.description.split()) or module.name.strip()


def _levels(module: ProposedModule, levels: Sequence[str]) -> dict[str, Written]:
    """The level's sentences: by name, or by place where the names are others; its own words where one is missing."""
    by_name = {slug(level.name): level.items for level in module.levels}
    by_place = [level.items for level in module.levels] if len(module.levels) == len(levels) else [""] * len(levels)
    sentences = [by_name.get(slug(name), "").strip() or by_place[place].strip() for place, name in enumerate(levels)]
    return {
        name: Written(items=sentence or f"Problems of level {name!r}: {_description(module)}")
        for name, sentence in zip(levels, sentences, strict=True)
    }


def _merged(named: dict[str, ProposedModule], embed: Embed, similarity: float) -> tuple[Merged, ...]:
    """Modules that say what another one says; of such a pair the id that sorts first is kept."""
    ids = sorted(named)
    texts = [_description(named[module_id]) for module_id in ids]
    vectors = embed(texts)
    cosines = vectors @ vectors.T
    stated = [numbers(text) for text in texts]
    kept: list[int] = []
    merged = []
    for place, module_id in enumerate(ids):
        same = [other for other in kept if cosines[place, other] >= similarity and stated[place] == stated[other]]
        if not same:
            kept.append(place)
            continue
        nearest = max(same, key=lambda other: (float(cosines[place, other]), -other))
        why = f"descriptions say the same (cosine {min(1.0, float(cosines[place, nearest])):.2f})"
        merged.append(Merged(kept=ids[nearest], dropped=module_id, why=why))
    return tuple(merged)
