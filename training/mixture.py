"""What a round trains on: its own lessons, and some of the earlier ones, against forgetting."""

import random
from collections.abc import Collection, Sequence

from ioa.memory.records import Example, Kind, TaughtLesson


def mixture(
    new: Sequence[Example],
    old: Sequence[Example],
    *,
    count: int,
    seed: int,
    forgotten: Collection[str] = (),
    weight: float = 1.0,
) -> list[Example]:
    """The new lessons with a sample of the old ones, the same number from each earlier module, give or take one.

    Args:
        new: The lessons of this round.
        old: Those of every round before it.
        count: How many of the old ones; fewer are taken where a module has not so many.
        seed: Decides which.
        forgotten: Modules that were mastered and fell below the gate.
        weight: How many lessons of theirs are taken for one of another module; they come on top of `count`.

    Returns:
        The new lessons in their order, then the sample, module by module.
    """
    modules = sorted({example.module for example in old})
    if not modules:
        return list(new)
    rng = random.Random(seed)
    shares = _shares(modules, count, rng)
    extra = count / len(modules) * (weight - 1)
    sample = []
    for module in modules:
        own = [example for example in old if example.module == module]
        # At least one where the weight asks for more at all, however small the share.
        further = max(round(extra), int(extra > 0)) if module in forgotten else 0
        sample += rng.sample(own, min(max(0, shares[module] + further), len(own)))
    return [*new, *sample]


def _shares(modules: Sequence[str], count: int, rng: random.Random) -> dict[str, int]:
    """`count` in equal parts; what is left over goes to modules that are drawn, one each."""
    each, left = divmod(count, len(modules))
    favoured = set(rng.sample(modules, left))
    return {module: each + (module in favoured) for module in modules}


def manifest(lessons: Sequence[Example], taught: Collection[str]) -> list[TaughtLesson]:
    """What a round is trained on, with each lesson's kind as it is taught there.

    Args:
        lessons: All of it, in order.
        taught: Ids of what the round teaches; the others are replayed.
    """
    return [
        TaughtLesson(example=lesson.id, module=lesson.module, kind=lesson.kind if lesson.id in taught else Kind.REPLAY)
        for lesson in lessons
    ]
