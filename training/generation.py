"""Decoding of a batch, greedy or sampled: by a loop of our own, or by transformers' `generate`."""

import hashlib
import inspect
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

SHRINK = 0.75
"""The batch is made smaller once at most this share of its rows is still being written."""

Choose = Callable[["torch.Tensor", Sequence[int]], "torch.Tensor"]
"""Chooses the next token of each row, (B,), from its logits, (B, V); told which prompts the rows belong to."""


@dataclass(frozen=True)
class Sampling:
    """Draw each token from the model's distribution in place of taking the likeliest."""

    temperature: float
    """What the logits are divided by, more than 0."""
    seed: int
    """The same seed and prompt give the same reply, in whatever batch; another seed gives another."""


class Decoder(Protocol):
    """A way to continue prompts."""

    def __call__(
        self,
        model: Any,
        prompts: Sequence[Sequence[int]],
        choose: Choose,
        *,
        pad_id: int,
        stop_ids: Collection[int],
        limits: Sequence[int],
    ) -> list[list[int]]:
        """Continue each prompt until a stop token, which is left out.

        Args:
            model: A causal LM in evaluation mode.
            prompts: B sequences of token ids, none empty.
            choose: Chooses each next token.
            pad_id: What prompts are filled up with on the left.
            stop_ids: Tokens that end a reply.
            limits: Longest reply to each prompt.

        Returns:
            B lists of ids, in the order of the prompts.
        """


def chooser(prompts: Sequence[Sequence[int]], sampling: Sampling | None) -> Choose:
    """The likeliest token, or a sampled one."""
    return _likeliest if sampling is None else _sampler(prompts, sampling)


def decode_shrinking(
    model: Any,
    prompts: Sequence[Sequence[int]],
    choose: Choose,
    *,
    pad_id: int,
    stop_ids: Collection[int],
    limits: Sequence[int],
) -> list[list[int]]:
    """See `Decoder`. `generate` of transformers computes every row until the longest has ended; here the others leave.

    Supposes that the model takes `past_key_values`, that padding on the left is kept apart by the attention mask
    and the positions, and that all of its cache can be cut by rows: `choose_decoding` tries that.
    """
    import torch
    from transformers import DynamicCache

    replies: list[list[int]] = [[] for _ in prompts]
    known = inspect.signature(model.forward).parameters
    with torch.inference_mode():
        ids, mask = pad_left(prompts, pad_id, model.device)
        cache: Any = DynamicCache(config=model.config)
        rows = list(range(len(prompts)))  # prompts that are still in the batch
        open_rows = {row for row in rows if limits[row] > 0}
        while open_rows:
            extras: dict[str, Any] = {}
            if "position_ids" in known:
                # Padding on the left would get position -1; it is masked, and still needs a valid one.
                extras["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
            if "logits_to_keep" in known:
                # Of the last place: a prompt's logits over the whole vocabulary would be the largest tensor by far. By
                # its index, which copies it: multiplied by a slice, the output head is copied for each of the rows.
                extras["logits_to_keep"] = torch.tensor([ids.shape[1] - 1], device=ids.device)
            found = model(input_ids=ids, attention_mask=mask, past_key_values=cache, use_cache=True, **extras)
            chosen = choose(found.logits[:, -1], rows)  # (B, T, V) -> (B,)
            for row, token in zip(rows, chosen.tolist(), strict=True):
                if row in open_rows and token not in stop_ids:
                    replies[row].append(token)
                if token in stop_ids or len(replies[row]) >= limits[row]:
                    open_rows.discard(row)
            if open_rows and len(open_rows) <= SHRINK * len(rows):
                keep = torch.tensor([i for i, row in enumerate(rows) if row in open_rows], device=model.device)
                rows = [row for row in rows if row in open_rows]
                cache.reorder_cache(keep)
                chosen, mask = chosen[keep], mask[keep]
            ids = chosen[:, None]
            mask = torch.cat((mask, mask.new_ones(len(rows), 1)), dim=1)
    return replies


def decode_by_generate(
    model: Any,
    prompts: Sequence[Sequence[int]],
    choose: Choose,
    *,
    pad_id: int,
    stop_ids: Collection[int],
    limits: Sequence[int],
) -> list[list[int]]:
    """See `Decoder`: by transformers' `generate`, all prompts at once, filled up on the left and masked."""
    import torch

    transformers: Any = import_module("transformers")
    if max(limits) < 1:
        return [[] for _ in prompts]
    ids, mask = pad_left(prompts, pad_id, model.device)

    def one_hot(_: Any, logits_BV: "torch.Tensor") -> "torch.Tensor":  # noqa: N803 - its shape
        chosen = choose(logits_BV, range(len(prompts)))
        return torch.full_like(logits_BV, -torch.inf).scatter_(1, chosen.to(logits_BV.device)[:, None], 0.0)

    # What a model's own generation_config asks for beside (penalties, forced and suppressed tokens) is not greedy
    # decoding; `generate` takes from there whatever is not given.
    own, model.generation_config = model.generation_config, transformers.GenerationConfig()
    try:
        config = transformers.GenerationConfig(
            max_new_tokens=max(limits), do_sample=False, pad_token_id=pad_id, eos_token_id=sorted(stop_ids)
        )
        with torch.inference_mode():
            written = model.generate(ids, attention_mask=mask, generation_config=config, logits_processor=[one_hot])
    finally:
        model.generation_config = own
    replies = []
    for new, limit in zip(written[:, ids.shape[1] :].tolist(), limits, strict=True):
        end = next((place for place, token in enumerate(new) if token in stop_ids), len(new))
        replies.append(new[: min(end, limit)])
    return replies


def decode_singly(
    model: Any,
    prompts: Sequence[Sequence[int]],
    choose: Choose,
    *,
    pad_id: int,
    stop_ids: Collection[int],
    limits: Sequence[int],
) -> list[list[int]]:
    """See `Decoder`: by `generate`, one prompt after the other, for models that do not know padding."""
    replies: list[list[int]] = []
    for place, (prompt, limit) in enumerate(zip(prompts, limits, strict=True)):
        alone = partial(_for_row, choose, place)
        replies += decode_by_generate(model, [prompt], alone, pad_id=pad_id, stop_ids=stop_ids, limits=[limit])
    return replies


def _for_row(choose: Choose, row: int, logits_BV: "torch.Tensor", _: Sequence[int]) -> "torch.Tensor":  # noqa: N803 - its shape
    return choose(logits_BV, [row])


def _likeliest(logits_BV: "torch.Tensor", _rows: Sequence[int]) -> "torch.Tensor":  # noqa: N803 - its shape
    return logits_BV.argmax(-1)


def _sampler(prompts: Sequence[Sequence[int]], sampling: Sampling) -> Choose:
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
