"""Our own families of problems, beside those of reasoning-gym and drawn from in the same way."""

from random import Random
from threading import Lock
from typing import Any

from ioa.memory.domains.families import python_functions, stories
from ioa.memory.domains.families.family import Family, Make

FAMILIES = (python_functions.FAMILY, stories.FAMILY)
"""The families that come with the program."""

_LOCK = Lock()

__all__ = ["FAMILIES", "Family", "Make", "register"]


def register() -> None:
    """Make our families known to reasoning-gym; those that are known already are left as they are."""
    import reasoning_gym  # noqa: F401 - waits for a thread that is importing it: its families register one by one
    from reasoning_gym.factory import DATASETS, register_dataset

    with _LOCK:
        for family in FAMILIES:
            if family.name not in DATASETS:
                register_dataset(family.name, _dataset_class(family), family.config)


def _dataset_class(family: Family) -> type:
    from reasoning_gym.dataset import ProceduralDataset

    class OwnDataset(ProceduralDataset):  # type: ignore[misc] # reasoning-gym has no types
        """The items of one of our families."""

        def __init__(self, config: Any) -> None:
            super().__init__(config=config, seed=config.seed, size=config.size)

        def __getitem__(self, idx: int) -> dict[str, Any]:
            item = dict(family.make(Random(self.seed + idx), self.config))
            source = {"source_dataset": family.name, "source_index": idx}
            return item | {"metadata": {**item.get("metadata", {}), **source}}

    return OwnDataset
