"""The loss of a batch of lessons: cross-entropy over their solutions, as fast as the model allows."""

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ioa.training.batches import Batch, Lesson, collate

if TYPE_CHECKING:
    import torch


class AnswerLoss:
    """Cross-entropy over the batch's N taught tokens, from the model's own logits.

    Right for every model that padding on the right does not disturb; the others below are faster where they fit.
    """

    def logits(self, model: Any, batch: Batch) -> "torch.Tensor":
        """(N, V) of the places before the taught tokens."""
        whole: torch.Tensor = model(input_ids=batch.ids, use_cache=False).logits  # (B, T, V)
        return whole[:, :-1][batch.taught]

    def __call__(self, model: Any, batch: Batch) -> "torch.Tensor":
        """Its mean in nats, weighted where the batch says so: a scalar with a gradient."""
        import torch

        logits = self.logits(model, batch).float()
        if batch.weights is None:
            return torch.nn.functional.cross_entropy(logits, batch.targets)
        return torch.nn.functional.cross_entropy(logits, batch.targets, reduction="none") @ batch.weights

    def measure(self, model: Any, batch: Batch) -> "tuple[torch.Tensor, torch.Tensor]":
        """(N,) float32 in nats for each token, and (N,) bool: whether it is the likeliest one; without gradients."""
        import torch

        with torch.inference_mode():
            logits = self.logits(model, batch).float()
            losses = torch.nn.functional.cross_entropy(logits, batch.targets, reduction="none")
            return losses, logits.argmax(-1) == batch.targets


class PickedLoss(AnswerLoss):
    """The same, the hidden states picked before the output head.

    The vocabulary is large, and a prompt's logits would be thrown away.
    """

    def hidden(self, model: Any, batch: Batch) -> "torch.Tensor":
        """(N, D) of the places before the taught tokens."""
        whole: torch.Tensor = model.base_model(input_ids=batch.ids, use_cache=False).last_hidden_state  # (B, T, D)
        return whole[:, :-1][batch.taught]

    def logits(self, model: Any, batch: Batch) -> "torch.Tensor":
        """See `AnswerLoss`."""
        found: torch.Tensor = model.get_output_embeddings()(self.hidden(model, batch))
        return found


class FusedLoss(PickedLoss):
    """The same with the gradient made along with the loss.

    Softmax and gradient take the place of the logits in memory: autograd would write the (N, V) matrix five times.
    """

    def __call__(self, model: Any, batch: Batch) -> "torch.Tensor":
        """See `AnswerLoss`.

        Raises:
            TypeError: the model's output head is more than a frozen matrix.
        """
        import torch

        head = model.get_output_embeddings()
        names = [name for name, _ in head.named_parameters()]
        if type(head) is not torch.nn.Linear or names != ["weight"] or head.weight.requires_grad:
            raise TypeError("the output head is more than a frozen matrix")
        loss: torch.Tensor = _head_loss().apply(self.hidden(model, batch), head.weight, batch.targets, batch.weights)
        return loss


class SingleLoss(AnswerLoss):
    """The same for models that padding disturbs: lesson by lesson, without any."""

    def logits(self, model: Any, batch: Batch) -> "torch.Tensor":
        """See `AnswerLoss`."""
        import torch

        rows = []
        for ids, taught in zip(batch.ids, batch.taught, strict=True):
            end = int(taught.nonzero().max()) + 1  # the last target's place
            rows.append(model(input_ids=ids[None, : end + 1], use_cache=False).logits[0, :-1][taught[:end]])
        return torch.cat(rows)


def choose_loss(model: Any, lessons: Sequence[Lesson], pad_id: int) -> AnswerLoss:
    """The fastest loss that says of two lessons side by side what the model's own logits say of each alone.

    Some models scale or cap their logits, and some are disturbed by padding.
    """
    import torch

    pair = [function(lessons, key=lambda lesson: len(lesson.ids)) for function in (min, max)]
    batch = collate(pair, pad_id, model.device)
    training = model.training
    model.eval()  # without dropout
    ways: tuple[AnswerLoss, ...] = (FusedLoss(), PickedLoss(), AnswerLoss())
    with torch.no_grad():
        expected = SingleLoss()(model, batch).item()
        for loss in ways:
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
            loss = SingleLoss()
    model.train(training)
    return loss


@cache
def _head_loss() -> Any:
    """The function with its own backward pass; made here, since importing torch takes seconds."""
    import torch

    class HeadLoss(torch.autograd.Function):
        """Mean cross-entropy of softmax(h W^T) against the targets, or its weighted sum, with the gradient for h."""

        @staticmethod
        def forward(
            ctx: Any,
            hidden: torch.Tensor,  # (N, D)
            weight: torch.Tensor,  # (V, D)
            targets: torch.Tensor,  # (N,)
            weights: torch.Tensor | None,  # (N,)
        ) -> torch.Tensor:
            logits_nv = (hidden @ weight.t()).float()
            high, likeliest = logits_nv.max(1, keepdim=True)
            right = logits_nv.gather(1, targets[:, None])
            p_nv = torch.softmax(logits_nv, 1, out=logits_nv)
            # The likeliest token's probability is far from zero, so its logarithm gives the normaliser.
            losses = high - p_nv.gather(1, likeliest).log() - right  # (N, 1)
            if ctx.needs_input_grad[0]:
                p_nv.scatter_add_(1, targets[:, None], torch.full_like(right, -1))
                share = 1 / len(targets) if weights is None else weights[:, None].to(weight.dtype)
                ctx.save_for_backward((p_nv.to(weight.dtype) @ weight).mul_(share))
            return losses.mean() if weights is None else losses[:, 0] @ weights

        @staticmethod
        def backward(ctx: Any, grad: torch.Tensor) -> Any:
            (grad_nd,) = ctx.saved_tensors
            return grad_nd * grad, None, None, None

    return HeadLoss
