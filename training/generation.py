"""Greedy decoding of a batch, with rows that have ended taken out of the computation."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

SHRINK = 0.75
"""The batch is made smaller once at most this share of its rows is still being written."""


def decode_greedily(
    model: Any,
    prompts: Sequence[Sequence[int]],
    *,
    pad_id: int,
    stop_ids: Collection[int],
    max_new_tokens: int,
) -> list[list[int]]:
    """Continue each prompt with the likeliest token until a stop token, which is left out of the result.

    `generate` of transformers computes every row until the longest has ended; here the others leave.

    Args:
        model: A causal LM in evaluation mode.
        prompts: B sequences of token ids, none empty.
        pad_id: What prompts are filled up with on the left.
        stop_ids: Tokens that end a reply.
        max_new_tokens: Longest reply.

    Returns:
        B lists of at most `max_new_tokens` ids, in the order of the prompts.
    """
    import torch
    from transformers import DynamicCache

    replies: list[list[int]] = [[] for _ in prompts]
    with torch.inference_mode():
        ids, mask = pad_left(prompts, pad_id, model.device)
        cache = DynamicCache(config=model.config)
        rows = list(range(len(prompts)))  # prompts that are still in the batch
        open_rows = set(rows)
        for _ in range(max_new_tokens):
            positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
            logits = model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits
            chosen = logits[:, -1].argmax(-1)  # (B, 1, V) -> (B,)
            for row, token in zip(rows, chosen.tolist(), strict=True):
                if row in open_rows and token in stop_ids:
                    open_rows.remove(row)
                elif row in open_rows:
                    replies[row].append(token)
            if not open_rows:
                break
            if len(open_rows) <= SHRINK * len(rows):
                keep = torch.tensor([i for i, row in enumerate(rows) if row in open_rows], device=model.device)
                rows = [row for row in rows if row in open_rows]
                cache.batch_select_indices(keep)
                chosen, mask = chosen[keep], mask[keep]
            ids = chosen[:, None]
            mask = torch.cat((mask, mask.new_ones(len(rows), 1)), dim=1)
    return replies


def pad_left(
    sequences: Sequence[Sequence[int]], pad_id: int, device: "torch.device | str"
) -> "tuple[torch.Tensor, torch.Tensor]":
    """Token ids and attention mask, both (B, T) int64, with the text at the right edge."""
    import torch

    longest = max(map(len, sequences))
    ids = [[pad_id] * (longest - len(sequence)) + list(sequence) for sequence in sequences]
    mask = [[0] * (longest - len(sequence)) + [1] * len(sequence) for sequence in sequences]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)
