"""Staging targets, and choosing what the next lessons of a weak module are like."""

from collections.abc import Sequence

from ioa.agents.exchange import (
    PlanBrief,
    PlanReply,
    ProposedStage,
    RemedyBrief,
    RemedyProposal,
    RemedyReply,
    WeakModule,
)
from ioa.memory.records import Strategy

_LOST = 0.1
"""Below this share of the gate a student is lost: hardly one answer in ten is right."""
_GAIN = 0.02
"""A smaller rise of the ratio since the last round is none."""

_USUAL = (Strategy.FORMAT, Strategy.COGNITIVE_LOAD)
_SLOWER = (Strategy.DECOMPOSE, Strategy.FORMAT, Strategy.COGNITIVE_LOAD)


def plan(brief: PlanBrief) -> PlanReply:
    """Split the admissible stages that are too large, related modules together and easier ones first."""
    stages: list[tuple[str, ...]] = []
    for group in brief.admissible:
        stages += _split(group, brief)
    proposed = tuple(_stage(modules, brief) for modules in stages)
    if not proposed:
        return PlanReply(stages=(), note="There is nothing to teach.")
    hardest = max(brief.targets, key=lambda module: (brief.targets[module], module))
    count = "1 stage" if len(proposed) == 1 else f"{len(proposed)} stages"
    return PlanReply(
        stages=proposed,
        note=f"{count}; the hardest module is {hardest} ({brief.targets[hardest]:.2f}): begin it with small numbers.",
    )


def remedy(brief: RemedyBrief) -> RemedyReply:
    """Choose level and strategies for each weak module from how far it is from the gate and whether it rose."""
    remedies = tuple(_remedy(module, brief.gate) for module in brief.weak)
    lost = [module.module for module in brief.weak if module.ratio < _LOST * brief.gate]
    if lost:
        note = f"Go back to the easiest level for {', '.join(lost)}; the others need more of the examined level."
    else:
        note = "All are near the gate: more lessons of the examined level."
    return RemedyReply(remedies=remedies, note=note)


def _split(group: Sequence[str], brief: PlanBrief) -> list[tuple[str, ...]]:
    stages: list[list[str]] = []
    for module in _ordered(group, brief):
        before = {earlier for earlier, later in brief.prerequisites if later == module}
        full = not stages or len(stages[-1]) >= brief.largest_stage
        if full or before.intersection(stages[-1]):
            stages.append([])
        stages[-1].append(module)
    return [tuple(stage) for stage in stages]


def _ordered(group: Sequence[str], brief: PlanBrief) -> list[str]:
    """Categories by their mean difficulty, modules of a category by their own; prerequisites first."""
    members: dict[str, list[float]] = {}
    for module in group:
        members.setdefault(_category(module), []).append(brief.targets.get(module, 0.0))
    means = {category: sum(values) / len(values) for category, values in members.items()}
    waiting = sorted(
        group,
        key=lambda module: (means[_category(module)], _category(module), brief.targets.get(module, 0.0), module),
    )
    ordered: list[str] = []
    while waiting:
        free = [m for m in waiting if not any(e in waiting for e, later in brief.prerequisites if later == m)]
        chosen = (free or waiting)[0]
        ordered.append(chosen)
        waiting.remove(chosen)
    return ordered


def _stage(modules: tuple[str, ...], brief: PlanBrief) -> ProposedStage:
    builds_on = sorted({earlier for earlier, later in brief.prerequisites if later in modules})
    rests = f"It builds on {', '.join(builds_on)}." if builds_on else "It needs nothing that is taught before."
    return ProposedStage(
        title=_title(modules),
        modules=modules,
        rationale=f"{rests} Measured difficulty {_span([brief.targets.get(m, 0.0) for m in modules])}.",
    )


def _title(modules: Sequence[str]) -> str:
    grouped: dict[str, list[str]] = {}
    for module in modules:
        grouped.setdefault(_category(module), []).append(module.split("/", 1)[-1].replace("-", " "))
    parts = [f"{category.replace('-', ' ')} ({', '.join(topics)})" for category, topics in grouped.items()]
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def _span(values: Sequence[float]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


def _category(module: str) -> str:
    return module.split("/", 1)[0]


def _remedy(module: WeakModule, gate: float) -> RemedyProposal:
    lost = module.ratio < _LOST * gate
    stuck = module.previous is not None and module.ratio <= module.previous + _GAIN
    level = module.levels[0] if lost or module.exam_level not in module.levels else module.exam_level
    # One form throughout: a small student learns one far sooner than two, so only want of any gain changes it.
    strategies = _SLOWER if stuck else _USUAL
    place = "far below" if lost else "short of"
    moved = "" if module.previous is None else f" after {module.previous:.2f} the round before"
    change = "; the last lessons brought nothing, so they change" if stuck else ""
    slip = f" {module.misconception}" if module.misconception else ""
    return RemedyProposal(
        module=module.module,
        level=level,
        strategies=strategies,
        reason=f"At {module.ratio:.2f}{moved} it is {place} the gate of {gate:.2f}{change}: "
        f"lessons of level {level!r}.{slip}",
    )
