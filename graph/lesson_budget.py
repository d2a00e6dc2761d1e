"""`budget.lessons`: how many more lessons a run may accept."""

from collections.abc import Iterable

from ioa.graph.context import RunContext
from ioa.memory import Remedy
from ioa.memory.records import Kind


def lessons_left(ctx: RunContext) -> int | None:
    """How many more lessons `budget.lessons` allows; none where it sets no bound. What a student practised is free."""
    bound = ctx.config.budget.lessons
    if bound is None:
        return None
    return max(0, bound - sum(lesson.kind is not Kind.PRACTICE for lesson in ctx.store().examples()))


def within_budget(ctx: RunContext, wanted: Iterable[Remedy]) -> tuple[Remedy, ...]:
    """The same wishes, cut alike to the lessons that are left; those of which nothing remains are left out."""
    wishes, left = tuple(wanted), lessons_left(ctx)
    asked = sum(wish.lessons for wish in wishes)
    if left is None or asked <= left:
        return wishes
    # What the rounding leaves goes to the first ones, one each.
    whole = [wish.lessons * left // asked for wish in wishes]
    over = left - sum(whole)
    cut = [count + (place < over) for place, count in enumerate(whole)]
    return tuple(wish.model_copy(update={"lessons": n}) for wish, n in zip(wishes, cut, strict=True) if n)
