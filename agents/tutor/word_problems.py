"""Problems told in words: the situations that the tutor can read, and legs of animals."""

import re
from collections.abc import Callable
from itertools import accumulate

from ioa.agents.tutor.columns import running_sum
from ioa.agents.tutor.working import Operation, Worked, difference_uses, product_uses, sum_uses

_LEGS = {
    0: "snake, sea slug, jellyfish, flatworm, leech",
    2: "chicken, bird, human, duck",
    4: "dog, cat, cow, horse, lion, elephant, giraffe, tiger, deer, sheep",
    5: "starfish",
    6: "insect, ant, butterfly, beetle, bee, wasp, grasshopper, cricket, cockroach, praying mantis, firefly",
    8: "spider, scorpion",
    10: "crab, lobster, shrimp",
    14: "woodlouse",
}
LEGS = {animal: legs for legs, animals in _LEGS.items() for animal in animals.split(", ")}
"""Legs of an animal; a starfish's arms count."""


def count_legs(text: str) -> Worked | None:
    """Read a list of animals and count their legs; none where an animal is not known."""
    found = re.search(r"how many legs are there in total if you have (.+?)\?", text, re.IGNORECASE)
    if not found:
        return None
    groups = []
    for part in found.group(1).split(", "):
        number, _, name = part.partition(" ")
        animal = name if name in LEGS else name.removesuffix("s")
        if animal not in LEGS or not number.isdigit():
            return None
        groups.append((LEGS[animal], int(number)))
    totals = [legs * number for legs, number in groups]
    uses = set().union(*(product_uses(*group) for group in groups))
    steps = [f"{legs}*{number}={legs * number}" for legs, number in groups]
    if len(totals) > 1:
        steps += running_sum(totals)
        running = list(accumulate(totals))
        for before, term in zip(running, totals[1:], strict=False):
            uses |= sum_uses(before, term)
    rest = "".join(f"-{total}" for total in reversed(totals[1:]))
    return Worked(
        head=Operation.LEGS,
        numbers=tuple(str(number) for _, number in groups),
        steps=tuple(steps),
        answer=str(sum(totals)),
        check=f"{sum(totals)}{rest}={groups[0][0]}*{groups[0][1]}",
        uses=frozenset(uses),
    )


def read_story(text: str) -> Worked | None:
    """Solve a story of a kind that the tutor knows; none for any other."""
    for pattern, tell in _STORIES:
        found = pattern.search(text)
        if found:
            return tell(*map(int, found.groups()))
    return None


def _fewer(first: int, fewer: int) -> Worked | None:
    other = first - fewer
    return _story(
        (first, fewer),
        (f"other:{first}-{fewer}={other}", f"together:{first}+{other}={first + other}"),
        first + other,
        f"{first + other}-{first}+{fewer}={first}",
        difference_uses(first, fewer) | sum_uses(first, other),
    )


def _solve_age(age: int, years: int, times: int) -> Worked | None:
    then = age * times
    return _story(
        (age, years, times),
        (f"then:{age}*{times}={then}", f"now:{then}-{years}={then - years}"),
        then - years,
        f"{then - years}+{years}={age}*{times}",
        product_uses(age, times) | difference_uses(then, years),
    )


def _solve_loaves(price: int, other_price: int, loaves: int, others: int) -> Worked | None:
    cost, other = loaves * price, others * other_price
    return _story(
        (price, other_price, loaves, others),
        (
            f"loaves:{loaves}*{price}={cost}",
            f"others:{others}*{other_price}={other}",
            f"more:{cost}-{other}={cost - other}",
        ),
        cost - other,
        f"{cost - other}+{other}={loaves}*{price}",
        product_uses(loaves, price) | product_uses(others, other_price) | difference_uses(cost, other),
    )


def _solve_twins(total: int, each: int, left: int) -> Worked | None:
    both = 2 * each
    return _story(
        (total, each, left),
        (
            f"twins:2*{each}={both}",
            f"rest:{total}-{both}={total - both}",
            f"friends:{total - both}-{left}={total - both - left}",
        ),
        total - both - left,
        f"{total - both - left}+{left}+{both}={total}",
        product_uses(2, each) | difference_uses(total, both) | difference_uses(total - both, left),
    )


def _solve_trays(holds: int, items: int, trays: int) -> Worked | None:
    fit = holds * trays
    return _story(
        (holds, items, trays),
        (f"fit:{holds}*{trays}={fit}", f"left:{items}-{fit}={items - fit}"),
        items - fit,
        f"{items - fit}+{fit}={items}",
        product_uses(holds, trays) | difference_uses(items, fit),
    )


def _story(
    numbers: tuple[int, ...], steps: tuple[str, ...], answer: int, check: str, uses: set[Operation]
) -> Worked | None:
    """A story's solution; none where the numbers make no sense in it."""
    if answer < 0:
        return None
    return Worked(Operation.STORY, tuple(map(str, numbers)), steps, str(answer), check, frozenset(uses))


_STORIES: tuple[tuple[re.Pattern[str], Callable[..., Worked | None]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), tell)
    for pattern, tell in (
        (r"\bhas (\d+) \w+\. .*\bhas (\d+) fewer \w+ than .*together\?", _fewer),
        (
            r"is (\d+) years old\. In (\d+) years .* will be (\d+) times as old as .* now\. How old is \w+ right",
            _solve_age,
        ),
        (
            r"A loaf .* costs \D?(\d+)\. .* cost \D?(\d+) each\. How much more do (\d+) loaves .* than (\d+) ",
            _solve_loaves,
        ),
        (r"\bhid (\d+) \w+\. .* twins each found (\d+) .* except (\d+) were found by their friends", _solve_twins),
        (r"can hold (\d+) .* has (\d+) \w+ and (\d+) .* won't (?:he|she) be able to place", _solve_trays),
    )
)
