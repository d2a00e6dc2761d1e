"""Weights in oneDNN's own layout while replies are written.

A product with few rows spends its time on bringing the weights into another layout, at every token anew: of SmolLM2's
linear layers on AVX-512 two fifths at 8 rows, a tenth at 64. Packed once, they take as much memory again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

MOST_ROWS = 128
"""Above it the usual product is the faster one."""
MOST_BYTES = 2 << 30
"""Of weights; larger models are left as they are, since packing takes as much memory again."""
_TOLERANCE = 1e-4
"""Relative to the largest of an output; what rounding explains is a tenth of it."""


@contextmanager
def packed_weights(model: Any) -> Iterator[bool]:
    """Pack the weights of the linear layers of a model in float32 on a processor; they must not change meanwhile.

    Yields:
        Whether they are packed: nothing is done for other models, and where torch cannot do it here.
    """
    layers = _layers(model)
    packed = [_packed(layer) for layer in layers] if layers and _is_right(layers[0]) else []
    for layer, forward in zip(layers, packed, strict=False):
        layer.forward = forward
    try:
        yield bool(packed)
    finally:
        for layer, _ in zip(layers, packed, strict=False):
            del layer.forward  # that of the class is seen again


def _layers(model: Any) -> list[Any]:
    import torch

    layers = [module for module in model.modules() if type(module) is torch.nn.Linear]
    weights = {layer.weight.data_ptr(): layer.weight for layer in layers}.values()
    fit = all(weight.device.type == "cpu" and weight.dtype == torch.float32 for weight in weights)
    untouched = not any("forward" in vars(layer) for layer in layers)
    small = sum(weight.numel() * weight.itemsize for weight in weights) <= MOST_BYTES
    return layers if fit and untouched and small else []


def _is_right(layer: Any) -> bool:
    """Torch calls these operations private: they are tried before they are relied on."""
    import torch

    try:
        with torch.inference_mode():
            rows = torch.linspace(-1, 1, 2 * layer.in_features).view(2, -1)
            expected, found = layer(rows), _packed(layer)(rows)
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return False
    return bool((found - expected).abs().max() <= _TOLERANCE * expected.abs().max())


def _packed(layer: Any) -> "Callable[[torch.Tensor], torch.Tensor]":
    import torch

    operations: Any = torch.ops.mkldnn
    weight, bias, usual = layer.weight, layer.bias, type(layer).forward
    with torch.inference_mode():
        own = operations._reorder_linear_weight(weight.detach(), MOST_ROWS)

    def forward(given: "torch.Tensor") -> "torch.Tensor":
        if given.numel() > MOST_ROWS * given.shape[-1]:
            return usual(layer, given)  # type: ignore[no-any-return]
        found: torch.Tensor = operations._linear_pointwise(given, own, bias, "none", [], "")
        return found

    return forward
