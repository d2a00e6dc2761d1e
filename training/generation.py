"""Decoding of a batch, greedy or sampled: by a loop of our own, or by transformers' `generate`."""

import hashlib
import inspect
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

SHRINK = 0.75
"""The batch is made smaller once at most this share of its rows is still being written."""

RACING = 256
"""Likeliest tokens that a sampled one is drawn from."""

Choose = Callable[["torch.Tensor", Sequence[int]], "torch.Tensor"]
"""Chooses the next token of each row, (B,), from its logits, (B, V); told which prompts the rows belong to."""


@dataclass(frozen=True)
class Sampling:
    """Draw each token from the model's distribution in place of taking the likeliest."""

    temperature: float
    """What the logits are divided by, more than 0."""
    seed: int
    """The same seed and prompt give the same reply, in whatever batch; another seed gives another."""


@dataclass(frozen=True)
class Ending:
    """Where the replies to some prompts end."""

    stop_ids: Collection[int]
    """Tokens that end a reply; they are left out of it."""
    limits: Sequence[int]
    """Longest reply to each prompt."""
    is_complete: Callable[[int, Sequence[int]], bool] = lambda *_: False
    """Told a prompt's place and its reply so far, after each token: whether nothing more is wanted."""
    on_end: Callable[[int], None] = lambda _: None
    """Told the place of a prompt whose reply has ended."""

    def add(self, reply: list[int], row: int, token: int) -> bool:
        """Put a token to the reply to a prompt; returns whether that ends it."""
        stops = token in self.stop_ids
        if not stops:
            reply.append(token)
        return stops or len(reply) >= self.limits[row] or self.is_complete(row, reply)

    def of(self, places: range) -> "Ending":
        """The same for some of the prompts that stand in a row, counted from the first of them."""
        return replace(
            self,
            limits=[self.limits[place] for place in places],
            is_complete=lambda row, reply: self.is_complete(places[row], reply),
            on_end=lambda row: self.on_end(places[row]),
        )


class BatchDecoder(Protocol):
    """A way to continue prompts, all at once."""

    def __call__(
        self, model: Any, prompts: Sequence[Sequence[int]], choose: Choose, *, pad_id: int, ending: Ending
    ) -> list[list[int]]:
        """Continue each prompt.

        Args:
            model: A causal LM in evaluation mode.
            prompts: B sequences of token ids, none empty.
            choose: Chooses each next token.
            pad_id: What prompts are filled up with on the left.
            ending: Where replies end.

        Returns:
            B lists of ids, in the order of the prompts.
        """


class Decoder(Protocol):
    """A way to continue any number of prompts."""

    def __call__(
        self, model: Any, prompts: Sequence[Sequence[int]], choose: Choose, *, pad_id: int, ending: Ending, size: int
    ) -> list[list[int]]:
        """Continue each prompt, at most `size` of them at a time; else as `BatchDecoder`."""


def in_batches(decoder: BatchDecoder) -> Decoder:
    """A decoder that is given one batch after the other, as the prompts stand."""
    return partial(_decode_in_batches, decoder)


def _decode_in_batches(
    decoder: BatchDecoder,
    model: Any,
    prompts: Sequence[Sequence[int]],
    choose: Choose,
    *,
    pad_id: int,
    ending: Ending,
    size: int,
) -> list[list[int]]:
    replies: list[list[int]] = []
    for start in range(0, len(prompts), size):
        places = range(start, min(start + size, len(prompts)))
        own = partial(_for_rows, choose, places)
        replies += decoder(model, prompts[start : places.stop], own, pad_id=pad_id, ending=ending.of(places))
    return replies


def chooser(prompts: Sequence[Sequence[int]], sampling: Sampling | None) -> Choose:
    """The likeliest token, or a sampled one."""
    return _likeliest if sampling is None else _sampler(prompts, sampling)


def decode_shrinking(
    model: Any,
    prompts: Sequence[Sequence[int]],
    choose: Choose,
    *,
    pad_id: int,
    ending: Ending,
) -> list[list[int]]:
    """See `BatchDecoder`. Transformers' `generate` computes every row until the longest has ended; here they leave.

    Supposes that the model takes `past_key_values`, that padding on the left is kept apart by the attention mask
    and the positions, and that all of its cache can be cut by rows: `choose_decoding` tries that.
    """
    import torch
    from transformers import DynamicCache

    replies: list[list[int]] = [[] for _ in prompts]
    with torch.inference_mode():
        ids, mask = pad_left(prompts, pad_id, model.device)
        cache: Any = DynamicCache(config=model.config)
        rows = list(range(len(prompts)))  # prompts that are still in the batch
        open_rows = {row for row in rows if ending.limits[row] > 0}
        while open_rows:
            chosen = choose(next_logits(model, cache, ids, mask), rows)
            for row, token in zip(rows, chosen.tolist(), strict=True):
                if row in open_rows and ending.add(replies[row], row, token):
                    open_rows.discard(row)
                    ending.on_end(row)
            if open_rows and len(open_rows) <= SHRINK * len(rows):
                keep = torch.tensor([i for i, row in enumerate(rows) if row in open_rows], device=model.device)
                rows = [row for row in rows if row in open_rows]
                cache.reorder_cache(keep)
                chosen, mask = chosen[keep], mask[keep]
            ids = chosen[:, None]
            mask = torch.cat((mask, mask.new_ones(len(rows), 1)), dim=1)
    return replies


def window_sizes(model: Any) -> list[int]:
    """How far the layers of a model see that do not see all of the text, by its configuration."""
    config = model.config.get_text_config(decoder=True)
    names = ("sliding_window", "attention_chunk_size", "attention_window_size", "window_size", "index_topk")
    return [size for name in names if isinstance(size := getattr(config, name, None), int)]


def next_logits(model: Any, cache: Any, ids: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    """Put tokens, (B, T), behind those in the cache; returns the logits of the last place, (B, V).

    Args:
        model: A causal LM in evaluation mode.
        cache: What it has read, of as many rows; the new tokens are added.
        ids: The new tokens.
        mask: Which of all columns count, (B, those in the cache and T).
    """
    import torch

    takes = inspect.signature(model.forward).parameters
    extras: dict[str, Any] = {}
    if "position_ids" in takes:
        # Padding on the left would get position -1; it is masked, and still needs a valid one.
        extras["position_ids"] = (mask.cumsum(-1) - 1).clamp(min=0)[:, -ids.shape[1] :]
    if "logits_to_keep" in takes:
        # Of the last place: a prompt's logits over the whole vocabulary would be the largest tensor by far. By
        # its index, which copies it: multiplied by a slice, the output head is copied for each of the rows.
        extras["logits_to_keep"] = torch.tensor([ids.shape[1] - 1], device=ids.device)
    found = model(input_ids=ids, attention_mask=mask, past_key_values=cache, use_cache=True, **extras)
    logits: torch.Tensor = found.logits[:, -1]
    return logits


def decode_by_generate(
    model: Any,
    prompts: Sequence[Sequence[int]],
    choose: Choose,
    *,
    pad_id: int,
    ending: Ending,
) -> list[list[int]]:
    """See `BatchDecoder`: by transformers' `generate`, all prompts at once, filled up on the left and masked."""
    import torch

    transformers: Any = import_module("transformers")
    if max(ending.limits) < 1:
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
            max_new_tokens=max(ending.limits),
            do_sample=False,
            pad_token_id=pad_id,
            eos_token_id=sorted(ending.stop_ids),
        )
        with torch.inference_mode():
            written = model.generate(ids, attention_mask=mask, generation_config=config, logits_processor=[one_hot])
    finally:
        model.generation_config = own
    return [_cut(new, row, ending) for row, new in enumerate(written[:, ids.shape[1] :].tolist())]


def _cut(written: Sequence[int], row: int, ending: Ending) -> list[int]:
    reply: list[int] = []
    if ending.limits[row] > 0:
        any(ending.add(reply, row, token) for token in written)
    ending.on_end(row)
    return reply


def decode_singly(
    model: Any,
    prompts: Sequence[Sequence[int]],
    choose: Choose,
    *,
    pad_id: int,
    ending: Ending,
) -> list[list[int]]:
    """See `BatchDecoder`: by `generate`, one prompt after the other, for models that do not know padding."""
    one_by_one = in_batches(decode_by_generate)
    return one_by_one(model, prompts, choose, pad_id=pad_id, ending=ending, size=1)


def _for_rows(choose: Choose, places: range, logits_BV: "torch.Tensor", rows: Sequence[int]) -> "torch.Tensor":  # noqa: N803 - its shape
    return choose(logits_BV, [places[row] for row in rows])


def _likeliest(logits_BV: "torch.Tensor", _rows: Sequence[int]) -> "torch.Tensor":  # noqa: N803 - its shape
    return logits_BV.argmax(-1)


def _sampler(prompts: Sequence[Sequence[int]], sampling: Sampling) -> Choose:
    """Draws by the exponential race: the argmax of p / E with E exponential is distributed as p.

    Each prompt has random numbers of its own, by its tokens, the place in its reply and the token that may come next,
    so that its reply depends neither on its neighbours nor on its place. The race is kinder than inverting the
    distribution function: a logit that another batch size rounds otherwise changes the winner only where two are all
    but equal. Only the likeliest tokens race: random numbers for a whole vocabulary take longer than the model itself.
    """
    import numpy as np
    import torch

    seeds, steps = [_seed(sampling.seed, prompt) for prompt in prompts], [0] * len(prompts)

    def choose(logits_BV: "torch.Tensor", rows: Sequence[int]) -> "torch.Tensor":  # noqa: N803 - its shape
        likely, ids = logits_BV.float().topk(min(RACING, logits_BV.shape[-1]))
        begun = np.array([[seeds[row], steps[row]] for row in rows], dtype=np.uint64)
        for row in rows:
            steps[row] += 1
        uniform = _uniform(begun[:, :1], begun[:, 1:], ids.cpu().numpy().astype(np.uint64))
        race = torch.from_numpy(-np.log(uniform)).log().to(logits_BV.device, torch.float32)
        winner = (likely / sampling.temperature - race).argmax(-1, keepdim=True)
        return ids.gather(1, winner).squeeze(1)

    return choose


def _uniform(seed: "NDArray[np.uint64]", step: "NDArray[np.uint64]", token: "NDArray[np.uint64]") -> "NDArray[Any]":
    """Numbers in (0, 1) that three counters decide: the finaliser of SplitMix64 (Steele et al. 2014)."""
    import numpy as np

    def mix(x: "NDArray[np.uint64]") -> "NDArray[np.uint64]":
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))

    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        mixed = mix(mix(mix(seed + golden) + (step + np.uint64(1)) * golden) + (token + np.uint64(1)) * golden)
    return ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


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
