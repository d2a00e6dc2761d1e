"""How a student is computed here: number format, threads, and how many replies are written at a time.

What is `auto` in the settings is chosen by measurements that are kept per machine. A run keeps what it began with, so
that going on with it computes the same, also where another measurement has taken their place since.
"""

import os
from collections.abc import Mapping
from typing import Any

import psutil

from ioa.memory.records import Record
from ioa.training.frozen_weights import exact_levels
from ioa.training.loading import Device, choose_device, choose_dtype, machines_folder, resolve_student, stored_bytes
from ioa.training.machine import Dtype, Machine, Speed, available_cores, kept_machine, measured_machine, processor
from ioa.training.reply_speed import ReplySpeeds
from ioa.training.settings.student import DEFAULT_BATCH, StudentSettings

THREADS = "OMP_NUM_THREADS"
"""The variable by which a user says how many threads a process may have; it counts for more than the settings."""
ROOM = 0.6
"""Share of the free memory that a student's weights may take in float32; larger ones are in bfloat16, fast or not."""


class Execution(Record):
    """How a student is computed, and what was known of the machine when that was chosen."""

    device: Device
    dtype: Dtype
    threads: int | None
    """Of PyTorch; none where a device computes."""
    batch_size: int
    """Replies written at a time."""
    int8_levels: int = 0
    """Largest magnitude of the int8 numbers to which frozen weights are rounded in training, where that is left open;
    0: they stay as they are."""
    processor: str
    cores: int
    peak: float | None = None
    """The most GFLOP/s that the machine was seen to do, in any number format; none where it was never measured, or
    beside others."""
    speeds: tuple[Speed, ...] = ()
    """What number format and threads were chosen by; empty where nothing was to be chosen."""
    tokens_per_second: Mapping[int, float] = {}
    """Tokens written a second by the size of the batch, which was chosen by it; empty where it was not."""

    def settle(self, settings: StudentSettings) -> StudentSettings:
        """The settings with nothing left to be chosen."""
        settled = {name: getattr(self, name) for name in ("device", "dtype", "batch_size")}
        return settings.model_copy(update=settled | ({} if self.threads is None else {"threads": self.threads}))

    def apply(self) -> None:
        """Have PyTorch compute with that many threads, from now on and in all of the process."""
        import torch

        if self.threads is not None:
            torch.set_num_threads(self.threads)

    @property
    def told(self) -> str:
        """What was chosen, in a line, with the numbers that it was chosen by."""
        rates = ", ".join(
            f"{speed.dtype} with {_threads(speed.threads)} {speed.small:.0f}" for speed in self._speeds_told()
        )
        sizes = ", ".join(f"{size} at a time {rate:.0f}" for size, rate in self.tokens_per_second.items())
        with_ = f" with {_threads(self.threads)}" if self.threads is not None else ""
        rounded = ", frozen weights in int8 while training" if self.int8_levels else ""
        return (
            f"{self.processor}, {self.cores} cores: "
            f"{self.dtype}{with_}{rounded}{f' (GFLOP/s: {rates})' if rates else ''}, "
            f"{self.batch_size} replies at a time{f' (tokens/s: {sizes})' if sizes else ''}"
        )

    def _speeds_told(self) -> list[Speed]:
        return sorted(self.speeds, key=lambda speed: -speed.small)


def _threads(number: int) -> str:
    return f"{number} thread{'s' if number > 1 else ''}"


def choose_execution(settings: StudentSettings, kept: Execution | None = None) -> Execution:
    """Choose what the settings leave open, but for the size of a batch, which takes the student itself.

    Args:
        settings: What is set, and what is `auto`.
        kept: What a run began with: it is taken as it is, but that on another machine the threads are chosen anew.

    Raises:
        UserError: the device is not there.
    """
    device = choose_device(settings.device if kept is None else kept.device)
    if kept is not None and (kept.processor, kept.cores) == (processor(device), available_cores()):
        return kept
    measured = _is_open(settings, device)
    machine = (measured_machine if measured else kept_machine)(machines_folder(), device)
    dtype = kept.dtype if kept is not None else _choose_dtype(settings, device, machine)
    fixed = settings.batch_size if settings.batch_size != "auto" else DEFAULT_BATCH
    threads = _choose_threads(settings, machine, dtype) if device == "cpu" else None
    if kept is not None:
        levels = min(kept.int8_levels, exact_levels())  # another processor may cut off what that one did not
    else:  # not by what another run happened to have measured: the same settings compute the same
        levels = machine.int8_levels(dtype, threads) if measured and machine and _has_room(settings, dtype) else 0
    return Execution(
        device=device,
        dtype=dtype,
        threads=threads,
        int8_levels=levels,
        batch_size=kept.batch_size if kept is not None else fixed,
        processor=processor(device),
        cores=available_cores(),
        peak=machine.peak if machine else None,
        speeds=machine.speeds if machine and "auto" in {settings.dtype, settings.threads} else (),
    )


def _is_open(settings: StudentSettings, device: str) -> bool:
    """Whether something is to be chosen by what the machine can do."""
    return settings.dtype == "auto" or (device == "cpu" and settings.threads == "auto" and not os.environ.get(THREADS))


def _choose_dtype(settings: StudentSettings, device: str, machine: Machine | None) -> Dtype:
    dtype = choose_dtype(settings.dtype, device, machine)
    if settings.dtype == "auto" and device == "cpu" and not _fits(settings, 2):
        return "bfloat16"
    return dtype


def _has_room(settings: StudentSettings, dtype: Dtype) -> bool:
    """Whether frozen weights fit in int8, rounded by rows and by columns, beside those that they are made of."""
    return _fits(settings, 3 if dtype == "float32" else 2)


def _fits(settings: StudentSettings, times: int) -> bool:
    """Whether so many times what the weights take as they are stored, mostly in 16 bits, fits into the free memory."""
    return times * stored_bytes(resolve_student(settings)) <= ROOM * psutil.virtual_memory().available


def _choose_threads(settings: StudentSettings, machine: Machine | None, dtype: str) -> int:
    import torch

    if os.environ.get(THREADS):
        return torch.get_num_threads()
    if settings.threads != "auto":
        return settings.threads
    return machine.threads(dtype) if machine else torch.get_num_threads()


def choose_batch(execution: Execution, settings: StudentSettings, model: Any, trial: list[int]) -> Execution:
    """Choose how many replies are written at a time, by the model's own speed, measured once per machine and model."""
    speeds = ReplySpeeds.measured(machines_folder(), model, trial, execution.threads)
    size, rates = speeds.choose(model, settings.max_new_tokens)
    return execution.model_copy(update={"batch_size": size, "tokens_per_second": rates})
