"""What a round of a stage asks for, a portion of its first lessons or remedies, and whether it brought anything."""

from collections import Counter
from collections.abc import Collection

from ioa.agents import add_misconceptions, first_lessons, further_lessons, portion_count
from ioa.graph.context import RunContext
from ioa.graph.cycles import last_diagnosis
from ioa.graph.lesson_budget import within_budget
from ioa.graph.strategy_history import with_strategies
from ioa.memory import Remedy, Stage
from ioa.memory.files import read_records, write_records
from ioa.memory.records import Example, Teaching
from ioa.memory.rounds import teachings


def lessons_wanted(ctx: RunContext, stage: int, round_: int) -> tuple[Remedy, ...]:
    """What has to be written in this round: a portion of the stage's first lessons, or what the Planner decided."""
    path = ctx.run.remedies(stage, round_)
    wanted = read_records(path, Remedy) if round_ or path.exists() else _first(ctx, stage)
    return with_strategies(ctx, stage, round_, wanted)


def record_first_portion(ctx: RunContext, stage: int) -> None:
    """Write down what the stage's first round asks for, as that of the later ones is; once."""
    if not ctx.run.remedies(stage, 0).exists():
        write_records(ctx.run.remedies(stage, 0), _first(ctx, stage))


def _first(ctx: RunContext, stage: int) -> tuple[Remedy, ...]:
    """What a stage asks for when it begins; a consolidation asks for what missed its gate."""
    taught, settings = _stage(ctx, stage), ctx.config.synthesis
    if not taught.consolidation:
        return _told(ctx, stage, within_budget(ctx, first_lessons(ctx.domain(), taught, settings)))
    kept = {result.module: result for one in ctx.rounds().kept for result in one.gate if not result.level}
    missed = [module for module in taught.modules if module in kept and not kept[module].mastered]
    return _told(ctx, stage, within_budget(ctx, further_lessons(ctx.domain(), missed, settings)))


def next_portion(ctx: RunContext, stage: int, modules: Collection[str]) -> tuple[Remedy, ...]:
    """The next portions of those of the modules that have one left; none where all of them had theirs.

    A module whose last portion brought fewer new lessons than `training.least_new` has no further one: its problems
    are used up, or its teacher cannot write them.
    """
    given = dict.fromkeys(modules, 0)
    for (_, round_), wishes in _asked(ctx, stage).items():
        new = Counter(example.module for example in _own(ctx, stage, round_))
        for wish in wishes:
            if wish.module in given and wish.portion:
                dry = new[wish.module] < max(1, ctx.config.training.least_new)
                given[wish.module] = wish.portions if dry else wish.portion
    # Of a run from before there were portions: all of its first lessons were asked for at once.
    left = {module: count for module, count in given.items() if count}
    wanted = first_lessons(ctx.domain(), _stage(ctx, stage), ctx.config.synthesis, left)
    return _told(ctx, stage, within_budget(ctx, wanted))


def teaching_of(ctx: RunContext, stage: int, round_: int) -> Teaching:
    """What that round teaches."""
    if not round_ and _stage(ctx, stage).consolidation:
        return Teaching(consolidation=True)
    known = teachings(_asked(ctx, stage))
    if not round_ and (stage, 0) not in known:
        return Teaching(portion=1, portions=portion_count(_stage(ctx, stage), ctx.config.synthesis))
    return known.get((stage, round_), Teaching(remediation=round_))


def later_modules(ctx: RunContext, stage: int) -> tuple[str, ...]:
    """The modules that only later stages teach, in the curriculum's order."""
    stages = ctx.curriculum().stages
    reached = {module for earlier in stages[:stage] for module in earlier.modules}
    return tuple(dict.fromkeys(m for after in stages[stage:] for m in after.modules if m not in reached))


def count_accepted(ctx: RunContext, stage: int, round_: int) -> Counter[tuple[str, ...]]:
    """Number of lessons accepted in this round, by their aim: what a remedy asked for."""
    return Counter(example.aim for example in _own(ctx, stage, round_))


def enough_new(ctx: RunContext, stage: int, round_: int) -> bool:
    """Whether the round has as many new lessons as a training needs; a consolidation needs none."""
    if teaching_of(ctx, stage, round_).consolidation:
        return True
    return len(_own(ctx, stage, round_)) >= max(1, ctx.config.training.least_new)


def share_of_round(ctx: RunContext, stage: int, round_: int) -> float:
    """The share of what is left of `budget.teacher_tokens` that a round may use.

    All of it, but where a method shares its lessons out over a number of iterations: there it shares the tokens, too.
    """
    if ctx.config.synthesis.portion is not None:
        return 1.0  # further portions are taught where they are needed, and nobody knows how many that will be
    wishes = _asked(ctx, stage).get((stage, round_), ())
    return 1 / max((1 + wish.portions - wish.portion for wish in wishes if wish.portion), default=1)


def block_of(ctx: RunContext, stage: int, round_: int) -> list[Example]:
    """The lessons that a round teaches: its own, and of a portion the earlier portions of its modules before them.

    They are one block: taught alone, a later portion would displace the first. After practice it is all of the stage's.
    """
    own, what = _own(ctx, stage, round_), teaching_of(ctx, stage, round_)
    if what.practice:  # all that the stage has
        return [lesson for at in range(round_ + 1) for lesson in _own(ctx, stage, at)]
    if not what.portion:
        return own
    modules = {wish.module for wish in _asked(ctx, stage).get((stage, round_), ())}
    return [lesson for at in range(round_) for lesson in _own(ctx, stage, at) if lesson.module in modules] + own


def _told(ctx: RunContext, stage: int, wanted: Collection[Remedy]) -> tuple[Remedy, ...]:
    return add_misconceptions(wanted, last_diagnosis(ctx, stage).misconceptions)


def _stage(ctx: RunContext, stage: int) -> Stage:
    return ctx.curriculum().stages[stage - 1]


def _own(ctx: RunContext, stage: int, round_: int) -> list[Example]:
    return [example for example in ctx.store().examples(stage) if example.round == round_]


def _asked(ctx: RunContext, stage: int) -> dict[tuple[int, int], tuple[Remedy, ...]]:
    """The wishes of the rounds of a stage, as far as they are written down."""
    paths = ctx.run.rounds_with(ctx.run.remedies).items()
    return {at: tuple(read_records(path, Remedy)) for at, path in paths if at[0] == stage}
