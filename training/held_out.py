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

    Args:
        lessons: All that there are.
        share: Of those that may be held out.
        seed: Decides which.
        seen: Ids of lessons that were trained on before: they would say how well they are remembered, so they stay in.

    Returns:
        Their places, in order.
    """
    rng = random.Random(f"{seed}/held out")
    places = [place for place, lesson in enumerate(lessons) if lesson.id not in seen]
    count = round(share * len(places))
    if count < LEAST:
        return []
    rng.shuffle(places)
    places.sort(key=lambda place: lessons[place].module)  # stable: shuffled within a module
    stride = len(places) / count
    return sorted(places[int((number + 0.5) * stride)] for number in range(count))


def measure_held_out(
    model: Any, loss_of: AnswerLoss, lessons: Sequence[Lesson], *, step: int, pad_id: int, batch_size: int
) -> HeldOutPoint:
    """Loss of the held-out lessons, and how many of them the student would write word for word.

    A solution all of whose tokens are the likeliest behind the ones before is what greedy decoding writes: one pass
    over the lesson says so.
    """
    total, tokens, right = 0.0, 0, 0
    training = model.training
    model.eval()  # without dropout
    for start in range(0, len(lessons), batch_size):
        batch = collate(lessons[start : start + batch_size], pad_id, model.device)
        losses, hits = loss_of.measure(model, batch)
        total += float(losses.sum())
        tokens += len(losses)
        missed = batch.taught.clone()
        missed[batch.taught] = ~hits
        right += int((~missed.any(dim=1)).sum())
    model.train(training)
    return HeldOutPoint(step=step, loss=total / tokens, right=right, of=len(lessons))
