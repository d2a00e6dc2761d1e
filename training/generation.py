"""Decoding of a batch, greedy or sampled, with rows that have ended taken out of the computation."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

SHRINK = 0.75
"""The batch is made smaller once at most this share of its rows is still being written."""


@dataclass(frozen=True)
class Sampling:
    """Draw each token from the model's distribution in place of taking the likeliest."""

    temperature: float
    """What the logits are divided by, more than 0."""
    seed: int
    """The same seed and prompt give the same reply, in whatever batch; another seed gives another."""


def decode(
    model: Any,
    prompts: Sequence[Sequence[int]],
    *,
    pad_id: int,
    stop_ids: Collection[int],
    max_new_tokens: int,
    sampling: Sampling | None = None,
) -> list[list[int]]:
    """Continue each prompt, with the likeliest token or a sampled one, until a stop token, which is left out.

    `generate` of transformers computes every row until the longest has ended; here the others leave.

    Args:
        model: A causal LM in evaluation mode.
        prompts: B sequences of token ids, none empty.
        pad_id: What prompts are filled up with on the left.
        stop_ids: Tokens that end a reply.
        max_new_tokens: Longest reply.
        sampling: How tokens are drawn; none: greedily.

    Returns:
        B lists of at most `max_new_tokens` ids, in the order of the prompts.
    """
    import torch
    from transformers import DynamicCache

    replies: list[list[int]] = [[] for _ in prompts]
    choose = _likeliest if sampling is None else _sampler(prompts, sampling)
    with torch.inference_mode():
        ids, mask = pad_left(prompts, pad_id, model.device)
        cache = DynamicCache(config=model.config)
        rows = list(range(len(prompts)))  # prompts that are still in the batch
        open_rows = set(rows)
        for _ in range(max_new_tokens):
            # Padding on the left would get position -1; it is masked, and still needs a valid one.
            positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
            logits = model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
                # Of the last place: a prompt's logits over the whole vocabulary would be the largest tensor by far.
                logits_to_keep=1,
            ).logits
            chosen = choose(logits[:, -1], rows)  # (B, 1, V) -> (B,)
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


def _likeliest(logits_BV: "torch.Tensor", _rows: Sequence[int]) -> "torch.Tensor":  # noqa: N803 - its shape
    return logits_BV.argmax(-1)


def _sampler(
    prompts: Sequence[Sequence[int]], sampling: Sampling
) -> "Callable[[torch.Tensor, Sequence[int]], torch.Tensor]":
    """Draws by the exponential race: the argmax of p / E with E exponential is distributed as p.

    Each prompt has a generator of its own, which is seeded by the prompt, so that its reply depends neither on
    its neighbours nor on its place. The race is kinder than inverting the distribution function: a logit that
    another batch size rounds otherwise changes the winner only where two are all but equal.
    """
    import torch

    generators = [torch.Generator().manual_seed(_seed(sampling.seed, prompt)) for prompt in prompts]

    def choose(logits_BV: "torch.Tensor", rows: Sequence[int]) -> "torch.Tensor":  # noqa: N803 - its shape
        width = logits_BV.shape[-1]
        race = torch.stack([torch.empty(width).exponential_(generator=generators[row]) for row in rows])
        scaled = logits_BV.float() / sampling.temperature
        return (scaled - race.to(logits_BV.device).log()).argmax(-1)

    return choose


def _seed(seed: int, prompt: Sequence[int]) -> int:
    digest = hashlib.sha256(f"{seed}/{','.join(map(str, prompt))}".encode()).digest()
    return int.from_bytes(digest[:7], "big")


def pad_left(
    sequences: Sequence[Sequence[int]], pad_id: int, device: "torch.device | str"
) -> "tuple[torch.Tensor, torch.Tensor]":
    """Token ids and attention mask, both (B, T) int64, with the text at the right edge."""
    import torch

    longest = max(map(len, sequences))
    ids = [[pad_id] * (longest - len(sequence)) + list(sequence) for sequence in sequences]
    mask = [[0] * (longest - len(sequence)) + [1] * len(sequence) for sequence in sequences]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)
