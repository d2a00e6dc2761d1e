"""What results of an examination add up to."""

from collections.abc import Iterable

from ioa.memory.records import ItemResult, Score


def score_by_module(results: Iterable[ItemResult]) -> dict[str, Score]:
    """Right answers of all (k of n) for each module that occurs, in the order of first occurrence."""
    own: dict[str, list[ItemResult]] = {}
    for result in results:
        own.setdefault(result.module, []).append(result)
    return {module: Score.of(those) for module, those in own.items()}


def total_score(results: Iterable[ItemResult]) -> Score:
    """Right answers of all, whatever their module; 0 of 0 where there are none."""
    return Score.of(results)
