"""A linear layer with a LoRA as one step of the backward pass, in place of PEFT's seven.

PEFT adds `lora_B(lora_A(x)) * scaling` to the layer's output, and so writes and reads four more tensors of the size of
the output. Here both small products are added inside the matrix multiplication (BLAS's beta), forward and backward.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

from ioa.training.frozen_weights import FrozenWeight, FullWeight, Int8Weight

if TYPE_CHECKING:
    import torch

__all__ = ["FusedLayer", "fuse_lora_layers"]

_NAME = "default"
"""PEFT's name of the LoRA."""


class FusedLayer:
    """The forward pass that takes the place of a PEFT layer's own."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._frozen: FrozenWeight = FullWeight(layer.base_layer.weight)
        self._step = _step()
        self.peaks: Any = None
        """(I,) the largest magnitude of each channel of the input, while they are watched; else none."""

    def __call__(self, x: "torch.Tensor") -> "torch.Tensor":
        """(..., I) to (..., O)."""
        import torch

        layer = self._layer
        if self.peaks is not None:
            torch.maximum(self.peaks, x.detach().abs().flatten(0, -2).amax(0), out=self.peaks)
        weights = layer.lora_A[_NAME].weight, layer.lora_B[_NAME].weight
        out: torch.Tensor = self._step.apply(x, self._frozen, layer.base_layer.bias, *weights, layer.scaling[_NAME])
        return out

    def watch(self) -> None:
        """Note from now on how large the channels of the input are."""
        weight = self._layer.base_layer.weight
        self.peaks = weight.new_zeros(weight.shape[1])

    def quantise(self, levels: int) -> None:
        """Compute with the layer's weight in int8 from now on, by what was seen since `watch`."""
        self._frozen = Int8Weight(self._layer.base_layer.weight, levels, self.peaks)
        self.peaks = None


def fuse_lora_layers(wrapped: Any) -> list[FusedLayer]:
    """Have the plain LoRA layers of a PEFT model compute in one step; the others stay as PEFT made them.

    A layer is plain when a `torch.nn.Linear` without hooks carries one LoRA without dropout, bias or variant (such as
    DoRA). The change is an attribute of the layers, so that it goes when PEFT's layers go.

    Args:
        wrapped: The PEFT model, its LoRA active.

    Returns:
        Those that were changed.
    """
    from peft.tuners.lora import Linear

    layers: list[Any] = [module for module in wrapped.modules() if isinstance(module, Linear) and _is_plain(module)]
    fused = [FusedLayer(layer) for layer in layers]
    for layer, forward in zip(layers, fused, strict=True):
        layer.forward = forward
    return fused


def _is_plain(layer: Any) -> bool:
    import torch

    base = layer.base_layer
    return bool(
        type(base) is torch.nn.Linear
        and layer.active_adapters == [_NAME]
        and list(layer.lora_A) == [_NAME]
        and not layer.lora_variant
        and not layer.merged
        and isinstance(layer.lora_dropout[_NAME], torch.nn.Identity)
        and layer.lora_A[_NAME].bias is None
        and layer.lora_B[_NAME].bias is None
        and layer.lora_A[_NAME].weight.dtype == base.weight.dtype
        and not (base._forward_hooks or base._forward_pre_hooks or layer._forward_hooks or layer._forward_pre_hooks)
    )


@cache
def _step() -> Any:
    """The function with its own backward pass; made here, since importing torch takes seconds."""
    import torch

    class LoraLinear(torch.autograd.Function):
        """y = x W^T + b + s (x A^T) B^T, with gradients for x, A and B."""

        @staticmethod
        def forward(
            ctx: Any,
            x: torch.Tensor,  # (..., I)
            frozen: FrozenWeight,  # W: (O, I)
            bias: torch.Tensor | None,  # (O,)
            a: torch.Tensor,  # (r, I)
            b: torch.Tensor,  # (O, r)
            scale: float,
        ) -> torch.Tensor:
            x_ni = x.reshape(-1, x.shape[-1])
            low_nr = x_ni @ a.t()
            y_no = frozen.forward(x_ni)
            if bias is not None:
                y_no += bias
            y_no.addmm_(low_nr, b.t(), alpha=scale)
            ctx.save_for_backward(x_ni, low_nr, a, b)
            ctx.frozen, ctx.scale, ctx.shape = frozen, scale, x.shape
            return y_no.view(*x.shape[:-1], len(b))

        @staticmethod
        def backward(ctx: Any, grad: torch.Tensor) -> Any:
            x_ni, low_nr, a, b = ctx.saved_tensors
            grad_no = grad.reshape(-1, len(b))
            grad_nr = (grad_no @ b).mul_(ctx.scale)
            grad_x = None
            if ctx.needs_input_grad[0]:
                grad_x = ctx.frozen.backward(grad_no).addmm_(grad_nr, a).view(ctx.shape)
            grad_a = grad_nr.t() @ x_ni
            grad_b = (grad_no.t() @ low_nr).mul_(ctx.scale)
            return grad_x, None, None, grad_a, grad_b, None

    return LoraLinear
