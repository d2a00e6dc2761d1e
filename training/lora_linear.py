"""A linear layer with a LoRA as one step of the backward pass, in place of PEFT's seven.

PEFT adds `lora_B(lora_A(x)) * scaling` to the layer's output, and so writes and reads four more tensors of the size of
the output. Here both small products are added inside the matrix multiplication (BLAS's beta), forward and backward.
"""

from functools import cache, partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = ["fuse_lora_layers"]


def fuse_lora_layers(wrapped: Any) -> int:
    """Have the plain LoRA layers of a PEFT model compute in one step; the others stay as PEFT made them.

    A layer is plain when a `torch.nn.Linear` without hooks carries one LoRA without dropout, bias or variant (such as
    DoRA). The change is an attribute of the layers, so that it goes when PEFT's layers go.

    Args:
        wrapped: The PEFT model, its LoRA active.

    Returns:
        How many layers were changed.
    """
    from peft.tuners.lora import Linear

    layers: list[Any] = [module for module in wrapped.modules() if isinstance(module, Linear) and _is_plain(module)]
    step = _step()
    for layer in layers:
        layer.forward = partial(_forward, layer, step)
    return len(layers)


def _is_plain(layer: Any) -> bool:
    import torch

    name = "default"
    base = layer.base_layer
    return bool(
        type(base) is torch.nn.Linear
        and layer.active_adapters == [name]
        and list(layer.lora_A) == [name]
        and not layer.lora_variant
        and not layer.merged
        and isinstance(layer.lora_dropout[name], torch.nn.Identity)
        and layer.lora_A[name].bias is None
        and layer.lora_B[name].bias is None
        and layer.lora_A[name].weight.dtype == base.weight.dtype
        and not (base._forward_hooks or base._forward_pre_hooks or layer._forward_hooks or layer._forward_pre_hooks)
    )


def _forward(layer: Any, step: Any, x: "torch.Tensor") -> "torch.Tensor":
    base, name = layer.base_layer, "default"
    weights = layer.lora_A[name].weight, layer.lora_B[name].weight
    out: torch.Tensor = step.apply(x, base.weight, base.bias, *weights, layer.scaling[name])
    return out


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
            weight: torch.Tensor,  # (O, I)
            bias: torch.Tensor | None,  # (O,)
            a: torch.Tensor,  # (r, I)
            b: torch.Tensor,  # (O, r)
            scale: float,
        ) -> torch.Tensor:
            x_ni = x.reshape(-1, x.shape[-1])
            low_nr = x_ni @ a.t()
            y_no = torch.nn.functional.linear(x_ni, weight, bias)
            y_no.addmm_(low_nr, b.t(), alpha=scale)
            ctx.save_for_backward(x_ni, low_nr, weight, a, b)
            ctx.scale, ctx.shape = scale, x.shape
            return y_no.view(*x.shape[:-1], weight.shape[0])

        @staticmethod
        def backward(ctx: Any, grad: torch.Tensor) -> Any:
            x_ni, low_nr, weight, a, b = ctx.saved_tensors
            grad_no = grad.reshape(-1, weight.shape[0])
            grad_nr = (grad_no @ b).mul_(ctx.scale)
            grad_x = None
            if ctx.needs_input_grad[0]:
                grad_x = (grad_no @ weight).addmm_(grad_nr, a).view(ctx.shape)
            grad_a = grad_nr.t() @ x_ni
            grad_b = (grad_no.t() @ low_nr).mul_(ctx.scale)
            return grad_x, None, None, grad_a, grad_b, None

    return LoraLinear
