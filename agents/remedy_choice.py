"""What a remedy asks for where the teacher proposes nothing that is left to try: another level, other strategies."""

from collections.abc import Collection, Sequence

from ioa.agents.exchange import RemedyProposal, TriedLessons, WeakModule
from ioa.memory.records import Strategy

Choice = tuple[str, tuple[Strategy, ...]]
"""(level, strategies)."""


def levels_left(levels: Sequence[str], tried: Collection[TriedLessons], usual: Sequence[Strategy]) -> tuple[str, ...]:
    """The levels that may still bring new lessons, in their order.

    Args:
        levels: Those that lessons can be drawn from, easiest first.
        tried: What was asked for of the module so far.
        usual: The run's strategies.
    """
    used_up = {one.level for one in tried if one.outcome == "used up"}
    return tuple(level for level in levels if level not in used_up and _untried(level, tried, usual))


def choose_remedy(
    module: WeakModule, proposal: RemedyProposal | None, usual: Sequence[Strategy]
) -> tuple[Choice, bool]:
    """Level and strategies of a module's next lessons, and whether they are the proposed ones.

    Without a proposal, or where it names a level that is used up or strategies whose lessons were refused there, the
    level nearest below the examined one is taken, with the first strategies in line that were not refused.

    Args:
        module: With at least one level left.
        proposal: The teacher's; none where it made none.
        usual: The run's strategies, which are first in line.
    """
    level = proposal.level if proposal and proposal.level in module.levels else _examined(module)
    untried = _untried(level, module.tried, usual)
    strategies = (proposal.strategies if proposal else ()) or tuple(usual)
    if not _failed(level, strategies, module.tried):
        return (level, strategies), proposal is not None and proposal.level == level
    return (level, untried[0]), False


def _examined(module: WeakModule) -> str:
    return module.exam_level if module.exam_level in module.levels else module.levels[-1]


def _untried(level: str, tried: Collection[TriedLessons], usual: Sequence[Strategy]) -> list[tuple[Strategy, ...]]:
    """Strategies whose lessons were not refused at that level: the usual ones, then each alone."""
    rows = dict.fromkeys((tuple(usual), *((strategy,) for strategy in Strategy)))
    return [row for row in rows if not _failed(level, row, tried)]


def _failed(level: str, strategies: Sequence[Strategy], tried: Collection[TriedLessons]) -> bool:
    own = [one for one in tried if one.level == level and set(one.strategies) == set(strategies)]
    return bool(own) and own[-1].outcome != "taught"
