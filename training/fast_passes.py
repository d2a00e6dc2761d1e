"""Has a student's LoRA computed as fast as this machine and this model allow, for the time of a training."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ioa.memory.errors import UserError
from ioa.training.batches import Lesson, collate
from ioa.training.frozen_weights import exact_levels
from ioa.training.fused_block import fuse_blocks, fused_blocks
from ioa.training.lora import TrainableLora
from ioa.training.lora_linear import quantise_layers, watch_layers
from ioa.training.losses import AnswerLoss, choose_loss
from ioa.training.settings.training import TrainingSettings
from ioa.training.student import Student

__all__ = ["fast_passes", "int8_levels"]

SHOWN = 16
"""Lessons by which the rounding of the frozen weights is adapted to the layers' inputs."""
ALIKE = 1e-3
"""Relative distance between two gradients that are the same but for the order of their sums."""


@contextmanager
def fast_passes(
    student: Student, lora: TrainableLora, lessons: Sequence[Lesson], settings: TrainingSettings
) -> Iterator[AnswerLoss]:
    """Choose how the passes are computed; the student's layers are their own again at the end.

    Args:
        student: Whose layers they are.
        lora: On the student.
        lessons: What is taught; by a few of them it is seen what fits.
        settings: Whether frozen weights are in int8, and layers fused.

    Yields:
        The loss of a batch of lessons.
    """
    loss_of = choose_loss(lora.model, lessons, student.pad_id)
    # Measured on processors alone: a CUDA device has kernels of its own for most of it.
    fused = settings.fused_layers and student.model.device.type == "cpu"
    fused = fused and _layers_fit(lora, loss_of, lessons, student.pad_id)
    if levels := int8_levels(student, settings):
        shown = lessons[:: math.ceil(len(lessons) / SHOWN)]
        _quantise(lora, loss_of, shown, student.pad_id, levels)
    with fuse_blocks(fused_blocks(lora.model, lora.fused) if fused else []):
        yield loss_of


def int8_levels(student: Student, settings: TrainingSettings) -> int:
    """Largest magnitude of the int8 numbers in which a student's frozen weights are trained upon; 0: as they are.

    Raises:
        UserError: int8 is asked for and not to be had here.
    """
    if settings.frozen_weights == "int8" and settings.lora.dropout:
        raise UserError(
            f"training.frozen_weights is int8 and training.lora.dropout {settings.lora.dropout:g}: layers whose inputs "
            "are dropped are computed as they are. Set the dropout to 0, or frozen_weights to `full`."
        )
    if settings.frozen_weights == "full" or settings.lora.dropout or student.model.device.type != "cpu":
        levels = 0
    elif settings.frozen_weights == "auto":
        levels = student.execution.int8_levels if student.execution is not None else 0
    else:
        levels = exact_levels()
    if settings.frozen_weights == "int8" and not levels:
        raise UserError(
            "training.frozen_weights is int8, and products in int8 are not exact on this processor or device. "
            "Use `full`, or `auto`, which takes int8 only where it pays."
        )
    return levels


def _quantise(lora: TrainableLora, loss_of: AnswerLoss, shown: Sequence[Lesson], pad_id: int, levels: int) -> None:
    """Have the frozen weights in int8, by what these lessons show of the layers' inputs."""
    import torch

    watch_layers(lora.fused)
    with torch.inference_mode():
        loss_of.logits(lora.model, collate(shown, pad_id, lora.model.device))
    quantise_layers(lora.fused, levels)


def _layers_fit(lora: TrainableLora, loss_of: AnswerLoss, lessons: Sequence[Lesson], pad_id: int) -> bool:
    """Whether whole layers in one step have the gradients that the model's own code has.

    A fresh LoRA has half of its gradients at zero, whatever is wrong, so that for the trial it is moved a little.
    """
    import torch

    if not (blocks := fused_blocks(lora.model, lora.fused)):
        return False
    ordered = sorted(lessons, key=lambda lesson: len(lesson.ids))
    batch = collate([ordered[0], ordered[len(ordered) // 2]], pad_id, lora.model.device)
    kept = lora.master.detach().clone()
    noise = torch.randn(kept.shape, generator=torch.Generator().manual_seed(0)) * kept.abs().mean()
    with torch.no_grad():
        lora.master.add_(noise)

    def gradient() -> Any:
        lora.push()
        torch.autograd.backward(loss_of(lora.model, batch))
        lora.pull_gradients()
        return lora.master.grad.clone()

    expected = gradient()
    try:
        with fuse_blocks(blocks):
            found = gradient()
    except (AttributeError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        found = None  # a layer that is called or made otherwise than it looked: it keeps its own code, which just ran
    with torch.no_grad():
        lora.master.copy_(kept)
    lora.push()
    return found is not None and bool((found - expected).norm() <= ALIKE * expected.norm())
