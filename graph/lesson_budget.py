"""How many more lessons a run may accept: by `budget.lessons`, and by the tokens left to write and train them."""

from collections.abc import Iterable

from ioa.graph.context import RunContext
from ioa.graph.teacher_budget import affordable_lessons, teacher_words
from ioa.graph.training_budget import training_ended
from ioa.memory import Remedy
from ioa.memory.records import Kind


def lessons_left(ctx: RunContext) -> int | None:
    """How many more lessons the budget allows; none where it sets no bound. What a student practised is free.

    None at all where no training would follow. By `budget.teacher_tokens` it is an estimate, from what the lessons so
    far took; the limit itself is kept call by call.
    """
    if training_ended(ctx):
        return 0
    bound = ctx.config.budget.lessons
    written = sum(lesson.kind is not Kind.PRACTICE for lesson in ctx.store().examples()) if bound is not None else 0
    known = [left for left in (bound and bound - written, affordable_lessons(ctx)) if left is not None]
    return max(0, min(known)) if known else None


def used_up_words(ctx: RunContext) -> str:
    """Which part of the budget is used up, in a sentence."""
    budget = ctx.config.budget
    if training_ended(ctx):
        return f"The budget of {budget.training_tokens} training tokens is used up."
    if budget.teacher_tokens is not None and affordable_lessons(ctx) == 0:
        return f"The budget of teacher tokens is used up: {teacher_words(ctx)}, and a lesson takes more than is left."
    return f"The budget of {budget.lessons} lessons is used up."


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
