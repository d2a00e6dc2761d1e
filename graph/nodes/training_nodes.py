"""The training of a round: its lessons, and those of earlier rounds that are mixed in."""

from collections.abc import Collection, Sequence
from pathlib import Path

from ioa.graph.ahead import ahead_of
from ioa.graph.context import RunContext
from ioa.graph.round_lessons import (
    block_of,
    count_accepted,
    enough_new,
    lessons_wanted,
    teaching_of,
)
from ioa.graph.run_examinations import (
    best_of,
)
from ioa.graph.state import Node, RunState
from ioa.graph.training_budget import count_training, training_ended, training_left
from ioa.graph.training_sets import describe_dataset, forget_dataset
from ioa.memory import (
    Example,
    TrainingLog,
)
from ioa.memory.records import Teaching
from ioa.training import NoTokensLeftError, TrainingProgress, TrainingSettings, is_complete, mixture, train


def train_stage(ctx: RunContext) -> Node:
    """Fine-tune on the round's lessons, with some earlier ones mixed in, from where the last training ended.

    A portion is taught together with the earlier portions of its modules. A round with too few new lessons trains
    nothing: it would be on lessons that are known.
    """

    def node(state: RunState) -> RunState:
        stage, round_ = state["stage"], state["round"]
        ahead_of(ctx).begin(stage + 1, state["stages"])
        if not enough_new(ctx, stage, round_):
            ctx.message(_too_few(ctx, stage, round_))
            return {"trained": False}
        what = teaching_of(ctx, stage, round_)
        settings = _settings(ctx, what)
        block = block_of(ctx, stage, round_)
        lessons = _with_earlier(ctx, state, block, None if what.consolidation else settings.replay)
        start = ctx.run.root / state["adapter"] if state["adapter"] else None
        return train_on(ctx, state, lessons, block={lesson.id for lesson in block}, start=start, settings=settings)

    return node


def train_on(
    ctx: RunContext,
    state: RunState,
    lessons: Sequence[Example],
    *,
    block: Collection[str],
    start: Path | None,
    settings: TrainingSettings,
    share: float = 1.0,
) -> RunState:
    """Train the student on these lessons; the adapter is that of the state's stage and round.

    Where nothing is left of `budget.training_tokens` nothing is trained, and that is said.

    Args:
        ctx: The run.
        state: Where it stands.
        lessons: All that is trained on, in order.
        block: Ids of what this round teaches; the others are mixed in.
        start: The LoRA to go on from; none: the bare student.
        settings: How.
        share: Of what is left of `budget.training_tokens`, in (0, 1]: the rest is for later trainings.
    """
    stage, round_ = state["stage"], state["round"]
    out = ctx.run.adapter(stage, round_)
    left = training_left(ctx, out.name)
    if training_ended(ctx) and not is_complete(out):
        return _no_tokens_left(ctx, left)
    describe_dataset(ctx, lessons, block, stage, round_, start)
    try:
        log = train(
            ctx.student(),
            lessons,
            start=start,
            out=out,
            settings=settings,
            seed=ctx.config.seed + 1000 * stage + round_,
            seen={lesson.id for lesson in lessons if (lesson.stage, lesson.round) != (stage, round_)} if start else (),
            max_tokens=None if left is None else int(share * left),
            on_step=lambda progress: _show(ctx, state, len(lessons), progress),
        )
    except NoTokensLeftError:
        forget_dataset(ctx, stage, round_)
        count_training(ctx, out.name, None, all_left=share == 1)
        return _no_tokens_left(ctx, left)
    if left is not None:
        count_training(ctx, out.name, log, all_left=share == 1)
    ctx.listener.trained(stage, round_, log)
    ctx.message(f"Trained on {log.examples} lessons, {log.tokens:,} tokens in {log.seconds:.0f} s{_ending_text(log)}")
    return {"adapter": str(out.relative_to(ctx.run.root)), "trained": True}


def _no_tokens_left(ctx: RunContext, left: int | None) -> RunState:
    limit = ctx.config.budget.training_tokens
    ctx.message(f"Of {limit:,} training tokens {left:,} are left, too few for a training: nothing is trained.")
    return {"trained": False}


def _settings(ctx: RunContext, what: Teaching) -> TrainingSettings:
    """How a round is trained: remedies and practice gently, what comes before a consolidation at a rate that stays."""
    settings, practice = ctx.config.training, ctx.config.practice
    if what.consolidation:
        return settings.consolidating()
    if what.remediation:
        settings = settings.remedial()
    if what.practice:
        rate = settings.learning_rate * practice.rate
        settings = settings.model_copy(update={"learning_rate": rate, "epochs": practice.epochs})
    return settings.staged() if ctx.curriculum().consolidated else settings


def _too_few(ctx: RunContext, stage: int, round_: int) -> str:
    new = count_accepted(ctx, stage, round_).total()
    few = f"{new} new {'lesson' if new == 1 else 'lessons'}, fewer than training.least_new" if new else "No new lesson"
    what = teaching_of(ctx, stage, round_).words
    return f"{few} ({ctx.config.training.least_new}): nothing is trained in {what} of stage {stage}."


def _with_earlier(ctx: RunContext, state: RunState, block: Sequence[Example], replay: float | None) -> list[Example]:
    """The round's lessons with some of those that were taught before them, or with all."""
    stage, round_ = state["stage"], state["round"]
    known = {lesson.id for lesson in block}
    everything = ctx.store().examples()
    old = [one for one in everything if (one.stage, one.round) < (stage, round_) and one.id not in known]
    if replay is None:
        return [*block, *old]
    again = sum(lesson.round < round_ for lesson in block)
    practised = bool(teaching_of(ctx, stage, round_).practice)
    new = len(block) - again if practised else sum(one.lessons for one in lessons_wanted(ctx, stage, round_))
    asked, forgotten = again + new, _forgotten(ctx, state)
    if again and not practised:
        ctx.message(f"Taught again with them, as one block: {again} lessons of the earlier portions of their modules")
    if forgotten:
        ctx.message(f"Below the gate again, so more of their lessons are mixed in: {', '.join(forgotten)}")
    return mixture(
        block,
        old,
        count=round(replay * asked),
        seed=ctx.config.seed + 1000 * stage + round_,
        forgotten=forgotten,
        weight=ctx.config.training.forgotten_replay,
    )


def _forgotten(ctx: RunContext, state: RunState) -> list[str]:
    """What the student that is trained now had mastered, and does not master any more."""
    rounds = ctx.rounds()
    stage = state["stage"] if rounds.of(state["stage"]) else state["stage"] - 1
    if stage < 1:
        return []
    passed = {
        result.module
        for assessment in rounds.kept
        for result in assessment.gate
        if assessment.stage < stage and result.mastered and not result.level
    }
    return [r.module for r in best_of(rounds, stage).earlier if r.module in passed and not r.mastered]


def _ending_text(log: TrainingLog) -> str:
    cut = "; planned with fewer steps, since budget.training_tokens allows no more" if log.cut else ""
    if not log.held_out:
        return cut
    last = log.held_out[-1]
    ended = "; it ended since they stopped improving" if log.learnt else ""
    return f"; {last.right} of {last.of} held-out lessons are written word for word{ended}{cut}"


def _show(ctx: RunContext, state: RunState, lessons: int, progress: TrainingProgress) -> None:
    ctx.listener.training_step(state["stage"], state["round"], progress)
    facts = f"{lessons} lessons · loss {progress.loss:.3f} · {progress.examples_per_second:.1f} examples/s"
    ctx.listener.progress("training", progress.step, progress.steps, facts)
