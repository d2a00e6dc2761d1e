"""What a round trains on: its own lessons, and some of the earlier ones, against forgetting."""

import random
from collections.abc import Sequence

from ioa.memory.records import Example, Kind, TaughtLesson


def mixture(new: Sequence[Example], old: Sequence[Example], *, count: int, seed: int) -> list[Example]:
    """The new lessons with a sample of the old ones, the same number from each earlier module.

    Args:
        new: The lessons of this round.
        old: Those of every round before it.
        count: How many of the old ones; fewer are taken where a module has not so many.
        seed: Decides which.

    Returns:
        The new lessons in their order, then the sample, module by module.
    """
    modules = sorted({example.module for example in old})
    if not modules:
        return list(new)
    each = round(count / len(modules))
    rng = random.Random(seed)
    sample = []
    for module in modules:
        own = [example for example in old if example.module == module]
        sample += rng.sample(own, min(each, len(own)))
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
