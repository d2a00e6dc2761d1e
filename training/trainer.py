"""Training a LoRA on lessons, so that a crash costs no more than a few steps."""

import hashlib
import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ioa.memory.errors import UserError
from ioa.memory.records import Example
from ioa.memory.training_log import HeldOutPoint, LossPoint, TrainingLog
from ioa.training import checkpoint
from ioa.training.batches import Batch, Lesson, batch_order, collate, encode_lessons
from ioa.training.checkpoint import Progress, is_complete
from ioa.training.fast_passes import fast_passes, int8_levels
from ioa.training.held_out import hold_out, measure_held_out
from ioa.training.loading import first_line
from ioa.training.lora import TrainableLora, attach_lora
from ioa.training.losses import AnswerLoss, choose_loss
from ioa.training.schedule import affordable_steps, learning_rate, plan_course
from ioa.training.settings.training import TrainingSettings
from ioa.training.student import Student
from ioa.training.task_forms import FORMS

if TYPE_CHECKING:
    import torch

__all__ = ["TrainingProgress", "check_trainable", "is_complete", "train"]


OUTSIDE = {"checkpoint_every", "observe", "report_to", "least_new", "frozen_weights"}
"""Settings with which a training may go on that began with others; what the last one leads to is told apart itself."""


@dataclass(frozen=True)
class TrainingProgress:
    """What a person watching is told after a step."""

    step: int
    """Steps taken, those before an interruption included."""
    steps: int
    """Steps in all, or fewer where the training notices that nothing more is learnt."""
    epoch: float
    """Passes over the examples, as a fraction."""
    loss: float
    """Of this step, in nats per token."""
    learning_rate: float
    """With which this step was taken."""
    examples_per_second: float
    """Mean over this sitting."""
    seconds_left: float
    """At this sitting's pace."""
    too_long: int
    """Examples left out because they are longer than `max_length`."""


OnStep = Callable[[TrainingProgress], None]


def train(
    student: Student,
    examples: Sequence[Example],
    *,
    start: Path | None,
    out: Path,
    settings: TrainingSettings,
    seed: int,
    seen: Collection[str] = (),
    max_tokens: int | None = None,
    on_step: OnStep | None = None,
) -> TrainingLog:
    """Teach the student these examples; the adapter is in `out`, and the student is bare again, at the end.

    Some examples are held out; the training ends when they are not answered better any more, at the latest when its
    epochs are over.

    A finished `out` is left as it is. An interrupted one goes on from its last checkpoint and ends with the
    same weights, to the bit, as it would have without the interruption on the same machine.

    Args:
        student: Who is taught.
        examples: What is taught: the loss is on their solutions alone.
        start: Finished adapter to go on from; none: a fresh one.
        out: Folder of the result: adapter, log, completion marker.
        settings: How.
        seed: Of the fresh LoRA, the order of the examples and the dropout.
        seen: Ids of the examples that were trained on before; they are never held out.
        max_tokens: Most tokens that it may be trained on, an interrupted beginning included. Where its epochs have
            more, it is planned with fewer steps, so that its rate falls to its end all the same. None: no limit.
        on_step: Told after every step.

    Returns:
        The log, also in `out`.

    Raises:
        UserError: no example fits `max_length`, or `start` is a LoRA of another form.
        NoTokensLeftError: `max_tokens` does not suffice for one step.
    """
    import torch

    if is_complete(out):
        return checkpoint.read_log(out)
    lessons, too_long = encode_lessons(
        examples, student.format, settings.max_length, FORMS[settings.tasks], settings.rationale_weight
    )
    if not lessons:
        raise UserError(
            f"Nothing to train on: of {len(examples)} examples {len(too_long)} are longer than `max_length` "
            f"({settings.max_length} tokens). Raise it, or write shorter lessons."
        )
    held = hold_out(lessons, settings.held_out, seed, seen)
    taught = [lesson for place, lesson in enumerate(lessons) if place not in set(held)]
    lengths = [len(lesson.ids) for lesson in taught]
    order = batch_order(lengths, settings.batch_size, settings.epochs, seed)
    bound = affordable_steps(lengths, order, max_tokens)
    look = max(1, round(len(order) / settings.epochs / settings.looks)) if held else len(order) + 1
    work = _fingerprint(student, settings, seed, start, lessons, held)
    # The seeds set here must not be felt by what the caller draws afterwards.
    devices = [student.model.device] if student.model.device.type == "cuda" else []
    with (
        student.meter.during("training"),
        torch.random.fork_rng(devices=devices),
        attach_lora(student, settings.lora, start, seed) as lora,
        fast_passes(student, lora, lessons, settings) as loss_of,
    ):
        optimizer = torch.optim.AdamW(
            [lora.master],
            lr=settings.learning_rate,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
            # Where PyTorch has no fused kernel for a device, it refuses the argument.
            fused=student.model.device.type in {"cpu", "cuda"},
        )
        before = _resume(out, work, lora, optimizer)
        points, held_out, tokens, began = list(before.points), list(before.held_out), before.tokens, time.monotonic()
        look_at = partial(_look, lora, loss_of, [lessons[place] for place in held], student, settings)
        course = plan_course(bound, settings, held_out)
        while len(points) < course.steps:
            step = len(points) + 1
            batch = collate([taught[i] for i in order[step - 1]], student.pad_id, student.model.device)
            rate = learning_rate(step, bound, course, settings)
            loss = _take_step(lora, optimizer, loss_of, batch, rate=rate, clip=settings.clip, seed=seed + step)
            tokens += batch.tokens
            flops = student.cost.training(batch.tokens, int(batch.taught.sum())) if student.cost else 0.0
            student.meter.count("training", items=len(order[step - 1]), tokens=batch.tokens, flops=flops)
            epoch = step * settings.epochs / len(order)
            points.append(LossPoint(step=step, epoch=epoch, loss=loss, learning_rate=rate))
            if averaged := step >= course.ending_from and settings.ending != "decay":
                lora.note()
            if step % look == 0 and step < course.steps and (averaged or step < course.ending_from):
                with lora.showing_mean():
                    held_out.append(look_at(step))
                course = plan_course(bound, settings, held_out)
            # Not after the last step: the adapter itself is written then.
            if step % settings.checkpoint_every == 0 and step < course.steps:
                seconds = before.seconds + time.monotonic() - began
                now = Progress(
                    fingerprint=work, points=tuple(points), held_out=tuple(held_out), tokens=tokens, seconds=seconds
                )
                checkpoint.save_checkpoint(out, now, _state(lora, optimizer))
            if on_step is not None:
                taken, seconds = step - len(before.points), time.monotonic() - began
                on_step(_tell(points[-1], course.steps, taken, seconds, settings.batch_size, len(too_long)))
        lora.take_mean()
        if held and (not held_out or held_out[-1].step < len(points)):
            held_out.append(look_at(len(points)))
        log = TrainingLog(
            steps=tuple(points),
            examples=len({lesson.id for lesson in taught}),  # one may be two tasks
            tokens=tokens,
            seconds=before.seconds + time.monotonic() - began,
            held_out=tuple(held_out),
            learnt=course.learnt,
            cut=bound < len(order) and len(points) == bound,
        )
        checkpoint.save_adapter(out, lora.config(student.settings.model), lora.tensors(), log)
    return log


def _take_step(
    lora: TrainableLora,
    optimizer: "torch.optim.Optimizer",
    loss_of: AnswerLoss,
    batch: Batch,
    *,
    rate: float,
    clip: float,
    seed: int,
) -> float:
    """One step down the gradient of the batch's loss, which is returned.

    Raises:
        UserError: it is not a number.
    """
    import torch

    torch.manual_seed(seed)  # for the dropout, the same again after an interruption
    loss = loss_of(lora.model, batch)
    if not math.isfinite(loss.item()):
        raise UserError(
            f"A training's loss is {loss.item()}: it has run away. Lower training.learning_rate; the lessons are kept."
        )
    torch.autograd.backward(loss)
    lora.pull_gradients()
    # Of the one vector that all LoRA weights are: the norm is that of the whole gradient, as it should be.
    torch.nn.utils.clip_grad_norm_([lora.master], clip)
    optimizer.param_groups[0]["lr"] = rate
    optimizer.step()
    lora.push()
    return loss.item()


def _look(
    lora: TrainableLora,
    loss_of: AnswerLoss,
    held: Sequence[Lesson],
    student: Student,
    settings: TrainingSettings,
    step: int,
) -> HeldOutPoint:
    return measure_held_out(
        lora.model, loss_of, held, step=step, pad_id=student.pad_id, batch_size=4 * settings.batch_size
    )


def check_trainable(student: Student, settings: TrainingSettings) -> None:
    """See that a student can be taught, by one step that is not taken.

    Raises:
        UserError: its layers take no such LoRA, its code does not train, or int8 is asked for and not to be had.
    """
    import torch

    int8_levels(student, settings)
    ids = student.trial
    lessons = [Lesson((*ids[:length], student.format.end_id), length // 2) for length in (8, 16)]
    with torch.random.fork_rng(devices=[]), attach_lora(student, settings.lora, None, 0) as lora:
        try:
            loss = choose_loss(lora.model, lessons, student.pad_id)
            torch.autograd.backward(loss(lora.model, collate(lessons, student.pad_id, student.model.device)))
            lora.pull_gradients()
        except torch.OutOfMemoryError:
            raise
        except Exception as error:
            # Anything may come up in the code of an architecture that was not made to be taught so.
            raise UserError(
                f"Student {student.settings.model!r} cannot be taught with a LoRA on training.lora.targets "
                f"{settings.lora.targets!r}: {type(error).__name__}: {first_line(error)}. Name other layers there, "
                "or choose another student."
            ) from error
        if lora.master.grad is None or not bool(lora.master.grad.isfinite().all()) or not bool(lora.master.grad.any()):
            raise UserError(
                f"Student {student.settings.model!r} learns nothing from a LoRA on training.lora.targets "
                f"{settings.lora.targets!r}: its gradient is zero or not a number. Name other layers there."
            )


def _state(lora: TrainableLora, optimizer: "torch.optim.Optimizer") -> "dict[str, torch.Tensor]":
    import torch

    moments = optimizer.state[lora.master]
    mean = {} if lora.mean is None else {"mean": lora.mean, "noted": torch.tensor(lora.noted)}
    return mean | {
        "master": lora.master.detach(),
        "exp_avg": moments["exp_avg"],
        "exp_avg_sq": moments["exp_avg_sq"],
    }


def _resume(out: Path, work: str, lora: TrainableLora, optimizer: "torch.optim.Optimizer") -> Progress:
    """Take over the last checkpoint of the same work; without one, nothing was done yet."""
    import torch

    found = checkpoint.load_checkpoint(out, work)
    if found is None:
        return Progress(fingerprint=work, points=(), tokens=0, seconds=0.0)
    progress, tensors = found
    with torch.no_grad():
        lora.master.copy_(tensors["master"])
    lora.push()
    device = lora.master.device
    if "mean" in tensors:
        lora.mean, lora.noted = tensors["mean"].to(device), int(tensors["noted"])
    optimizer.state[lora.master] = {
        "step": torch.tensor(float(len(progress.points)), device=device if device.type == "cuda" else "cpu"),
        "exp_avg": tensors["exp_avg"].to(device),
        "exp_avg_sq": tensors["exp_avg_sq"].to(device),
    }
    return progress


def _fingerprint(
    student: Student,
    settings: TrainingSettings,
    seed: int,
    start: Path | None,
    lessons: Sequence[Lesson],
    held: Sequence[int],
) -> str:
    taught = settings.model_dump(mode="json", exclude=OUTSIDE)
    before = hashlib.sha256((start / checkpoint.WEIGHTS).read_bytes()).hexdigest() if start else None
    model = (student.settings.model, str(student.model.dtype), int8_levels(student, settings))
    return checkpoint.fingerprint(
        taught, model, seed, before, [(lesson.ids, lesson.prompt_length) for lesson in lessons], list(held)
    )


def _tell(point: LossPoint, steps: int, taken: int, seconds: float, batch_size: int, too_long: int) -> TrainingProgress:
    seconds = max(seconds, 1e-9)  # a first step may take less than the clock can tell
    return TrainingProgress(
        step=point.step,
        steps=steps,
        epoch=point.epoch,
        loss=point.loss,
        learning_rate=point.learning_rate,
        examples_per_second=taken * batch_size / seconds,
        seconds_left=(steps - point.step) * seconds / taken,
        too_long=too_long,
    )
