"""Drawing items from reasoning-gym's families and our own: an endless, seeded supply of problems with answers.

A family builds item number i of a data set from `Random(seed + i)`, so two supplies are disjoint as soon as
their ranges of seeds are. Every purpose of a run has ranges of its own: `seed_range`, `lesson_seed`, `level_seed`.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from itertools import islice
from numbers import Integral, Real
from typing import Any

from ioa.memory.domains.families import register
from ioa.memory.domains.families.forms import item_key
from ioa.memory.errors import UserError
from ioa.memory.records import Generator, Record, Split
from ioa.memory.similarity import normalise

SEED_STRIDE = 1_000_000
"""Length of a range of seeds; no draw looks at more items than that."""

PURPOSES = (*(split.value for split in Split), "samples", "lessons")
"""What ranges of seeds are set aside for."""

_ORDINALS = 10_000
"""Ranges of a purpose, one a module."""
_RUN_SEEDS = 2**24
"""Seeds of runs that have ranges of their own: with these three numbers the last slot stays below 2**40."""
_FIRST_LESSON = 2**40  # above every slot of seed_range; a seed stays below 2**63, and so fits any store
_FIRST_LEVEL = _FIRST_LESSON + 2**40

_STALE = 5_000
"""So many items in a row that are unsuitable or known: the supply counts as exhausted, unless told otherwise."""
_TRIED = 100
"""Items that `check` makes."""
_CHUNK = 10_000
"""Items a data set is created for; some families prepare all of them at once."""


class GeneratorError(UserError):
    """A generator that cannot be used as it is written; `field` names the part of it that is at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Item(Record):
    """One problem of a family."""

    question: str
    answer: str
    """The reference answer, as the family gives it."""
    metadata: Mapping[str, Any] = {}
    """What the scorer needs beside the answer; plain JSON."""
    scorer: str = ""
    """Name of its scorer; empty: the one that goes with where it comes from."""

    @property
    def key(self) -> str:
        """What is asked; see `item_key`."""
        return item_key(self.question, self.answer)


def seed_range(run_seed: int, purpose: str, ordinal: int) -> int:
    """First seed of the range of `SEED_STRIDE` seeds that is set aside for a purpose.

    Ranges of one run never overlap, nor do those of two runs whose seeds differ by less than 2**24.

    Args:
        run_seed: The run's seed, not negative.
        purpose: One of `PURPOSES`; a `Split` is one.
        ordinal: Which of the purpose's ranges, 0 to 9,999; for probes the number of the module.

    Raises:
        ValueError: an argument is outside its range.
    """
    if run_seed < 0 or purpose not in PURPOSES or not 0 <= ordinal < _ORDINALS:
        raise ValueError(f"no seed range for run seed {run_seed}, purpose {purpose!r}, ordinal {ordinal}")
    slot = (run_seed % _RUN_SEEDS) * len(PURPOSES) + PURPOSES.index(purpose)
    return (slot * _ORDINALS + ordinal) * SEED_STRIDE


def lesson_seed(run_seed: int, batch: str) -> int:
    """First seed of the range from which the lessons of a request are drawn.

    It depends on the request's name alone, so that a resumed run draws the same. The ranges lie above all
    of `seed_range`; that two requests share one has a chance of 1 in 10**12.
    """
    return _hash_seed(_FIRST_LESSON, f"{run_seed}/{batch}")


def level_seed(run_seed: int, module: str, level: str) -> int:
    """First seed of the range from which the probes of an easier level are drawn, however many levels there are.

    The ranges lie above all of `lesson_seed`; that two levels share one has a chance of 1 in 10**12.
    """
    return _hash_seed(_FIRST_LEVEL, f"{run_seed}/{module}@{level}")


def _hash_seed(first: int, name: str) -> int:
    return (first + int.from_bytes(hashlib.sha256(name.encode()).digest()[:5], "big")) * SEED_STRIDE


def supply(
    generator: Generator,
    *,
    seed: int,
    exclude: Collection[str] = (),
    patience: int = _STALE,
    examined: bool = False,
) -> Iterator[Item]:
    """Items of distinct texts that fit the generator's filter, in the order of their seeds.

    Ends when `patience` items in a row bring nothing new, or at the end of the range of seeds.

    Args:
        generator: Family, parameters and filter.
        seed: First seed of the range.
        exclude: Keys of items that must not appear, in any wording or order; see `item_key`.
        patience: Unsuitable or known items in a row after which the supply counts as exhausted.
        examined: No two items ask the same: "7 * 8" does not come after "8 * 7". What is only taught may.

    Raises:
        GeneratorError: the family or a parameter is unknown or not allowed.
    """
    question = re.compile(generator.where.question or "")
    answer = re.compile(generator.where.answer or "")
    known, asked = set(exclude), set(exclude)
    stale = 0
    for raw in _raw_items(generator, seed):
        text, reply = str(raw["question"]).strip(), str(raw["answer"]).strip()
        plain_text = normalise(text)
        fits = plain_text not in known and question.search(text) and answer.search(reply)
        key = item_key(text, reply) if fits and (examined or asked) else ""
        # Known ones count as stale too: a small supply repeats itself long before its seeds end.
        if not fits or key in asked:
            stale += 1
            if stale >= patience:
                return
            continue
        stale = 0
        known.add(plain_text)
        if examined:
            asked.add(key)
        yield Item(question=text, answer=reply, metadata=plain(raw.get("metadata", {})), scorer=generator.scorer)


def draw(
    generator: Generator, *, seed: int, count: int, exclude: Collection[str] = (), examined: bool = False
) -> list[Item]:
    """Draw that many distinct items.

    Args:
        generator: Family, parameters and filter.
        seed: First seed of the range.
        count: How many.
        exclude: As of `supply`.
        examined: As of `supply`.

    Raises:
        GeneratorError: the family or a parameter is unknown or not allowed, or there are too few distinct items.
    """
    items = list(islice(supply(generator, seed=seed, exclude=exclude, examined=examined), count))
    if len(items) < count:
        beside = f" beside the {len(exclude)} that are excluded" if exclude else ""
        raise GeneratorError(
            "where",
            f"Family {generator.family!r} with {_described(generator)} has only {len(items)} distinct items"
            f"{beside}, but {count} are needed. Widen its parameters or its `where`, or ask for fewer items.",
        )
    return items


def check(generator: Generator) -> None:
    """See that the generator can be drawn from; some parameters fail only at some items, so many are made.

    Raises:
        GeneratorError: the family or a parameter is unknown or not allowed, or no item passes the filter.
    """
    for _ in islice(_raw_items(generator, 0), _TRIED):
        pass
    draw(generator, seed=0, count=1)


def _raw_items(generator: Generator, seed: int) -> Iterator[Mapping[str, Any]]:
    for start in range(0, SEED_STRIDE, _CHUNK):
        items = _dataset(generator, seed + start)
        for index in range(_CHUNK):
            try:
                yield items[index]
            except (AssertionError, LookupError, TypeError, ValueError) as error:
                raise GeneratorError(
                    "params",
                    f"Family {generator.family!r} cannot make items with {_described(generator)}: "
                    f"{error or type(error).__name__}. Correct `params`.",
                ) from error


def _dataset(generator: Generator, seed: int) -> Any:
    register()
    from reasoning_gym.factory import DATASETS, create_dataset

    if generator.family not in DATASETS:
        close = get_close_matches(generator.family, DATASETS, n=5, cutoff=0.5)
        hint = f"Close to it: {', '.join(close)}" if close else f"Known: {', '.join(sorted(DATASETS))}"
        raise GeneratorError("family", f"There is no family {generator.family!r}. {hint}.")
    fields = sorted(set(DATASETS[generator.family][1].__dataclass_fields__) - {"seed", "size"})
    unknown = sorted(set(generator.params) - set(fields))
    if unknown:
        raise GeneratorError(
            "params",
            f"Family {generator.family!r} has no parameter {', '.join(map(repr, unknown))}. "
            f"It takes: {', '.join(fields)} (`seed` and `size` are set by the program).",
        )
    _refuse_wrong_answers(generator)
    try:
        return create_dataset(generator.family, seed=seed, size=_CHUNK, **generator.params)
    except (AssertionError, TypeError, ValueError) as error:
        raise GeneratorError(
            "params",
            f"Family {generator.family!r} does not accept {_described(generator)}: {error}. Correct `params`.",
        ) from error


def _refuse_wrong_answers(generator: Generator) -> None:
    """Keep out what reasoning-gym 0.1.25 answers wrongly.

    Without brackets `basic_arithmetic` works from left to right, whatever the precedence, and the divisor
    that it prints is not the one that it divides by.
    """
    params = generator.params
    if generator.family != "basic_arithmetic" or params.get("allow_parentheses", True):
        return
    operators = set(params.get("operators", "+-*/"))
    if "/" in operators or ("*" in operators and len(operators) > 1 and params.get("max_terms", 6) > 2):
        raise GeneratorError(
            "params",
            "Family 'basic_arithmetic' gives wrong answers when `allow_parentheses` is false and `operators` "
            "has '/', or '*' beside others. Take '*' alone, or '+' and '-', or allow brackets and keep the plain "
            "items by `where`.",
        )


def _described(generator: Generator) -> str:
    return json.dumps(
        {"params": generator.params, "where": generator.where.model_dump(exclude_none=True, exclude={"words"})},
        default=str,
    )


def plain(value: Any) -> Any:
    """The value as JSON can hold it; families use symbols, fractions and decimals in places."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value]
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, float):
        return value
    return float(value) if isinstance(value, Real) and float(value) == value else str(value)
