"""What the rounds of a stage asked for and what came of it, for the Planner to choose something else."""

from collections import Counter, defaultdict
from typing import Literal

from ioa.agents.exchange import TriedLessons
from ioa.graph.context import RunContext
from ioa.graph.round_lessons import count_accepted, lessons_wanted
from ioa.memory.records import Kind, Refusal, RefusalReason, Remedy

NOTHING_NEW = {RefusalReason.DUPLICATE, RefusalReason.CONTAMINATED}
"""Refusals that say that a problem is taught or examined already."""
UNJUDGED = {RefusalReason.SURPLUS, RefusalReason.REPLANNED, RefusalReason.UNVERIFIED}
"""Refusals that say nothing of a lesson: there were too many, the plan was another by then, or nobody verified it."""


def tried_lessons(ctx: RunContext, stage: int, rounds: int) -> dict[str, tuple[TriedLessons, ...]]:
    """By module what the first rounds of a stage asked for, oldest first.

    Args:
        ctx: The run.
        stage: The stage.
        rounds: How many of its rounds are over.
    """
    found = defaultdict[str, list[TriedLessons]](list)
    for round_ in range(rounds):
        accepted = count_accepted(ctx, stage, round_)
        refusals = [refusal for refusal in ctx.store().refusals(stage) if refusal.round == round_]
        alike = defaultdict[tuple[str, str, frozenset[str]], list[Remedy]](list)
        for wish in lessons_wanted(ctx, stage, round_):
            if wish.kind is Kind.PRACTICE:
                continue
            alike[wish.module, wish.level, frozenset(wish.strategies)].append(wish)
        for (module, level, _), wishes in alike.items():
            brought = sum(accepted[wish.aim] for wish in wishes)
            asked = sum(wish.lessons for wish in wishes)
            refused = Counter(refusal.reason for refusal in refusals if any(_of(refusal, wish) for wish in wishes))
            found[module].append(
                TriedLessons(
                    level=level,
                    strategies=wishes[0].strategies,
                    asked=asked,
                    accepted=brought,
                    refused={reason.value: count for reason, count in refused.most_common()},
                    outcome=outcome_of(asked, brought, refused, ctx.config.training.least_new),
                )
            )
    return {module: tuple(tried) for module, tried in found.items()}


def _of(refusal: Refusal, wish: Remedy) -> bool:
    """Whether the lesson was written for that wish, whose place is part of the request's name."""
    return f"/{wish.place}/" in refusal.batch


def outcome_of(
    asked: int, accepted: int, refused: Counter[RefusalReason], least: int
) -> Literal["taught", "used up", "refused"]:
    """What came of asking: `TriedLessons.outcome`, for lessons asked for, accepted and refused, and `least_new`."""
    if accepted >= min(asked, max(1, least)):
        return "taught"
    nothing_new = sum(refused[reason] for reason in NOTHING_NEW)
    judged = sum(count for reason, count in refused.items() if reason not in UNJUDGED)
    return "used up" if nothing_new and 2 * nothing_new >= judged else "refused"
