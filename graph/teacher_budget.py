"""`budget.teacher_tokens`: what can still be asked for, so that what is written can be verified, too."""

from collections.abc import Callable, Sequence

from ioa.agents import Draft, LessonRequest
from ioa.graph.context import RunContext

LESSON_NODES = ("draft", "verify")
"""Where lessons are made; other nodes of the teaching do without an answer."""
HALF = 2
"""Where what is left does not pay for twice of what is wanted, half of what it pays for is asked for, and measured."""


def affordable_lessons(ctx: RunContext) -> int | None:
    """How many more lessons `budget.teacher_tokens` pays for, by what lessons took so far.

    None where it sets no bound, or nothing was written yet by which that could be said.
    """
    left = ctx.budget().teaching_left
    if left is None:
        return None
    if _ended(ctx):
        return 0
    writing = _mean(ctx, "draft")
    if writing is None:
        return None if left else 0
    each = writing / ctx.config.synthesis.per_request + _verifying(ctx, writing)
    return max(0, int((left - _largest_call(ctx)) / max(1.0, each)))


def draft_within(
    ctx: RunContext,
    requests: Sequence[LessonRequest],
    write: Callable[[Sequence[LessonRequest]], None],
    drafted: Callable[[], Sequence[Draft]],
    share: float = 1.0,
) -> None:
    """Have requests written as far as what is left pays for writing and verifying them.

    It asks for some, looks at what they took, and goes on; without `budget.teacher_tokens` it asks for all at once.

    Args:
        ctx: The run.
        requests: What is still to be written.
        write: Has some of them written.
        drafted: What was written and is not verified yet.
        share: Of what is left, in (0, 1]: the rest is for later rounds.
    """
    left = ctx.budget().teaching_left
    if left is None:
        write(requests)
        return
    kept = left - int(share * left)
    waiting = list(requests)
    while waiting and not _ended(ctx):
        count = _next_wave(ctx, waiting, drafted(), kept)
        if not count:
            break
        write(waiting[:count])
        waiting = waiting[count:]
    if waiting:
        ctx.message(f"{len(waiting)} of {len(requests)} requests are not made: {teacher_words(ctx)}")


def teacher_words(ctx: RunContext) -> str:
    """What is used of what is allowed, in words."""
    budget = ctx.budget()
    return f"of {ctx.config.budget.teacher_tokens:,} teacher tokens {budget.teaching.used:,} are used"


def _next_wave(ctx: RunContext, waiting: Sequence[LessonRequest], drafts: Sequence[Draft], kept: int) -> int:
    """How many of the requests are made next; 0 where writing and verifying one is more than what is left."""
    writing = _mean(ctx, "draft")
    if writing is None:
        return 1
    each = _verifying(ctx, writing)
    owed = sum(len(draft.lessons) for draft in drafts) * each
    left = (ctx.budget().teaching_left or 0) - kept - owed - _largest_call(ctx)
    costs = [writing + request.count * each for request in waiting]
    if HALF * sum(costs) <= left:
        return len(waiting)
    paid = max(0, int(left / max(costs)))
    return min(len(waiting), max(paid // HALF, min(paid, 1)))


def _ended(ctx: RunContext) -> bool:
    """Whether a lesson could not be written or verified; a long analysis that was not asked for ends no teaching."""
    return not ctx.budget().unasked_nodes.isdisjoint(LESSON_NODES)


def _largest_call(ctx: RunContext) -> int:
    """Most tokens that were set aside for a call that writes or verifies lessons."""
    return max(ctx.budget().largest_calls.get(node, 0) for node in LESSON_NODES)


def _verifying(ctx: RunContext, writing: float) -> float:
    """Tokens that the verification of a lesson takes at most; before any was verified, what its request took."""
    settings = ctx.config.synthesis
    return settings.solutions * (_mean(ctx, "verify") or writing) if settings.verify else 0.0


def _mean(ctx: RunContext, node: str) -> float | None:
    counted = ctx.budget().teaching.by_node.get(node)
    return counted.mean if counted else None
