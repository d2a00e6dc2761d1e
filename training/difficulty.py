"""How hard lessons are for the student that is about to be taught them."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from ioa.memory.records import Example, ObservedDifficulty
from ioa.training.batches import Lesson, collate, encode_lessons
from ioa.training.student import Student


def sample_for_observation(examples: Sequence[Example], per_module: int, seed: int) -> list[Example]:
    """That many lessons of each module, of each difficulty asked for as many as of the others where there are.

    Args:
        examples: The lessons of a round.
        per_module: How many of a module at most.
        seed: Decides which.
    """
    groups: dict[str, dict[str, list[Example]]] = defaultdict(lambda: defaultdict(list))
    for example in examples:
        groups[example.module][example.difficulty].append(example)
    rng, chosen = random.Random(seed), []
    for module in sorted(groups):
        shuffled = [rng.sample(own, len(own)) for _, own in sorted(groups[module].items())]
        in_turn = [example for example in chain.from_iterable(zip_longest(*shuffled)) if example is not None]
        chosen += in_turn[:per_module]
    return chosen


def observe(
    student: Student, examples: Sequence[Example], *, start: Path | None, batch_size: int, max_length: int
) -> list[ObservedDifficulty]:
    """Mean negative log-likelihood of the tokens of each solution; nothing is learnt from it.

    Its time counts towards training; no lesson does.

    Args:
        student: Who is about to be taught; it has `start` on afterwards.
        examples: The lessons; one longer than `max_length` tokens is left out, as it is in training.
        start: Finished LoRA that the training starts from; none: the bare student.
        batch_size: Lessons at a time.
        max_length: Longest lesson in tokens, prompt and solution together.

    Returns:
        One for each lesson that fits, in order.
    """
    import torch

    student.use(start)
    student.model.eval()
    fitting, lessons = [], []
    for example in examples:
        (encoded, _) = encode_lessons([example], student.format, max_length)
        fitting += [example] * len(encoded)
        lessons += encoded
    # Like lengths side by side: little padding.
    order = sorted(range(len(lessons)), key=lambda place: len(lessons[place].ids))
    losses: dict[int, tuple[float, int]] = {}
    with student.meter.during("training"), torch.no_grad():
        for first in range(0, len(order), batch_size):
            places = order[first : first + batch_size]
            found = _losses(student.model, [lessons[place] for place in places], student.pad_id)
            losses |= dict(zip(places, found, strict=True))
    return [
        ObservedDifficulty(
            example=example.id,
            module=example.module,
            difficulty=example.difficulty,
            nll=losses[place][0],
            tokens=losses[place][1],
        )
        for place, example in enumerate(fitting)
    ]


def _losses(model: Any, lessons: Sequence[Lesson], pad_id: int) -> Iterator[tuple[float, int]]:
    """(mean loss in nats, number of tokens) of each lesson's solution, by the model's own logits."""
    import torch

    batch = collate(lessons, pad_id, model.device)
    logits = model(input_ids=batch.ids, use_cache=False).logits  # (B, T, V)
    each = torch.nn.functional.cross_entropy(logits[:, :-1][batch.taught].float(), batch.targets, reduction="none")
    counts = batch.taught.sum(dim=1).tolist()
    for part, count in zip(torch.split(each, counts), counts, strict=True):
        # A loss is never below 0, but its rounding in float32 may be.
        yield max(0.0, part.mean().item()), count
