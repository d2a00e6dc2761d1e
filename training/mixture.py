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
    """The new lessons with a sample of the old ones, the same number from each earlier module.

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
    each = count / len(modules)
    rng = random.Random(seed)
    sample = []
    for module in modules:
        own = [example for example in old if example.module == module]
        wanted = round(each * (weight if module in forgotten else 1.0))
        sample += rng.sample(own, min(wanted, len(own)))
    return [*new, *sample]


def manifest(lessons: Sequence[Example], stage: int, round_: int) -> list[TaughtLesson]:
    """What a round is trained on, with each lesson's kind as it is taught there: earlier ones are replayed."""
    return [
        TaughtLesson(
            example=lesson.id,
            module=lesson.module,
            kind=lesson.kind if (lesson.stage, lesson.round) == (stage, round_) else Kind.REPLAY,
        )
        for lesson in lessons
    ]
