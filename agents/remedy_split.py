"""Aiming lessons: what a round's lessons are to put right, misconception by misconception."""

from collections.abc import Iterable, Sequence

from ioa.memory.records import Misconception, Remedy


def share_out(total: int, weights: Sequence[int], least: int) -> list[int]:
    """Whole numbers that add up to the total, in proportion to the weights and none below a floor.

    Each part first has the floor; what is left over is given by weight, by the method of largest remainders (of
    equal remainders, to the one that comes first). Where the floor cannot be given to all, the heaviest have it.

    Args:
        total: What is shared out, not negative.
        weights: At least one, none negative, the heaviest first.
        least: The floor, at least 1.

    Returns:
        One number a weight; 0 for those that come away with nothing.

    Raises:
        ValueError: there is no weight, or they are not in order.
    """
    if not weights or list(weights) != sorted(weights, reverse=True) or weights[-1] < 0:
        raise ValueError(f"weights {list(weights)} are not one or more numbers, the heaviest first")
    served = list(weights[: max(1, min(len(weights), total // least))])
    floor = min(least, total)
    rest, whole = total - floor * len(served), sum(served)
    if not whole:
        served, whole = [1] * len(served), len(served)
    parts = [floor + rest * weight // whole for weight in served]
    by_remainder = sorted(range(len(served)), key=lambda place: (-(rest * served[place] % whole), place))
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts + [0] * (len(weights) - len(parts))


def aim_remedy(remedy: Remedy, misconceptions: Iterable[Misconception], least: int) -> tuple[Remedy, ...]:
    """A module's remedy, split over the misconceptions that were confirmed in it, by their shares of its failures.

    Args:
        remedy: For the module as a whole.
        misconceptions: Found in the examination it missed; those of other modules and refused ones do not count.
        least: Least lessons for one misconception.

    Returns:
        The remedy as it is where no misconception was confirmed.
    """
    own = _own(remedy.module, misconceptions)
    if not own:
        return (remedy,)
    counts = share_out(remedy.lessons, [len(one.probes) for one in own], least)
    return tuple(
        remedy.model_copy(update={"diagnosis": one.told, "misconception": one.id, "lessons": count})
        for one, count in zip(own, counts, strict=True)
        if count
    )


def add_misconceptions(remedies: Iterable[Remedy], misconceptions: Sequence[Misconception]) -> tuple[Remedy, ...]:
    """First lessons with all that was confirmed in their module as context for whoever writes them.

    They are not split, and answer no misconception by its id: they teach the module, and what is confirmed is what
    to beware of.
    """
    told = []
    for remedy in remedies:
        own = _own(remedy.module, misconceptions)
        told.append(remedy.model_copy(update={"diagnosis": describe_misconceptions(own)}) if own else remedy)
    return tuple(told)


def describe_misconceptions(misconceptions: Sequence[Misconception]) -> str:
    """The misconceptions of a module in one text, each with its share of the wrong answers where there are several."""
    if len(misconceptions) == 1:
        return misconceptions[0].told
    return " ".join(
        f"{number}. {one.told.rstrip('. ')} ({one.share:.0%} of the wrong answers)."
        for number, one in enumerate(misconceptions, start=1)
    )


def _own(module: str, misconceptions: Iterable[Misconception]) -> list[Misconception]:
    own = [one for one in misconceptions if one.module == module and not one.refused]
    return sorted(own, key=lambda one: -len(one.probes))
