"""What a family of ours is made of; it needs nothing of reasoning-gym until it is registered there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

Make = Callable[[Random, Any], Mapping[str, Any]]
"""Makes one item from its own source of randomness and the family's config: `question`, `answer`, `metadata`."""


@dataclass(frozen=True)
class Family:
    """An endless, seeded supply of problems of one kind."""

    name: str
    """What packs call it; different from all of reasoning-gym's own."""
    config: type
    """A dataclass of the family's parameters, all with defaults, among them `seed: int | None = None` and
    `size: int = 500`; a method `validate` raises ValueError for what is not allowed."""
    make: Make
    """Item number i of a data set is `make(Random(seed + i), config)`."""
