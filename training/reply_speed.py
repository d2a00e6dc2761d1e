"""How many tokens a second a student writes, by the number of replies at a time, measured with its own weights."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from ioa.memory.errors import UserError
from ioa.memory.files import read_record, write_record
from ioa.memory.records import Record
from ioa.training.machine import Load, available_cores, machine_file

SIZES = (32, 64, 128)
"""Replies at a time that are tried."""
_CONTEXT = 64
"""Tokens that stand before the one that is written: a short question and half of its answer."""
_PROMPT = 128
"""Tokens that a prompt is supposed to have where memory is reckoned."""
_STEPS = 2
"""Tokens that are written for each of the rows; the faster of them counts."""
_SECONDS = 2.0
"""When so long has been measured, larger batches are not tried."""
_WORTH = 1.05
"""A larger batch has to be so many times as fast as a smaller one to be taken."""
_SHARE = 0.5
"""Of the memory that is free, so much may be taken by what is remembered of the replies."""


class ReplySpeeds(Record):
    """What was measured of one model on one machine."""

    tokens_per_second: Mapping[int, float]
    """By replies at a time."""
    bytes_per_token: float
    """What is remembered of one token of one reply."""

    @classmethod
    def measured(cls, folder: Path, model: Any, trial: Sequence[int], threads: int | None) -> "ReplySpeeds":
        """What was measured before, or is measured now and kept.

        Args:
            folder: Where measurements are kept; where it cannot be written to, or others are busy, this one is not.
            model: A causal LM in evaluation mode whose cache can be repeated by rows.
            trial: Token ids of an ordinary text.
            threads: With which it computes.
        """
        path = machine_file(folder, model.device.type)
        path = path.with_name(f"{path.stem}.replies-{_digest(model, threads)}.json")
        try:
            return read_record(path, cls)
        except (OSError, UserError):
            pass  # not measured yet, or by another version
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock")):
                load = Load(available_cores())
                found = read_record(path, cls) if path.exists() else measure_replies(model, trial)
                if load.quiet:
                    write_record(path, found)
        except (OSError, UserError):
            return measure_replies(model, trial)
        return found

    def choose(self, model: Any, max_new_tokens: int) -> tuple[int, dict[int, float]]:
        """(replies at a time, tokens per second of each size that was measured): the fastest for which there is room.

        Args:
            model: Whose replies are written.
            max_new_tokens: The longest reply.
        """
        # Its logits, and what is computed of them to choose a token, are in float32.
        row = self.bytes_per_token * (_PROMPT + max_new_tokens) + 8 * model.get_input_embeddings().weight.shape[0]
        room = max(1, int(_SHARE * _free_memory(model) / row))
        size = SIZES[0]
        for larger in SIZES[1:]:
            rate = self.tokens_per_second.get(larger, 0.0)
            if larger <= room and rate > _WORTH * self.tokens_per_second.get(size, 0.0):
                size = larger
        return min(size, room), dict(self.tokens_per_second)


def measure_replies(model: Any, trial: Sequence[int]) -> ReplySpeeds:
    """Measure how fast a token of each of many replies is written; it takes about two seconds for a small model."""
    import torch

    text = (list(trial) * -(-_CONTEXT // len(trial)))[:_CONTEXT]
    rates: dict[int, float] = {}
    remembered = 0.0
    now = _watch(model)
    began = now()
    with torch.inference_mode():
        for size in SIZES:
            if rates and now() - began > _SECONDS:
                break
            seconds, remembered = _step(model, text, size)
            rates[size] = size / seconds
    return ReplySpeeds(tokens_per_second=rates, bytes_per_token=remembered)


def _step(model: Any, text: Sequence[int], size: int) -> tuple[float, float]:
    """(seconds in which a token of so many replies is written, bytes remembered of one token of one reply)."""
    import torch
    from transformers import DynamicCache

    cache: Any = DynamicCache(config=model.config)
    ids = torch.tensor([list(text)], device=model.device)
    model(input_ids=ids, past_key_values=cache, use_cache=True)
    remembered = sum(
        tensor.nbytes
        for layer in cache.layers
        for tensor in (getattr(layer, "keys", None), getattr(layer, "values", None))
        if isinstance(tensor, torch.Tensor)
    )
    cache.batch_repeat_interleave(size)
    best, now = float("inf"), _watch(model)
    for step in range(_STEPS + 1):
        began = now()
        mask = torch.ones(size, len(text) + step + 1, dtype=torch.int64, device=model.device)
        found = model(input_ids=ids[:, -1:].expand(size, 1), attention_mask=mask, past_key_values=cache, use_cache=True)
        found.logits[:, -1].argmax(-1).tolist()  # waits for a device, as decoding does
        if step:  # the first wakes the threads
            best = min(best, now() - began)
    return best, remembered / len(text)


def _watch(model: Any) -> Callable[[], float]:
    """The processor's time with one thread, which others on the machine do not disturb; else the clock."""
    import torch

    alone = model.device.type == "cpu" and torch.get_num_threads() == 1
    return time.thread_time if alone else time.perf_counter


def _free_memory(model: Any) -> int:
    if model.device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    return int(psutil.virtual_memory().available)


def _digest(model: Any, threads: int | None) -> str:
    """Of all that decides how fast a model writes: its form, not what it has learnt."""
    shapes = [(name, tuple(weight.shape), str(weight.dtype)) for name, weight in model.named_parameters()]
    told = f"{type(model).__name__}\n{threads}\n{shapes}"
    return hashlib.sha256(told.encode()).hexdigest()[:8]
