"""What this machine multiplies fastest, measured in about two seconds and kept for the runs that follow."""

import hashlib
import math
import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import psutil
from filelock import FileLock

from ioa.memory.errors import UserError
from ioa.memory.files import read_record, write_record
from ioa.memory.records import Record
from ioa.training.frozen_weights import Int8Weight, exact_levels

Dtype = Literal["bfloat16", "float32"]
Format = Literal["bfloat16", "float32", "int8"]

_LAYER = ((576, 576), (576, 192), (576, 192), (576, 576), (576, 1536), (576, 1536), (1536, 576))
"""(inputs, outputs) of the products in a layer of a model of 135 million weights."""
_LAYERS = 4
"""So many layers do not stay in a core's own cache, as those of a model do not."""
_ROWS = (64, 256)
"""Rows that are multiplied: in writing a token of each reply of a batch, and in a step of training."""
_SQUARE = {"cpu": 1024}
_SQUARE_ELSEWHERE = 4096
"""Rows and columns of the matrices in whose product a processor comes nearest to what it can do."""
_SLICE = 0.04
"""Seconds that one kind of product is repeated before another has its turn."""
_SECONDS = 1.5
_MOST_SECONDS = 3.0
_ROUNDS = 3
"""At least so many turns each, and more until those seconds have passed; the median of them counts. Beside another busy
process a turn takes many times as long, and so many seconds have to do."""
_HOPELESS = 4
"""A format in which one product takes so many times as long as in float32 is not measured further."""
_WORTH_ROUNDING = 1.4
"""So many times as fast as the student's own number format have products in int8 to be."""
_QUIET = 0.8
"""Share of the processors' time that has to be left for us, or the machine is not alone with us."""


class Speed(Record):
    """What was measured of one number format with one number of threads."""

    dtype: Format
    threads: int
    small: float
    """GFLOP/s in the products of a small model: the median of the turns. With one thread by the processor's time, so
    that it is the same beside another busy process. In int8 it covers rounding one side and scaling the result."""
    large: float
    """GFLOP/s in products of large square matrices, by the same time: the best of the turns."""


class Machine(Record):
    """What a machine was measured to do."""

    processor: str
    """Its name; of a CUDA device, the device's."""
    torch: str
    """Version that was measured."""
    cores: int
    """Processors that the process may use."""
    speeds: tuple[Speed, ...]
    levels: int
    """Largest magnitude of int8 weights whose products are exact here; 0: none is, and int8 was not measured."""
    quiet: bool
    """Whether nobody else needed the processors meanwhile; what is measured beside others is not kept."""
    seconds: float
    """How long it took."""

    @property
    def dtype(self) -> Dtype:
        """The number format that is multiplied faster by one thread, which others on the machine do not disturb."""
        fewest = min(speed.threads for speed in self.speeds)
        rates: dict[Dtype, float] = {
            one.dtype: one.small for one in self.speeds if one.threads == fewest and one.dtype != "int8"
        }
        return max(rates, key=rates.__getitem__)

    def threads(self, dtype: str) -> int:
        """The number of threads with which a small model is computed fastest in that format, where it was measured."""
        own = [speed for speed in self.speeds if speed.dtype == dtype] or self.speeds
        return max(own, key=lambda speed: speed.small).threads

    def int8_levels(self, dtype: Dtype, threads: int | None) -> int:
        """`levels` where products in int8 are enough faster than in that format for their rounding; else 0."""
        rates = {one.dtype: one.small for one in self.speeds if one.threads == threads}
        return self.levels if rates.get("int8", 0.0) >= _WORTH_ROUNDING * rates.get(dtype, math.inf) else 0

    @property
    def peak(self) -> float | None:
        """The most GFLOP/s that it was seen to do, in any number format; none where others were in the way."""
        return max(max(speed.small, speed.large) for speed in self.speeds) if self.quiet else None


def available_cores() -> int:
    """Processors that this process may use: by its affinity, and by the quota of its control group."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    return min(cores, max(1, round(int(quota) / int(period)))) if quota.isdecimal() else cores


def processor(device: str = "cpu") -> str:
    """The name of the processor, or of the device."""
    if device == "cuda":
        import torch

        return str(torch.cuda.get_device_name())
    return _cpu_fact("model name") or platform.processor() or platform.machine()


def machine_file(folder: Path, device: str = "cpu") -> Path:
    """Where a machine's measurement is kept: its name says the processor, the cores and the version of torch."""
    import torch

    name, cores = processor(device), available_cores()
    # Virtual processors of several generations share a name; what they can do tells them apart.
    told = "\n".join((name, *map(_cpu_fact, ("cpu family", "model", "flags", "Features"))))
    digest = hashlib.sha256(told.encode()).hexdigest()[:8]
    plain = re.sub(r"[^A-Za-z0-9]+", "-", f"{name} {cores} cores torch {torch.__version__}").strip("-").lower()
    return folder / f"{plain}-{digest}.json"


def kept_machine(folder: Path, device: str = "cpu") -> Machine | None:
    """What was measured of this machine before; none where nothing was, or it cannot be read."""
    try:
        return read_record(machine_file(folder, device), Machine)
    except (OSError, UserError):
        return None


def measured_machine(folder: Path, device: str = "cpu") -> Machine:
    """What was measured of this machine before, or is measured now; two processes do not measure at once.

    Args:
        folder: Where measurements are kept. Where it cannot be written to, or others are busy on the machine, this one
            is not kept.
        device: What is measured: `cpu`, `cuda` or `mps`.
    """
    if (kept := kept_machine(folder, device)) is not None:
        return kept
    path = machine_file(folder, device)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            found = kept_machine(folder, device) or measure(device)
            if found.quiet:
                write_record(path, found)
    except OSError:
        found = measure(device)
    return found


def measure(device: str = "cpu") -> Machine:
    """Measure this machine, whatever was measured before; it takes about two seconds."""
    import torch

    cores, before, began = available_cores(), torch.get_num_threads(), time.monotonic()
    threads = thread_counts(cores) if device == "cpu" else (before,)
    load = Load(cores)
    try:
        with torch.inference_mode():
            levels = exact_levels() if device == "cpu" else 0
            speeds = tuple(_speeds(threads, device, levels))
    finally:
        torch.set_num_threads(before)
    return Machine(
        processor=processor(device),
        torch=str(torch.__version__),
        cores=cores,
        speeds=speeds,
        levels=levels,
        quiet=load.quiet,
        seconds=time.monotonic() - began,
    )


def thread_counts(cores: int) -> tuple[int, ...]:
    """Numbers of threads that are tried: one, the physical cores, all of them, and less than many."""
    physical = min(cores, psutil.cpu_count(logical=False) or cores)
    fewer = (physical // 4, physical // 2) if physical >= 8 else ()
    return tuple(sorted({1, physical, cores, *fewer}))


class Load:
    """Sees whether others keep the processors busy."""

    def __init__(self, cores: int) -> None:
        self._cores = cores
        self._before = self._read()

    @property
    def quiet(self) -> bool:
        """Whether there were processors to spare for us since this was made, those that we used included."""
        passed, idle, own = (now - then for now, then in zip(self._read(), self._before, strict=True))
        return idle + own >= _QUIET * self._cores * passed

    @staticmethod
    def _read() -> tuple[float, float, float]:
        """(time, idle time of all processors, processor time of this process) in seconds."""
        all_ = psutil.cpu_times()
        # A processor whose process waits for a disk is idle for others; not every system tells.
        return time.monotonic(), all_.idle + getattr(all_, "iowait", 0.0), time.process_time()


def _speeds(threads: Sequence[int], device: str, levels: int) -> Iterator[Speed]:
    import torch

    torch.set_num_threads(threads[0])
    products: dict[Format, _Products] = {"float32": _Products("float32", device)}
    if device != "mps":
        products["bfloat16"] = _Products("bfloat16", device)
    if levels:
        products["int8"] = _Int8Products(levels)
    for dtype in tuple(products)[1:]:
        if products[dtype].trial() > _HOPELESS * products["float32"].trial():
            del products[dtype]
    turns = [(dtype, number) for number in threads for dtype in products]
    small: dict[tuple[Format, int], list[float]] = {turn: [] for turn in turns}
    large: dict[tuple[Format, int], list[float]] = {turn: [] for turn in turns}
    began, rounds, passed = time.monotonic(), 0, 0.0
    # By turns, so that whoever else is busy for a moment is in the way of all of them.
    while not rounds or passed < (_SECONDS if rounds >= _ROUNDS else _MOST_SECONDS):
        for turn in turns:
            torch.set_num_threads(turn[1])
            products[turn[0]].threads = turn[1]
            products[turn[0]].trial()  # wakes the threads
            small[turn].append(products[turn[0]].small())
            large[turn].append(products[turn[0]].large())
        rounds, passed = rounds + 1, time.monotonic() - began
    for dtype, number in turns:
        rates = small[dtype, number], large[dtype, number]
        yield Speed(dtype=dtype, threads=number, small=statistics.median(rates[0]), large=max(rates[1]))


class _Products:
    """Matrices of one number format that are multiplied again and again."""

    def __init__(self, dtype: Dtype, device: str) -> None:
        import torch

        self._device = device
        self.threads = torch.get_num_threads()
        own = {"dtype": getattr(torch, dtype), "device": device}
        self._layers = [[torch.rand(outputs, inputs, **own) for inputs, outputs in _LAYER] for _ in range(_LAYERS)]
        self._rows = {
            (rows, width): torch.rand(rows, width, **own) for rows in _ROWS for width in {into for into, _ in _LAYER}
        }
        side = _SQUARE.get(device, _SQUARE_ELSEWHERE)
        self._square = torch.rand(side, side, **own)

    def trial(self) -> float:
        """Seconds that one product takes, of a kind that was multiplied just before."""
        weights, rows = self._layers[0][-1], self._rows[_ROWS[0], _LAYER[-1][0]]
        taken = 0.0
        for _ in range(2):
            with self._timed() as took:
                self._multiply(rows, weights)
            taken = took[0]
        return taken

    def small(self) -> float:
        """GFLOP/s in one slice of the products of a small model."""
        return self._rate(self._pass)

    def large(self) -> float:
        """GFLOP/s in one slice of the products of large matrices."""
        return self._rate(self._multiply_squares)

    def _rate(self, product: Callable[[int], int]) -> float:
        flops, seconds, turn = 0, 0.0, 0
        while seconds < _SLICE:
            with self._timed() as took:
                flops += product(turn)
            seconds += took[0]
            turn += 1
        return flops / seconds / 1e9

    def _pass(self, turn: int) -> int:
        flops = 0
        for weights in self._layers[turn % _LAYERS]:
            for rows in _ROWS:
                self._multiply(self._rows[rows, weights.shape[1]], weights)
                flops += 2 * rows * weights.numel()
        return flops

    def _multiply(self, rows: Any, weights: Any) -> None:
        rows @ weights.T

    def _multiply_squares(self, _: int) -> int:
        self._square @ self._square
        return 2 * len(self._square) ** 3

    @contextmanager
    def _timed(self) -> Iterator[list[float]]:
        """Tells at the end how long the block took, also where a device works behind the program's back."""
        took: list[float] = []
        # Threads that wait for one another spend processor time with it, so with several only the clock tells.
        now = time.thread_time if self._device == "cpu" and self.threads == 1 else time.perf_counter
        _finish(self._device)
        began = now()
        yield took
        _finish(self._device)
        took.append(max(now() - began, 1e-9))


class _Int8Products(_Products):
    """The same with weights in int8, and rows that are rounded each time."""

    def __init__(self, levels: int) -> None:
        import torch

        super().__init__("float32", "cpu")
        self._rounded = {id(weights): Int8Weight(weights, levels) for layer in self._layers for weights in layer}
        self._square = (127 * self._square).to(torch.int8)

    def _multiply(self, rows: Any, weights: Any) -> None:
        self._rounded[id(weights)].forward(rows)

    def _multiply_squares(self, _: int) -> int:
        import torch

        torch._int_mm(self._square, self._square.T)
        return 2 * len(self._square) ** 3


def _finish(device: str) -> None:
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()


def _cpu_fact(name: str) -> str:
    """A line of Linux's description of the processor; empty where there is none."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(rf"^{re.escape(name)}\s*:\s*(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""
