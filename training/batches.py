"""Lessons as token ids: which are trained on, in which order, and what the loss looks at."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ioa.memory.records import Example
from ioa.training.chat_format import PromptFormat
from ioa.training.task_forms import FORMS, TaskForm

if TYPE_CHECKING:
    import torch

BUCKET = 8
"""Batches drawn together and sorted by length: little padding, and the order still changes."""


@dataclass(frozen=True)
class Lesson:
    """One example as the student sees it: prompt and solution in a row."""

    ids: tuple[int, ...]
    """The token ids, closed with the end-of-reply token."""
    prompt_length: int
    """How many of them belong to the prompt, which is not trained on."""
    id: str = ""
    """The example's."""
    module: str = ""
    """The example's."""
    weight: float = 1.0
    """Of its mean loss, where lessons are taught in several tasks."""


@dataclass(frozen=True)
class Batch:
    """B lessons of at most T tokens, filled up on the right."""

    ids: "torch.Tensor"
    """(B, T) int64."""
    taught: "torch.Tensor"
    """(B, T - 1) bool: where the next token belongs to a solution."""
    tokens: int
    """Tokens without the padding."""
    weights: "torch.Tensor | None" = None
    """(N,) float32: what each taught token counts, so that every lesson's mean loss has its own weight; none where all
    tokens of the batch count alike."""

    @property
    def targets(self) -> "torch.Tensor":
        """(N,) int64: the tokens that the N taught positions must predict."""
        return self.ids[:, 1:][self.taught]


def encode_lessons(
    examples: Sequence[Example],
    prompts: PromptFormat,
    max_length: int,
    form: TaskForm = FORMS["solution"],
    share: float = 0.5,
) -> tuple[list[Lesson], list[str]]:
    """Turn examples into token ids.

    Args:
        examples: What is taught.
        prompts: The student's.
        max_length: Longest task in tokens.
        form: In which tasks.
        share: Weight of the rationale, where there are two.

    Returns:
        The lessons in the order of the examples, one a task, and the ids of those examples of which a task is longer
        than `max_length` tokens: a lesson cut short would teach replies without an end.
    """
    lessons, too_long = [], []
    for example in examples:
        own = []
        for task in form.tasks(example, share):
            if not task.weight:  # it would be computed, and teach nothing
                continue
            prompt = prompts.encode(task.prompt)
            ids = (*prompt, *prompts.encode_reply(task.reply))
            own.append(Lesson(ids, len(prompt), example.id, example.module, task.weight))
        if max(len(lesson.ids) for lesson in own) > max_length:
            too_long.append(example.id)
        else:
            lessons += own
    return lessons, too_long


def batch_order(lengths: Sequence[int], batch_size: int, epochs: int, seed: int) -> list[list[int]]:
    """The batches of all epochs as indices; every lesson once an epoch, lessons of like length together.

    Depends on nothing but its arguments, so that an interrupted training finds its place again.
    """
    batches: list[list[int]] = []
    span = BUCKET * batch_size
    for epoch in range(epochs):
        # A text as the seed: the epochs of seed 7 are not those of seed 8 shifted by one.
        rng = random.Random(f"{seed}/{epoch}")
        order = list(range(len(lengths)))
        rng.shuffle(order)
        ordered = []
        for start in range(0, len(order), span):
            bucket = sorted(order[start : start + span], key=lengths.__getitem__)
            ordered += [bucket[i : i + batch_size] for i in range(0, len(bucket), batch_size)]
        # Else the batches of each bucket would go from short to long.
        rng.shuffle(ordered)
        batches += ordered
    return batches


def collate(lessons: Sequence[Lesson], pad_id: int, device: "torch.device | str") -> Batch:
    """Put lessons side by side.

    Padding stands on the right, where causal attention keeps it out of every real token's sight.
    """
    import torch

    longest = max(len(lesson.ids) for lesson in lessons)
    ids = [[*lesson.ids, *[pad_id] * (longest - len(lesson.ids))] for lesson in lessons]
    taught = [[lesson.prompt_length <= place < len(lesson.ids) for place in range(1, longest)] for lesson in lessons]
    weights = None
    if any(lesson.weight != 1 for lesson in lessons):
        each = [(lesson.weight / sum(row), sum(row)) for lesson, row in zip(lessons, taught, strict=True)]
        weights = torch.tensor([w / len(lessons) for w, count in each for _ in range(count)], device=device)
    return Batch(
        ids=torch.tensor(ids, device=device),
        taught=torch.tensor(taught, device=device),
        tokens=sum(len(lesson.ids) for lesson in lessons),
        weights=weights,
    )
