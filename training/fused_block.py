"""A decoder layer of the Llama family with its LoRAs as one step of the backward pass.

A student of 135 million weights has thirty layers, and each is some 150 operations forward and 200 backward, as
autograd sees them; on batches of a few short lessons calling them costs as much as what they compute. Here the passes
of a whole layer are written out, with what can be done in place done so.

    a = x + W_o attention(rotate(W_q n), rotate(W_k n), W_v n),  n = norm(x)
    y = a + W_d (silu(W_g m) * W_u m),                           m = norm(a)

RMS norm: Zhang and Sennrich 2019; rotary positions: Su et al. 2021; grouped queries: Ainslie et al. 2023; gated MLP:
Shazeer 2020. Whether a layer is computed so is decided by what it is made of and by a trial against its own code.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ioa.training.lora_linear import FusedLayer, GroupPass, LayerGroup

if TYPE_CHECKING:
    import torch

__all__ = ["fuse_blocks", "fused_blocks"]


class FusedBlock:
    """The forward pass that takes the place of a decoder layer's own."""

    def __init__(self, block: Any, layers: Sequence[FusedLayer]) -> None:
        attention, mlp = block.self_attn, block.mlp
        self.block = block
        self.norms = tuple((norm.weight, norm.variance_epsilon) for norm in _norms(block))
        self.head, self.scale = attention.head_dim, attention.scaling
        self.qkv, self.output, self.gated, self.down = (
            _groups(layers, part)
            for part in (
                (attention.q_proj, attention.k_proj, attention.v_proj),
                (attention.o_proj,),
                (mlp.gate_proj, mlp.up_proj),
                (mlp.down_proj,),
            )
        )
        self._step = _step()

    def __call__(
        self,
        hidden_states: "torch.Tensor",
        attention_mask: "torch.Tensor | None" = None,
        position_embeddings: "tuple[torch.Tensor, torch.Tensor] | None" = None,
        **_: Any,
    ) -> "torch.Tensor":
        """(B, T, D) to (B, T, D); the mask (B or 1, 1, T, T) is added to the scores.

        Raises:
            TypeError: the model gives no positions.
        """
        if position_embeddings is None:
            raise TypeError("a decoder layer without rotary positions")
        lora = [part for group in self.all_groups for part in group.lora]
        out: torch.Tensor = self._step.apply(hidden_states, attention_mask, *position_embeddings, self, *lora)
        return out

    @property
    def all_groups(self) -> tuple[LayerGroup, ...]:
        """In the order in which their weights are given to the step and their gradients come back."""
        return (*self.qkv, *self.output, *self.gated, *self.down)


def fused_blocks(model: Any, layers: Sequence[FusedLayer]) -> list[FusedBlock]:
    """The decoder layers of a model whose passes are known here; none of them is changed yet.

    Args:
        model: A causal LM in float32.
        layers: Its linear layers that carry a plain LoRA.
    """
    known = {id(layer.layer) for layer in layers}
    return [FusedBlock(block, layers) for block in model.modules() if _is_known(block, known)]


@contextmanager
def fuse_blocks(blocks: Sequence[FusedBlock]) -> Iterator[None]:
    """Have these decoder layers compute in one step until the end of the block."""
    for fused in blocks:
        fused.block.forward = fused
    try:
        yield
    finally:
        for fused in blocks:
            del fused.block.forward


def _norms(block: Any) -> tuple[Any, Any]:
    return block.input_layernorm, block.post_attention_layernorm


_PARTS = {"self_attn", "mlp", "input_layernorm", "post_attention_layernorm"}
_ATTENTION = {"q_proj", "k_proj", "v_proj", "o_proj"}
_MLP = {"gate_proj", "up_proj", "down_proj", "act_fn"}


def _is_known(block: Any, known: set[int]) -> bool:
    """Whether a module consists of these parts and no others, and each is of a kind that is written out below."""
    import torch

    if {name for name, _ in block.named_children()} != _PARTS:
        return False
    attention, mlp = block.self_attn, block.mlp
    linear = [layer for part in (attention, mlp) for name, layer in part.named_children() if name != "act_fn"]
    return (
        {name for name, _ in attention.named_children()} == _ATTENTION
        and {name for name, _ in mlp.named_children()} == _MLP
        and type(mlp.act_fn).__name__ in {"SiLU", "SiLUActivation"}
        and all(id(layer) in known for layer in linear)
        and all(type(norm).__name__.endswith("RMSNorm") and hasattr(norm, "variance_epsilon") for norm in _norms(block))
        and not getattr(attention, "attention_dropout", 0.0)
        and all(parameter.dtype == torch.float32 for parameter in block.parameters())
    )


def _groups(layers: Sequence[FusedLayer], modules: Sequence[Any]) -> list[LayerGroup]:
    """The groups that these modules are computed in, each once, in their order."""
    own = {id(layer.layer): layer.group for layer in layers}
    return list({id(own[id(module)]): own[id(module)] for module in modules}.values())


class _Saved(NamedTuple):
    """What the backward pass of a layer needs of the forward pass; N = B T rows, K key heads of G query heads each."""

    x_nd: Any
    rms_n1: Any
    q_kgth: Any
    """(B K, G T, H), rotated and scaled."""
    k_kth: Any
    """(B K, T, H), rotated."""
    v_kth: Any
    p_kgtt: Any
    """(B K, G T, T), the attention."""
    a_nd: Any
    a_rms_n1: Any
    gate_nm: Any
    up_nm: Any
    silu_nm: Any


def _norm(x_nd: "torch.Tensor", norm: tuple[Any, float]) -> "tuple[torch.Tensor, torch.Tensor]":
    """The RMS norm of each row, and by what it was multiplied for it."""
    weight, epsilon = norm
    rms_n1 = (x_nd * x_nd).mean(1, keepdim=True).add_(epsilon).rsqrt_()
    return (x_nd * rms_n1).mul_(weight), rms_n1


def _norm_back(grad_nd: Any, x_nd: Any, rms_n1: Any, norm: tuple[Any, float]) -> Any:
    grad_nd = grad_nd * norm[0]
    along_n1 = (grad_nd * x_nd).mean(1, keepdim=True).mul_(rms_n1**3)
    return grad_nd.mul_(rms_n1).addcmul_(x_nd, along_n1, value=-1)


def _rotate(x_bthd: Any, cos: Any, sin: Any, sign: int) -> Any:
    """Rotate each pair (d, d + D/2) by its position's angle, or back with sign -1."""
    half = x_bthd.shape[-1] // 2
    first, second = x_bthd[..., :half], x_bthd[..., half:]
    # Forward the first half takes its own sine and the second its own; backward they are exchanged.
    sines = (sin[..., :half], sin[..., half:])[::sign]
    out = x_bthd * cos
    out[..., :half].addcmul_(second, sines[0], value=-sign)
    out[..., half:].addcmul_(first, sines[1], value=sign)
    return out


def _forward(groups: Sequence[LayerGroup], x_ni: Any, lora: Iterator[Any]) -> tuple[list[Any], list[GroupPass]]:
    """The outputs of all layers that are given x, and what their backward passes need."""
    outputs, passes = [], []
    for group in groups:
        found, passed = group.forward(x_ni, [next(lora) for _ in range(2 * len(group.widths))])
        outputs += found
        passes.append(passed)
    return outputs, passes


def _backward(
    groups: Sequence[LayerGroup], passes: Sequence[GroupPass], grads: Sequence[Any], *, needs_x: bool = True
) -> tuple[Any, list[Any]]:
    """The gradients for x, where it is needed, and for the LoRAs."""
    grad_x, of_lora, rest = None, [], list(grads)
    for group, passed in zip(groups, passes, strict=True):
        count = len(group.widths)
        found, own = group.backward(passed, rest[:count], needs_x=needs_x)
        rest = rest[count:]
        grad_x = found if grad_x is None or found is None else grad_x.add_(found)
        of_lora += own
    return grad_x, of_lora


@cache
def _step() -> Any:
    """The function with its own backward pass; made here, since importing torch takes seconds."""
    import torch

    class DecoderLayer(torch.autograd.Function):
        """A whole layer, with gradients for its input and its LoRAs."""

        @staticmethod
        def forward(
            ctx: Any,
            x: torch.Tensor,  # (B, T, D)
            mask: torch.Tensor | None,  # (B or 1, 1, T, T)
            cos: torch.Tensor,  # (B or 1, T, H)
            sin: torch.Tensor,
            own: FusedBlock,
            *lora: torch.Tensor,
        ) -> torch.Tensor:
            size, length, width = x.shape
            parts = iter(lora)
            x_nd = x.reshape(-1, width)
            cos, sin = cos.unsqueeze(2), sin.unsqueeze(2)
            normed, rms_n1 = _norm(x_nd, own.norms[0])
            (q, k, v), of_qkv = _forward(own.qkv, normed, parts)
            heads = (size, length, -1, own.head)
            k_kth = _rotate(k.view(heads), cos, sin, 1).transpose(1, 2).reshape(-1, length, own.head)
            v_kth = v.view(heads).transpose(1, 2).reshape(-1, length, own.head)
            q_bhtd = _rotate(q.view(heads), cos, sin, 1).mul_(own.scale).transpose(1, 2)
            q_kgth = q_bhtd.reshape(len(k_kth), -1, own.head)
            scores = torch.bmm(q_kgth, k_kth.transpose(1, 2))  # (B K, G T, T)
            if mask is not None:
                scores.view(size, -1, length, length).add_(mask[..., :length])
            p_kgtt = torch.softmax(scores, -1, out=scores)
            mixed = torch.bmm(p_kgtt, v_kth).view(size, -1, length, own.head)
            mixed_nd = mixed.transpose(1, 2).reshape(len(x_nd), -1)
            (a_nd,), of_output = _forward(own.output, mixed_nd, parts)
            a_nd.add_(x_nd)
            normed, a_rms_n1 = _norm(a_nd, own.norms[1])
            (gate_nm, up_nm), of_gated = _forward(own.gated, normed, parts)
            silu_nm = torch.nn.functional.silu(gate_nm)
            (y_nd,), of_down = _forward(own.down, silu_nm * up_nm, parts)
            ctx.own, ctx.shape, ctx.turn = own, x.shape, (cos, sin)
            ctx.saved = _Saved(x_nd, rms_n1, q_kgth, k_kth, v_kth, p_kgtt, a_nd, a_rms_n1, gate_nm, up_nm, silu_nm)
            ctx.passes = (of_qkv, of_output, of_gated, of_down)
            out: torch.Tensor = y_nd.add_(a_nd).view(x.shape)
            return out

        @staticmethod
        def backward(ctx: Any, grad: torch.Tensor) -> Any:
            own, saved = ctx.own, ctx.saved
            size, length, width = ctx.shape
            of_qkv, of_output, of_gated, of_down = ctx.passes
            cos, sin = ctx.turn
            grad_nd = grad.reshape(-1, width)
            grad_nm, down_lora = _backward(own.down, of_down, [grad_nd])
            grad_gate = torch.ops.aten.silu_backward(grad_nm * saved.up_nm, saved.gate_nm)
            found, gated_lora = _backward(own.gated, of_gated, [grad_gate, grad_nm.mul_(saved.silu_nm)])
            grad_a = _norm_back(found, saved.a_nd, saved.a_rms_n1, own.norms[1]).add_(grad_nd)
            found, output_lora = _backward(own.output, of_output, [grad_a])
            mixed = found.view(size, length, -1, own.head).transpose(1, 2).reshape(saved.q_kgth.shape)
            grad_v = torch.bmm(saved.p_kgtt.transpose(1, 2), mixed)
            grad_p = torch.bmm(mixed, saved.v_kth.transpose(1, 2))
            grad_s = torch._softmax_backward_data(grad_p, saved.p_kgtt, -1, grad_p.dtype)
            grad_q = torch.bmm(grad_s, saved.k_kth).mul_(own.scale)
            grad_k = torch.bmm(grad_s.transpose(1, 2), saved.q_kgth)
            qkv = []
            for place, part in enumerate((grad_q, grad_k, grad_v)):
                heads = part.view(size, -1, length, own.head).transpose(1, 2)
                turned = _rotate(heads, cos, sin, -1) if place < 2 else heads
                qkv.append(turned.reshape(len(grad_nd), -1))
            grad_x, needs_x = None, ctx.needs_input_grad[0]  # the first layer's input is the frozen embedding
            found, qkv_lora = _backward(own.qkv, of_qkv, qkv, needs_x=needs_x)
            if needs_x:
                grad_x = _norm_back(found, saved.x_nd, saved.rms_n1, own.norms[0]).add_(grad_a).view(ctx.shape)
            ctx.saved = ctx.passes = None
            return grad_x, None, None, None, None, *qkv_lora, *output_lora, *gated_lora, *down_lora

    return DecoderLayer
