"""The first lessons of a stage, in portions: the next one is asked for only where a module is not mastered yet."""

from collections.abc import Iterable, Mapping

from ioa.agents.settings.synthesis import SynthesisSettings
from ioa.memory.records import Domain, Kind, Module, Remedy, Stage


def portion_count(stage: Stage, settings: SynthesisSettings) -> int:
    """Portions of a stage's first lessons at most; what is left is a portion of its own from half of one on."""
    size, bound = settings.portion, _bound(stage, settings)
    return max(1, (2 * bound + size) // (2 * size)) if size else 1


def first_lessons(
    domain: Domain, stage: Stage, settings: SynthesisSettings, given: Mapping[str, int] | None = None
) -> tuple[Remedy, ...]:
    """What is asked for when a stage is first taught: some lessons at the easiest level, most as examined.

    All portions together ask for what one would: each has its share of the easiest level.

    Args:
        domain: Where the modules' levels are described.
        stage: What is taught; a bridge has a level for each of its modules, at which it is examined too.
        settings: How many lessons, and of what kind.
        given: The modules that are to get their next portion, with the number of those that they had; none: the first
            one for all modules of the stage.
    """
    had = dict.fromkeys(stage.modules, 0) if given is None else given
    count, wanted = portion_count(stage, settings), []
    for module in (domain.module(name) for name in stage.modules if name in had):
        number = had[module.id] + 1
        if number > count:
            continue
        before, after = (_split(module, stage, settings, portions) for portions in (number - 1, number))
        for level, lessons in after.items():
            if lessons > before[level]:
                wanted.append(
                    Remedy(
                        module=module.id,
                        diagnosis="",
                        kind=Kind.BRIDGING if module.id in stage.levels else Kind.CHAIN_OF_THOUGHT,
                        level=level,
                        strategies=settings.strategies,
                        lessons=lessons - before[level],
                        portion=number,
                        portions=count,
                    )
                )
    return tuple(wanted)


def further_lessons(domain: Domain, modules: Iterable[str], settings: SynthesisSettings) -> tuple[Remedy, ...]:
    """What is asked for of modules that missed their gates, when all that was taught is consolidated.

    Args:
        domain: Where the modules' levels are described.
        modules: Those that missed it.
        settings: How many lessons, and of what kind.
    """
    return tuple(
        Remedy(
            module=module,
            diagnosis="",
            kind=Kind.CHAIN_OF_THOUGHT,
            level=domain.module(module).exam_level,
            strategies=settings.strategies,
            lessons=settings.per_consolidation,
            portion=1,
            portions=1,
        )
        for module in (modules if settings.per_consolidation else ())
    )


def _bound(stage: Stage, settings: SynthesisSettings) -> int:
    return stage.lessons or settings.per_module


def _split(module: Module, stage: Stage, settings: SynthesisSettings, portions: int) -> dict[str, int]:
    """Lessons by level in that many portions together."""
    bound = _bound(stage, settings)
    whole = bound if portions == portion_count(stage, settings) else portions * (settings.portion or bound)
    easiest, examined = next(iter(module.levels)), stage.levels.get(module.id, module.exam_level)
    easy = round(settings.introductory_share * whole) if easiest != examined else 0
    return {easiest: easy, examined: whole - easy}
