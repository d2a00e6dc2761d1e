"""Products with the weights that a training does not change: as they are, or in int8.

A processor with instructions for int8 (VNNI) multiplies it four times as fast as float32. Weights are rounded once,
a row at a time; activations and gradients are rounded as they come, a token at a time (SwitchBack, Wortsman et al.
2023), and a few channels that are far larger than the others give part of their size to the weights first (SmoothQuant,
Xiao et al. 2023). What is trained, the LoRA, stays in full precision, forward and backward.
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

__all__ = ["FrozenWeight", "FullWeight", "Int8Weight", "exact_levels", "quantise_rows"]

_LEVELS = (127, 63)
"""Largest magnitudes of an int8 weight that are tried. Before VNNI, x86 adds pairs of products in 16 bits, which two
products of 127 and 255 overflow and two of 63 and 255 do not."""
_LEAST = 1e-12
"""In place of the largest magnitude of a row of zeros."""


class FrozenWeight(Protocol):
    """A matrix W (O, I) that others are multiplied with."""

    def forward(self, x_ni: "torch.Tensor") -> "torch.Tensor":
        """The layer's output x W^T, (N, O)."""

    def backward(self, grad_no: "torch.Tensor") -> "torch.Tensor":
        """The gradient for x, g W, (N, I)."""


class FullWeight:
    """As it is."""

    def __init__(self, weight_oi: "torch.Tensor") -> None:
        self._weight = weight_oi

    def forward(self, x_ni: "torch.Tensor") -> "torch.Tensor":
        """See `FrozenWeight`."""
        return x_ni @ self._weight.t()

    def backward(self, grad_no: "torch.Tensor") -> "torch.Tensor":
        """See `FrozenWeight`."""
        return grad_no @ self._weight


class Int8Weight:
    """In int8: once rounded by its rows, for the forward pass, and once by its columns, for the backward pass."""

    def __init__(self, weight_oi: "torch.Tensor", levels: int, peaks_i: "torch.Tensor | None" = None) -> None:
        """Round it.

        Args:
            weight_oi: (O, I) float, which stays as it is.
            levels: Largest magnitude of an int8 weight, see `exact_levels`.
            peaks_i: (I,) the largest magnitude seen in each channel of the input; none: channels are taken as equal.
        """
        import torch

        weight = weight_oi.detach().float()
        if peaks_i is None:
            peaks_i = weight.new_ones(weight.shape[1])
        # Half of the difference between the channels goes to the weights (SmoothQuant, equation 4 with alpha 0.5).
        shift_i = torch.sqrt(peaks_i.float().clamp(min=_LEAST) / weight.abs().amax(0).clamp(min=_LEAST))
        self._rows, scale_o1 = quantise_rows(weight * shift_i, levels)  # (O, I)
        self._columns, scale_i1 = quantise_rows(weight.t(), levels)  # (I, O)
        self._shift, self._scale_o, self._scale_i = 1 / shift_i, scale_o1.t(), scale_i1.t()

    def forward(self, x_ni: "torch.Tensor") -> "torch.Tensor":
        """See `FrozenWeight`."""
        return _multiply(x_ni * self._shift, self._rows, self._scale_o).to(x_ni.dtype)

    def backward(self, grad_no: "torch.Tensor") -> "torch.Tensor":
        """See `FrozenWeight`."""
        return _multiply(grad_no, self._columns, self._scale_i).to(grad_no.dtype)


def _multiply(x_nk: "torch.Tensor", weight_mk: "torch.Tensor", scale_1m: "torch.Tensor") -> "torch.Tensor":
    """(N, M) float32, of a float matrix and one in int8 with its scales."""
    import torch

    rounded, scale_n1 = quantise_rows(x_nk, _LEVELS[0])
    return torch._int_mm(rounded, weight_mk.t()).float().mul_(scale_n1).mul_(scale_1m)


def quantise_rows(x_nk: "torch.Tensor", levels: int) -> "tuple[torch.Tensor, torch.Tensor]":
    """Round each row to whole numbers of at most that magnitude.

    Returns:
        (N, K) int8 and (N, 1) float32, whose product is the matrix but for the rounding.
    """
    import torch

    scale_n1 = x_nk.abs().amax(1, keepdim=True).float().clamp_(min=_LEAST).mul_(1 / levels)
    return (x_nk / scale_n1).round_().to(torch.int8), scale_n1


def exact_levels() -> int:
    """The largest magnitude of int8 weights with which this processor's products are exact; 0 where none is.

    Some add up in 16 bits and cut off what does not fit. The largest numbers that there are show it.
    """
    import torch

    inputs = torch.full((32, 64), 127, dtype=torch.int8)
    inputs[::2] = -127
    for levels in _LEVELS:
        weights = torch.full((48, 64), levels, dtype=torch.int8)
        weights[::3] = -levels
        expected = (inputs.double() @ weights.t().double()).to(torch.int32)
        try:
            if torch.equal(torch._int_mm(inputs, weights.t()), expected):
                return levels
        except (AttributeError, RuntimeError):
            return 0  # no such product in this version of torch or on this processor: full precision is used
    return 0
