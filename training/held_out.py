"""Lessons that a training does not see, by which it notices that nothing more is learnt."""

import random
from collections.abc import Collection, Sequence
from typing import Any

from ioa.memory.training_log import HeldOutPoint
from ioa.training.batches import Lesson, collate
from ioa.training.losses import AnswerLoss

LEAST = 4
"""Fewer lessons than that say too little to end a training by: then none is held out."""


def hold_out(lessons: Sequence[Lesson], share: float, seed: int, seen: Collection[str] = ()) -> list[int]:
    """Which lessons are held out, spread over the modules in proportion.

    A lesson that is taught in two tasks is held out with both of them: the one would tell what the other asks.

    Args:
        lessons: All that there are, task by task.
        share: Of those that may be held out.
        seed: Decides which.
        seen: Ids of lessons that were trained on before: they would say how well they are remembered, so they stay in.

    Returns:
        The places of their tasks, in order.
    """
    rng = random.Random(f"{seed}/held out")
    first = {lesson.id: place for place, lesson in reversed(list(enumerate(lessons)))}
    places = sorted(place for name, place in first.items() if name not in seen)
    count = round(share * len(places))
    if count < LEAST:
        return []
    rng.shuffle(places)
    places.sort(key=lambda place: lessons[place].module)  # stable: shuffled within a module
    stride = len(places) / count
    chosen = {lessons[places[int((number + 0.5) * stride)]].id for number in range(count)}
    return [place for place, lesson in enumerate(lessons) if lesson.id in chosen]


def measure_held_out(
    model: Any, loss_of: AnswerLoss, lessons: Sequence[Lesson], *, step: int, pad_id: int, batch_size: int
) -> HeldOutPoint:
    """Loss of the held-out lessons, and how many of them the student would write word for word.

    A solution all of whose tokens are the likeliest behind the ones before is what greedy decoding writes: one pass
    over the lesson says so. Of a lesson that is taught in two tasks both count.
    """
    total, tokens, missing = 0.0, 0, set[str]()
    training = model.training
    model.eval()  # without dropout
    for start in range(0, len(lessons), batch_size):
        part = lessons[start : start + batch_size]
        batch = collate(part, pad_id, model.device)
        losses, hits = loss_of.measure(model, batch)
        total += float(losses.sum())
        tokens += len(losses)
        missed = batch.taught.clone()
        missed[batch.taught] = ~hits
        missing |= {lesson.id for lesson, any_ in zip(part, missed.any(dim=1).tolist(), strict=True) if any_}
    model.train(training)
    every = {lesson.id for lesson in lessons}
    return HeldOutPoint(step=step, loss=total / tokens, right=len(every - missing), of=len(every))
