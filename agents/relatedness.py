"""Which modules belong together: what their descriptions mean, and the category they are filed under."""

from collections.abc import Sequence

from ioa.agents.staging import Affinity, same_category
from ioa.memory.embedding import Embedder
from ioa.memory.records import Module

SAME_CATEGORY = 0.2
"""What a common category adds to the cosine of two descriptions."""


def relatedness(modules: Sequence[Module], embedder: Embedder) -> Affinity:
    """How closely two of the modules are related: the cosine of their descriptions, and more within a category.

    Args:
        modules: All that will be asked about.
        embedder: Turns a description into a vector of norm 1.
    """
    vectors = embedder.embed(
        [f"{module.id.replace('/', ' ').replace('-', ' ')}. {module.description}" for module in modules]
    )
    place = {module.id: number for number, module in enumerate(modules)}

    def affinity(one: str, other: str) -> float:
        cosine = float(vectors[place[one]] @ vectors[place[other]])
        return cosine + SAME_CATEGORY * same_category(one, other)

    return affinity
