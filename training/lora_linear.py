"""Linear layers with a LoRA as one step of the backward pass, in place of PEFT's seven for each.

PEFT adds `lora_B(lora_A(x)) * scaling` to the layer's output, and so writes and reads four more tensors of the size of
the output. Here both small products are added inside the matrix multiplication (BLAS's beta), forward and backward.
Layers that are given the same tensor, such as those of query, key and value, are computed together where their weights
are in int8: the tensor is rounded once, and gradients for it need not be added up.
"""

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from ioa.training.frozen_weights import FrozenWeight, FullWeight, Int8Weight

if TYPE_CHECKING:
    import torch

__all__ = ["FusedLayer", "GroupPass", "LayerGroup", "fuse_lora_layers", "quantise_layers", "watch_layers"]

_NAME = "default"
"""PEFT's name of the LoRA."""


class FusedLayer:
    """The forward pass that takes the place of a PEFT layer's own."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.group = LayerGroup([self], FullWeight(self.weight))
        self.peaks: Any = None
        """(I,) the largest magnitude of each channel of the input, while they are watched; else none."""
        self.given: Any = None
        """The last input while inputs are watched; else none."""

    def __call__(self, x: "torch.Tensor") -> "torch.Tensor":
        """(..., I) to (..., O)."""
        import torch

        if self.peaks is not None:
            self.given = x
            torch.maximum(self.peaks, x.detach().abs().flatten(0, -2).amax(0), out=self.peaks)
        return self.group.output(self, x)

    @property
    def weight(self) -> Any:
        """(O, I), frozen."""
        return self.layer.base_layer.weight

    @property
    def lora(self) -> tuple[Any, Any]:
        """A (r, I) and B (O, r), which are trained."""
        return self.layer.lora_A[_NAME].weight, self.layer.lora_B[_NAME].weight


class GroupPass(NamedTuple):
    """What the backward pass of a group needs of the forward pass."""

    x_ni: Any
    low_nr: Any
    """x A^T, side by side."""
    a_ri: Any
    """A of all layers, one below the other."""
    b: Sequence[Any]
    """B (O, r) of each."""


class LayerGroup:
    """Layers that are given the same input, and are computed together when the first of them is.

    y = x W^T + b + s (x A^T) B^T for each of them.
    """

    def __init__(self, members: Sequence[FusedLayer], frozen: FrozenWeight) -> None:
        self._members = members
        self._frozen = frozen
        self.widths = [len(member.weight) for member in members]
        """O of each; the frozen weight has them one below the other."""
        self._ranks = [len(member.lora[0]) for member in members]
        self._scales = [member.layer.scaling[_NAME] for member in members]
        self._biases = [member.layer.base_layer.bias for member in members]
        self._step = _step()
        self._input: Any = None
        self._ready: dict[FusedLayer, torch.Tensor] = {}

    @property
    def lora(self) -> list[Any]:
        """What is trained: A (r, I) of each layer, then B (O, r) of each."""
        a, b = zip(*(member.lora for member in self._members), strict=True)
        return [*a, *b]

    def output(self, member: FusedLayer, x: "torch.Tensor") -> "torch.Tensor":
        """What one of the layers says of the input; what the others say of it is kept until they are asked."""
        if self._input is not x or member not in self._ready:
            outputs = self._step.apply(x, self, *self.lora)
            self._input, self._ready = x, dict(zip(self._members, outputs, strict=True))
        found = self._ready.pop(member)
        if not self._ready:
            self._input = None
        return found

    def forward(self, x_ni: "torch.Tensor", lora: Sequence["torch.Tensor"]) -> "tuple[list[torch.Tensor], GroupPass]":
        """The layers' outputs (N, O).

        Args:
            x_ni: Their input.
            lora: See the attribute.
        """
        import torch

        count = len(self.widths)
        b = lora[count:]
        a_ri = lora[0] if count == 1 else torch.cat(tuple(lora[:count]))
        low_nr = x_ni @ a_ri.t()
        outputs = list(torch.split(self._frozen.forward(x_ni), self.widths, 1))
        lows = torch.split(low_nr, self._ranks, 1)
        for y_no, low, b_or, bias, scale in zip(outputs, lows, b, self._biases, self._scales, strict=True):
            if bias is not None:
                y_no.add_(bias)
            y_no.addmm_(low, b_or.t(), alpha=scale)
        return outputs, GroupPass(x_ni, low_nr, a_ri, b)

    def backward(self, passed: GroupPass, grads: Sequence[Any], *, needs_x: bool) -> tuple[Any, list[Any]]:
        """The gradients for the input (N, I), where it is needed, and for all A and B.

        Args:
            passed: Of the forward pass.
            grads: For each output, (N, O).
            needs_x: Whether that for the input is needed.
        """
        import torch

        x_ni, low_nr, a_ri, b = passed
        scaled = [(grad @ b_or).mul_(s) for grad, b_or, s in zip(grads, b, self._scales, strict=True)]
        grad_nr = scaled[0] if len(b) == 1 else torch.cat(scaled, 1)
        grad_x = None
        if needs_x:
            grad_no = grads[0] if len(b) == 1 else torch.cat(list(grads), 1)
            grad_x = self._frozen.backward(grad_no).addmm_(grad_nr, a_ri)
        grad_a = torch.split(grad_nr.t() @ x_ni, self._ranks)
        lows = torch.split(low_nr, self._ranks, 1)
        grad_b = [(grad.t() @ low).mul_(s) for grad, low, s in zip(grads, lows, self._scales, strict=True)]
        return grad_x, [*grad_a, *grad_b]


def watch_layers(layers: Sequence[FusedLayer]) -> None:
    """Note from now on what the layers are given."""
    for layer in layers:
        layer.peaks = layer.weight.new_zeros(layer.weight.shape[1])


def quantise_layers(layers: Sequence[FusedLayer], levels: int) -> None:
    """Compute with the layers' weights in int8 from now on, by what was seen since `watch_layers`.

    Args:
        layers: In the order in which the model asks them.
        levels: Largest magnitude of an int8 weight.
    """
    import torch

    for _, alike in groupby(layers, key=lambda layer: id(layer.given) if layer.given is not None else id(layer)):
        members = list(alike)
        frozen = Int8Weight(torch.cat([member.weight.detach() for member in members]), levels, members[0].peaks)
        group = LayerGroup(members, frozen)
        for member in members:
            member.group = group
    for layer in layers:
        layer.peaks = layer.given = None


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
        """A group of layers, with gradients for their input, all A and all B."""

        @staticmethod
        def forward(ctx: Any, x: torch.Tensor, group: LayerGroup, *lora: torch.Tensor) -> tuple[torch.Tensor, ...]:
            outputs, passed = group.forward(x.reshape(-1, x.shape[-1]), lora)
            ctx.save_for_backward(*passed[:3], *passed.b)
            ctx.group, ctx.shape = group, x.shape
            return tuple(y_no.view(*x.shape[:-1], -1) for y_no in outputs)

        @staticmethod
        def backward(ctx: Any, *grads: torch.Tensor) -> Any:
            x_ni, low_nr, a_ri, *b = ctx.saved_tensors
            rows = [grad.reshape(len(x_ni), -1) for grad in grads]
            passed = GroupPass(x_ni, low_nr, a_ri, b)
            grad_x, of_lora = ctx.group.backward(passed, rows, needs_x=ctx.needs_input_grad[0])
            return (None if grad_x is None else grad_x.view(ctx.shape)), None, *of_lora

    return LoraLinear
