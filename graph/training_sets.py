"""What is written down of a round's lessons before they are taught."""

from collections.abc import Collection, Sequence
from pathlib import Path

from ioa.graph.context import RunContext
from ioa.memory import Example
from ioa.memory.files import write_records
from ioa.training import manifest, observe, sample_for_observation


def describe_dataset(
    ctx: RunContext,
    lessons: Sequence[Example],
    block: Collection[str],
    stage: int,
    round_: int,
    start: Path | None,
) -> None:
    """List what the round is trained on, and measure how hard its own lessons are for the student; each once.

    Args:
        ctx: The run.
        lessons: What the round is trained on, in order.
        block: Ids of those that it teaches; the others are mixed in against forgetting.
        stage: The stage.
        round_: The round.
        start: The LoRA that the training starts from; none: the bare student.
    """
    if not ctx.run.dataset(stage, round_).exists():
        write_records(ctx.run.dataset(stage, round_), manifest(lessons, block))
    training = ctx.config.training
    if not training.observe or ctx.run.observed(stage, round_).exists():
        return
    own = [lesson for lesson in lessons if (lesson.stage, lesson.round) == (stage, round_)]
    sample = sample_for_observation(own, training.observe, ctx.config.seed + 1000 * stage + round_)
    found = observe(ctx.student(), sample, start=start, batch_size=training.batch_size, max_length=training.max_length)
    write_records(ctx.run.observed(stage, round_), found)


def forget_dataset(ctx: RunContext, stage: int, round_: int) -> None:
    """Remove what was written down of a round that was not trained after all."""
    for path in (ctx.run.dataset(stage, round_), ctx.run.observed(stage, round_)):
        path.unlink(missing_ok=True)
