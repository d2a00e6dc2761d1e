"""How many floating-point operations a student's arithmetic takes, counted so that it is rather too few than too many.

A token that passes through P weights of linear layers costs 2 P operations: a multiplication and an addition each
(Kaplan et al. 2020, arXiv 2001.08361). Training a LoRA costs the same again and no more: the frozen weights pass the
gradient on, and have none of their own, so that a trained token costs 4 P where full training costs 6 P. Not counted
are attention scores, norms, the LoRA itself, and what is computed for padding and for replies that have ended.
"""

from dataclasses import dataclass
from typing import Any

_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")


@dataclass(frozen=True)
class ForwardCost:
    """Operations of one pass through a model without its LoRA."""

    token: float
    """For a token, all layers but the output head: 2 P of their weights."""
    logits: float
    """For the logits at one place: 2 P of the output head."""

    def generation(self, prompt: int, written: int) -> float:
        """Operations of writing so many tokens behind prompts of so many, each computed once.

        The prompts' logits are computed at their last place alone.
        """
        return self.token * (prompt + written) + self.logits * written

    def training(self, tokens: int, taught: int) -> float:
        """Operations of a step on so many tokens, of which so many are taught: forward, and as many backward."""
        return 2 * (self.token * tokens + self.logits * taught)


def forward_cost(model: Any) -> ForwardCost | None:
    """What a model costs; none for a mixture of experts, of which a token passes a part that is not known here."""
    import torch

    config = model.config.get_text_config(decoder=True)
    if any((getattr(config, name, None) or 1) > 1 for name in _EXPERTS):
        return None
    head = model.get_output_embeddings()
    heads = {id(weight): weight.numel() for weight in head.parameters()} if head is not None else {}
    tables = {
        id(weight)
        for module in model.modules()
        if isinstance(module, torch.nn.Embedding)
        for weight in module.parameters()
    }
    layers = sum(
        weight.numel()
        for weight in model.parameters()
        if weight.ndim > 1 and id(weight) not in tables and id(weight) not in heads
    )
    return ForwardCost(token=2.0 * layers, logits=2.0 * sum(heads.values()))
