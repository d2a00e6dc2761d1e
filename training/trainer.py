"""Training a LoRA on lessons, so that a crash costs no more than a few steps."""

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ioa.memory.errors import UserError
from ioa.memory.records import Example
from ioa.memory.training_log import LossPoint, TrainingLog
from ioa.training import checkpoint
from ioa.training.batches import Batch, Lesson, batch_order, collate, encode_lessons
from ioa.training.checkpoint import Progress, is_complete
from ioa.training.loading import first_line
from ioa.training.lora import TrainableLora, attach_lora
from ioa.training.settings.training import TrainingSettings
from ioa.training.student import Student

if TYPE_CHECKING:
    import torch

__all__ = ["TrainingProgress", "check_trainable", "is_complete", "train"]


@dataclass(frozen=True)
class TrainingProgress:
    """What a person watching is told after a step."""

    step: int
    """Steps taken, those before an interruption included."""
    steps: int
    """Steps in all."""
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
    on_step: OnStep | None = None,
) -> TrainingLog:
    """Teach the student these examples; the adapter is in `out`, and the student is bare again, at the end.

    A finished `out` is left as it is. An interrupted one goes on from its last checkpoint and ends with the
    same weights, to the bit, as it would have without the interruption on the same machine.

    Args:
        student: Who is taught.
        examples: What is taught: the loss is on their solutions alone.
        start: Finished adapter to go on from; none: a fresh one.
        out: Folder of the result: adapter, log, completion marker.
        settings: How.
        seed: Of the fresh LoRA, the order of the examples and the dropout.
        on_step: Told after every step.

    Returns:
        The log, also in `out`.

    Raises:
        UserError: no example fits `max_length`, or `start` is a LoRA of another form.
    """
    import torch

    if is_complete(out):
        return checkpoint.read_log(out)
    lessons, too_long = encode_lessons(examples, student.format, settings.max_length)
    if not lessons:
        raise UserError(
            f"Nothing to train on: of {len(examples)} examples {len(too_long)} are longer than `max_length` "
            f"({settings.max_length} tokens). Raise it, or write shorter lessons."
        )
    order = batch_order([len(lesson.ids) for lesson in lessons], settings.batch_size, settings.epochs, seed)
    work = _fingerprint(student, settings, seed, start, lessons)
    # The seeds set here must not be felt by what the caller draws afterwards.
    devices = [student.model.device] if student.model.device.type == "cuda" else []
    with (
        student.meter.during("training"),
        torch.random.fork_rng(devices=devices),
        attach_lora(student, settings.lora, start, seed) as lora,
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
        points, tokens, began = list(before.points), before.tokens, time.monotonic()
        loss_of = choose_loss(lora.model, lessons, student.pad_id)
        for step, indices in enumerate(order[len(points) :], start=len(points) + 1):
            torch.manual_seed(seed + step)  # for the dropout, the same again after an interruption
            batch = collate([lessons[i] for i in indices], student.pad_id, student.model.device)
            loss = loss_of(lora.model, batch)
            if not math.isfinite(loss.item()):
                raise UserError(
                    f"The loss of step {step} is {loss.item()}: the training has run away. "
                    "Lower training.learning_rate; the lessons are kept."
                )
            torch.autograd.backward(loss)
            lora.pull_gradients()
            # Of the one vector that all LoRA weights are: the norm is that of the whole gradient, as it should be.
            torch.nn.utils.clip_grad_norm_([lora.master], settings.clip)
            rate = learning_rate(step, len(order), settings)
            optimizer.param_groups[0]["lr"] = rate
            optimizer.step()
            lora.push()
            tokens += batch.tokens
            flops = student.cost.training(batch.tokens, int(batch.taught.sum())) if student.cost else 0.0
            student.meter.count("training", items=len(indices), tokens=batch.tokens, flops=flops)
            epoch = step * settings.epochs / len(order)
            points.append(LossPoint(step=step, epoch=epoch, loss=loss.item(), learning_rate=rate))
            now = Progress(
                fingerprint=work,
                points=tuple(points),
                tokens=tokens,
                seconds=before.seconds + time.monotonic() - began,
            )
            # Not after the last step: the adapter itself is written then.
            if step % settings.checkpoint_every == 0 and step < len(order):
                checkpoint.save_checkpoint(out, now, _state(lora, optimizer))
            if on_step is not None:
                taken = step - len(before.points)
                on_step(_tell(now, before, len(order), taken, settings.batch_size, len(too_long)))
        log = TrainingLog(steps=now.points, examples=len(lessons), tokens=tokens, seconds=now.seconds)
        checkpoint.save_adapter(out, lora.config(student.settings.model), lora.tensors(), log)
    return log


def learning_rate(step: int, steps: int, settings: TrainingSettings) -> float:
    """The rate of a step, counted from 1: a linear rise, then half a cosine that ends just above zero."""
    rise = math.ceil(settings.warmup * steps)
    if step <= rise:
        return settings.learning_rate * step / rise
    done = (step - rise - 1) / (steps - rise)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def answer_loss(model: Any, batch: Batch) -> "torch.Tensor":
    """Mean cross-entropy over the batch's N taught tokens, in nats.

    Logits are computed for these alone: the vocabulary is large, and a prompt's logits would be thrown away.
    The hidden states are picked before the output head, so that its input is a (N, hidden) matrix.
    """
    import torch

    hidden = model.base_model(input_ids=batch.ids, use_cache=False).last_hidden_state  # (B, T, D)
    logits = model.get_output_embeddings()(hidden[:, :-1][batch.taught])  # (N, V)
    return torch.nn.functional.cross_entropy(logits.float(), batch.targets)


def answer_loss_plain(model: Any, batch: Batch) -> "torch.Tensor":
    """The same from the model's own logits, for models that do more than multiply by the output head."""
    import torch

    logits = model(input_ids=batch.ids, use_cache=False).logits  # (B, T, V)
    return torch.nn.functional.cross_entropy(logits[:, :-1][batch.taught].float(), batch.targets)


def answer_loss_singly(model: Any, batch: Batch) -> "torch.Tensor":
    """The same for models that padding disturbs: lesson by lesson, without any."""
    import torch

    losses = []
    for ids, taught in zip(batch.ids, batch.taught, strict=True):
        end = int(taught.nonzero().max()) + 1  # the last target's place
        logits = model(input_ids=ids[None, : end + 1], use_cache=False).logits[0, :-1][taught[:end]]
        targets = ids[1 : end + 1][taught[:end]]
        losses.append(torch.nn.functional.cross_entropy(logits.float(), targets, reduction="sum"))
    return torch.stack(losses).sum() / batch.taught.sum()


def choose_loss(model: Any, lessons: Sequence[Lesson], pad_id: int) -> "Callable[[Any, Batch], torch.Tensor]":
    """The fastest loss that says of two lessons side by side what the model's own logits say of each alone.

    Some models scale or cap their logits, and some are disturbed by padding.
    """
    import torch

    pair = [function(lessons, key=lambda lesson: len(lesson.ids)) for function in (min, max)]
    batch = collate(pair, pad_id, model.device)
    training = model.training
    model.eval()  # without dropout
    with torch.no_grad():
        expected = answer_loss_singly(model, batch).item()
        for loss in (answer_loss, answer_loss_plain):
            try:
                found = loss(model, batch).item()
            except (AttributeError, TypeError, ValueError, RuntimeError) as error:
                if isinstance(error, torch.OutOfMemoryError):
                    raise
                continue  # a model that has no hidden states to be had, or takes no batches
            # 2 %: in bfloat16 they differ by rounding alone; what is wrong is off by far more.
            if math.isclose(found, expected, rel_tol=0.02, abs_tol=0.02):
                break
        else:
            loss = answer_loss_singly
    model.train(training)
    return loss


def check_trainable(student: Student, settings: TrainingSettings) -> None:
    """See that a student can be taught, by one step that is not taken.

    Raises:
        UserError: its layers take no such LoRA, or its code does not train.
    """
    import torch

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
    moments = optimizer.state[lora.master]
    return {
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
    optimizer.state[lora.master] = {
        "step": torch.tensor(float(len(progress.points)), device=device if device.type == "cuda" else "cpu"),
        "exp_avg": tensors["exp_avg"].to(device),
        "exp_avg_sq": tensors["exp_avg_sq"].to(device),
    }
    return progress


def _fingerprint(
    student: Student, settings: TrainingSettings, seed: int, start: Path | None, lessons: Sequence[Lesson]
) -> str:
    # These three leave the weights as they would be: a training may go on with others.
    taught = settings.model_dump(mode="json", exclude={"checkpoint_every", "observe", "report_to"})
    before = hashlib.sha256((start / checkpoint.WEIGHTS).read_bytes()).hexdigest() if start else None
    model = (student.settings.model, str(student.model.dtype))
    return checkpoint.fingerprint(
        taught, model, seed, before, [(lesson.ids, lesson.prompt_length) for lesson in lessons]
    )


def _tell(now: Progress, before: Progress, steps: int, taken: int, batch_size: int, too_long: int) -> TrainingProgress:
    # A first step may take less than the clock can tell.
    seconds = max(now.seconds - before.seconds, 1e-9)
    return TrainingProgress(
        step=len(now.points),
        steps=steps,
        epoch=now.points[-1].epoch,
        loss=now.points[-1].loss,
        learning_rate=now.points[-1].learning_rate,
        examples_per_second=taken * batch_size / seconds,
        seconds_left=(steps - len(now.points)) * seconds / taken,
        too_long=too_long,
    )
