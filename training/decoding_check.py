"""Trying, when a student is loaded, in which way it can be decoded so that its replies are its own.

What is right is what the model says to one prompt alone, in one pass over all of the text. Caches, padding, positions
and the removal of rows differ between architectures, and where one of them is not what a decoder supposes, the replies
are wrong without an error. So a decoder is led along texts that are given, and its logits are compared step by step:
logits, since random ties would make the comparison of chosen tokens one of rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ioa.memory.errors import UserError
from ioa.training.continuous_batching import decode_continuously
from ioa.training.generation import (
    Decoder,
    Ending,
    decode_by_generate,
    decode_shrinking,
    decode_singly,
    in_batches,
    window_sizes,
)

if TYPE_CHECKING:
    import torch

WINDOW = 256
"""The longest sliding window that the trial's prompts outgrow: beyond it the trial would cost more than it shows."""
_SHORT, _MIDDLE, _LONG = 4, 8, 14
_STEPS = (7, 4, 2)
"""Tokens that are written behind the short, the middle and the long prompt: two rows leave before the first does."""
_CHANGED = 4
"""Tokens at the end of a text that are changed to see whether anything before them changes."""
_SINGLE, _HALF = 1e-3, 0.05
"""Relative distance of two vectors of logits that rounding explains in any model, in float32 and in 16 bits.

Measured over 60 architectures: 1e-6 and at most 0.04 where a decoder is right, 0.07 to 1.7 where positions, padding or
the cache are not what it supposes (two independent vectors are 1.4 apart).
"""
_NOISE = 4.0
"""And how many times what rounding is seen to do to a text that stands in a longer one."""
_MOST = 0.05
"""But no more than this in a batch, lest a model that is itself unsteady let anything pass."""
_CAUSAL = 1e-4, 5e-3
"""The same for two passes of the same shape, where rounding is the same, too."""


@dataclass(frozen=True)
class Way:
    """One of the ways to decode."""

    decoder: Decoder
    batched: bool = True
    """Whether several prompts may be put to the model at once, filled up on the left."""
    joins: bool = False
    """Whether a row may join a batch that is being written."""
    remark: str = ""
    """What is said where a student is decoded so; empty: nothing."""


CONTINUOUS_SHARED = Way(decode_continuously, joins=True)
"""A row that ends is replaced by the next prompt, and what all prompts begin with is computed once."""
CONTINUOUS = Way(partial(decode_continuously, shared=False), joins=True)
"""A row that ends is replaced by the next prompt."""
SHRINKING = Way(in_batches(decode_shrinking))
"""A row that ends leaves its batch."""
BY_GENERATE = Way(in_batches(decode_by_generate), remark="decoded by transformers' generate, which is slower")
SINGLY = Way(
    in_batches(decode_singly),
    batched=False,
    remark="decoded by transformers' generate, one prompt at a time, which is much slower",
)
WAYS = (CONTINUOUS_SHARED, CONTINUOUS, SHRINKING, BY_GENERATE, SINGLY)
"""The fastest first."""


def allowed_ways(*, continuous: bool, shared: bool) -> list[Way]:
    """The ways that may be taken, the fastest first.

    Args:
        continuous: Whether a row may join a batch that is being written.
        shared: Whether, then, what all prompts begin with may be computed once.
    """
    return [way for way in WAYS if (continuous or not way.joins) and (shared or way is not CONTINUOUS_SHARED)]


@dataclass(frozen=True)
class Decoding:
    """How a student is decoded."""

    way: Way
    remark: str = ""
    """Why it is not a fast way; empty: it is."""
    horizon: int | None = None
    """Longest text, reply included, that may stand in a batch; a longer one is decoded alone. None: any."""

    def way_for(self, longest: int) -> Way:
        """What decodes a prompt that becomes, with its reply, a text of at most that many tokens."""
        return self.way if self.horizon is None or longest <= self.horizon else SINGLY


def choose_decoding(model: Any, ids: Sequence[int], pad_id: int, stop_id: int, ways: Sequence[Way] = WAYS) -> Decoding:
    """The fastest decoder that says what the model says to each prompt alone.

    Args:
        model: A causal LM in evaluation mode.
        ids: Token ids of some ordinary text, of any length above 0.
        pad_id: What prompts are filled up with.
        stop_id: A token that ends a reply.
        ways: What may be taken, the best first.

    Raises:
        UserError: the model is not causal, it says no numbers, or no decoder is right.
    """
    text, places = _trial(model, [i for i in ids if i != stop_id] or list(ids))
    try:
        whole = logits_of(model, text)
        noise = _require_causal(model, text, whole)
    except UserError:
        raise
    except Exception as error:  # anything may come up in the code of an architecture
        _raise_if_memory(error)
        raise UserError(f"it cannot read a text ({_in_words(error)}){_advice(model)}") from error
    tolerance = max(_floor(model), _NOISE * noise)
    trial = _Trial(text, places, whole, pad_id, stop_id, tolerance)
    reasons: list[str] = []
    for way in ways:
        reason = trial.objection(way, model)
        if not reason:
            remark = f"it is {way.remark}, since {reasons[-1]}" if way.remark and reasons else ""
            return Decoding(way, remark, _horizon(model))
        reasons.append(reason)
    told = "; ".join(dict.fromkeys(reasons))
    raise UserError(f"no way of decoding it says what it says to a prompt alone in one pass ({told}){_advice(model)}")


def _horizon(model: Any) -> int | None:
    """Beyond it, LongRoPE turns the positions of all of a batch by other factors, also those of its short texts."""
    config = model.config.get_text_config(decoder=True)
    ropes = getattr(config, "rope_parameters", None) or {}
    found = [one for one in (ropes, *ropes.values()) if isinstance(one, dict) and one.get("rope_type") == "longrope"]
    own = getattr(config, "original_max_position_embeddings", None)
    return next((size for one in found if (size := one.get("original_max_position_embeddings") or own)), None)


def _trial(model: Any, ids: Sequence[int]) -> tuple[list[int], list[slice]]:
    """A text, and the places in it that are written behind its short, its middle and its long beginning.

    All of them are parts of one text, so that one pass over it says what is right for each.
    """
    window = max((size for size in window_sizes(model) if size <= WINDOW), default=0)
    lengths = (_SHORT, _MIDDLE, _LONG + window)
    places = [slice(length, length + steps) for length, steps in zip(lengths, _STEPS, strict=True)]
    return (list(ids) * (-(-places[-1].stop // len(ids))))[: places[-1].stop], places


def logits_of(model: Any, ids: Sequence[int]) -> "torch.Tensor":
    """(T, V) float32 of a text alone, in one pass.

    Raises:
        UserError: they are not numbers.
    """
    import torch

    with torch.inference_mode():
        row = torch.tensor([list(ids)], device=model.device)
        found: torch.Tensor = (
            model(input_ids=row, attention_mask=torch.ones_like(row), use_cache=False).logits[0].float()
        )
    if not bool(torch.isfinite(found).any(dim=-1).all()) or bool(torch.isnan(found).any()):
        raise UserError("what it says is not a number (NaN): its weights are damaged, or its dtype is too narrow")
    return found


def logits_agree(one: "torch.Tensor", other: "torch.Tensor", model: Any) -> bool:
    """Whether rounding alone explains how two (T, V) of the model's logits differ."""
    return _largest(_distances(one, other), model) <= _floor(model)


def _require_causal(model: Any, ids: Sequence[int], logits: "torch.Tensor") -> float:
    """See that what stands behind a text changes nothing in it; returns what rounding alone does there."""
    kept = len(ids) - _CHANGED
    changed = [*ids[:kept], *(next((other for other in ids if other != i), i) for i in ids[kept:])]
    whole = logits[:kept]
    if not _largest(_distances(logits_of(model, changed)[:kept], whole), model) <= _CAUSAL[_is_half(model)]:
        raise UserError("it is not a causal LM: what it says at one place depends on the text behind it")
    noise = _largest(_distances(logits_of(model, ids[:kept]), whole), model)
    if noise > _MOST and not _is_half(model):
        raise UserError(f"what it says at one place depends on how long the text is ({noise:.1g} of its logits)")
    return noise


@dataclass(frozen=True)
class _Trial:
    """Texts along which a decoder is led, with the logits that it should see on the way."""

    text: Sequence[int]
    places: Sequence[slice]
    """What is written behind each prompt, which is the text before it."""
    whole: "torch.Tensor"
    """The logits of the text alone, (T, V)."""
    pad_id: int
    stop_id: int
    tolerance: float

    def objection(self, way: Way, model: Any) -> str:
        """Why a way is not right for the model; empty: it is.

        Two of the three prompts stand together where rows may join: the third then joins beside another one.
        """
        import torch

        prompts = [list(self.text[: place.start]) for place in self.places]
        replies = [list(self.text[place]) for place in self.places]
        forced = [[*reply, self.stop_id] for reply in replies]
        seen: list[list[torch.Tensor]] = [[] for _ in prompts]

        def lead(logits_BV: "torch.Tensor", rows: Sequence[int]) -> "torch.Tensor":  # noqa: N803 - its shape
            chosen = []
            for logits, row in zip(logits_BV, rows, strict=True):
                chosen.append(forced[row][min(len(seen[row]), len(forced[row]) - 1)])
                if len(seen[row]) < len(forced[row]):
                    seen[row].append(logits.detach().float().clone())
            return torch.tensor(chosen, device=logits_BV.device)

        ending = Ending({self.stop_id}, [len(reply) + 1 for reply in replies])
        size = len(prompts) - 1 if way.joins else len(prompts)
        try:
            written = way.decoder(model, prompts, lead, pad_id=self.pad_id, ending=ending, size=size)
        except Exception as error:  # noqa: BLE001 - the code of an architecture that the decoder was not made for
            _raise_if_memory(error)
            return f"it stops with {_in_words(error)}"
        if written != replies:
            return "a reply has other tokens than were chosen"
        most = self.tolerance if not way.batched else min(self.tolerance, _MOST)
        for own, place in zip(seen, self.places, strict=True):
            distances = _distances(torch.stack(own), self.whole[place.start - 1 : place.stop])
            # By parts, since a row that leaves changes only what is written behind it.
            worst = max(_largest(distances[start : start + 3], model) for start in range(0, len(distances), 3))
            if not worst <= most:
                return f"in a batch or with its cache it says something else than alone ({worst:.1g} of its logits)"
        return ""


def _distances(one: "torch.Tensor", other: "torch.Tensor") -> "torch.Tensor":
    """(T,) Euclidean distance of the logits, which are (T, V), relative to the spread of the second."""
    finite = other.isfinite() & one.isfinite()  # a vocabulary that is filled up may be masked
    centred = (other - _mean(other, finite)).where(finite, other.new_zeros(()))
    shifted = (one - _mean(one, finite)).where(finite, one.new_zeros(()))
    distances: torch.Tensor = (shifted - centred).norm(dim=-1) / centred.norm(dim=-1).clamp(min=1e-12)
    return distances


def _mean(logits: "torch.Tensor", finite: "torch.Tensor") -> "torch.Tensor":
    kept = logits.where(finite, logits.new_zeros(()))
    return kept.sum(-1, keepdim=True) / finite.sum(-1, keepdim=True).clamp(min=1)


def _largest(distances: "torch.Tensor", model: Any) -> float:
    """The largest of them; in 16 bits the median, as rounding alone can send a token to another expert there."""
    return float(distances.median() if _is_half(model) else distances.max())


def _floor(model: Any) -> float:
    return _HALF if _is_half(model) else _SINGLE


def _is_half(model: Any) -> bool:
    """By any of its weights: some architectures keep a few of them in float32."""
    return any(weight.dtype.itemsize < 4 for weight in model.parameters())


def _advice(model: Any) -> str:
    return "; it may be right in more digits: student.dtype=float32" if _is_half(model) else ""


def _in_words(error: Exception) -> str:
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {line}"[:200]


def _raise_if_memory(error: Exception) -> None:
    import torch

    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        raise error
