"""Whether a problem, in whatever words, is one that a level's generator could have made."""

import re
from functools import lru_cache
from itertools import islice, permutations

from ioa.memory.domains.families.forms import canonical_form
from ioa.memory.domains.procedural import SEED_STRIDE, supply
from ioa.memory.records import Generator

_LOOKED_AT = 60
"""Items of the level whose wording is taken for what its problems look like."""
_MOST_NUMBERS = 5
"""Of a problem with more, all orders are too many to try."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def asks_for_level(generator: Generator, problem: str) -> bool | None:
    """Whether a level's filter would let a problem pass if it were worded as the level's problems are.

    "What is 34 plus 78?" is put into the words of the level's own items, "Calculate 34 + 78.", and the filter judges
    that; both have to ask for the same (`canonical_form`).

    Args:
        generator: The level's, with its filter.
        problem: Anybody's wording.

    Returns:
        None where what the problem asks for cannot be read, so that this says nothing.
    """
    wanted = re.compile(generator.where.question or "")
    if wanted.search(problem.strip()):
        return True
    asked, numbers = canonical_form(problem), _NUMBER.findall(problem)
    if asked is None or len(numbers) > _MOST_NUMBERS:
        return None
    for words in _wordings(generator.model_dump_json()):
        if len(words) == len(numbers) + 1:
            for order in set(permutations(numbers)):
                worded = words[0] + "".join(map("".join, zip(order, words[1:], strict=True)))
                if wanted.search(worded) and canonical_form(worded) == asked:
                    return True
    return False


@lru_cache(maxsize=256)
def _wordings(generator: str) -> tuple[tuple[str, ...], ...]:
    """What stands around the numbers in items of a level, each way once."""
    items = islice(supply(Generator.model_validate_json(generator), seed=SEED_STRIDE), _LOOKED_AT)
    return tuple(dict.fromkeys(tuple(_NUMBER.split(item.question)) for item in items))
