"""`budget.training_tokens`: what a training may still take, and what each took."""

from ioa.graph.context import RunContext
from ioa.memory import TrainingLog
from ioa.memory.files import append_records, read_records
from ioa.memory.training_log import TrainedTokens, trained_tokens


def training_left(ctx: RunContext, training: str = "") -> int | None:
    """Tokens that `budget.training_tokens` leaves for a training; none where it sets no bound.

    What an interrupted training took already is not deducted for itself: it goes on within the same bound.

    Args:
        ctx: The run.
        training: Its name, of the folder of its adapter; empty for one that has not begun.
    """
    limit = ctx.config.budget.training_tokens
    if limit is None:
        return None
    return max(0, limit - sum(tokens for name, tokens in trained_tokens(ctx.run).items() if name != training))


def training_ended(ctx: RunContext) -> bool:
    """Whether no further training begins: the last one had to be cut, or nothing at all is left."""
    limit = ctx.config.budget.training_tokens
    if limit is None:
        return False
    cut = any(one.cut and one.limit == limit for one in read_records(ctx.run.trained_tokens, TrainedTokens))
    return cut or training_left(ctx) == 0


def count_training(ctx: RunContext, training: str, log: TrainingLog | None, *, all_left: bool = True) -> None:
    """Write down what a training took; once, however often its visit is made.

    Args:
        ctx: The run.
        training: Its name.
        log: What it recorded; none where too few tokens were left for it.
        all_left: Whether it might have taken all that was left, so that nothing is where it was cut.
    """
    took = TrainedTokens(
        training=training,
        tokens=log.tokens if log else 0,
        limit=ctx.config.budget.training_tokens,
        cut=all_left and (log is None or log.cut),
    )
    known = read_records(ctx.run.trained_tokens, TrainedTokens)
    # A finished one is counted under the limit that it had: under a larger one it would not have been cut.
    counted = log is not None and any((one.training, one.tokens) == (training, took.tokens) for one in known)
    if not counted and took not in known:
        append_records(ctx.run.trained_tokens, [took])
