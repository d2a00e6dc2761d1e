"""The last stage of a curriculum: all that was taught is trained on once more, together.

Stage after stage, each training displaces what the one before it taught; lessons of all stages in one training do not
displace each other. So the stages decide what is taught when, and the weights are settled once, at the end.
"""

from ioa.memory.records import Curriculum, Stage


def with_consolidation(curriculum: Curriculum, *, wanted: bool) -> Curriculum:
    """The curriculum with the one consolidation that its stages ask for, or without any.

    Args:
        curriculum: The plan, perhaps with a consolidation of stages that have changed since.
        wanted: Whether there is to be one; a plan of a single stage has nothing to consolidate.
    """
    stages = teaching_stages(curriculum)
    if wanted and len(stages) > 1:
        stages = (*stages, _consolidation(stages))
    return curriculum.model_copy(update={"stages": stages})


def teaching_stages(curriculum: Curriculum) -> tuple[Stage, ...]:
    """The stages that teach something new."""
    return tuple(stage for stage in curriculum.stages if not stage.consolidation)


def _consolidation(stages: tuple[Stage, ...]) -> Stage:
    own = {module: stage.difficulty for stage in stages for module in stage.modules if module not in stage.levels}
    return Stage(
        number=len(stages) + 1,
        title="Consolidation",
        modules=tuple(own),
        difficulty=sum(own.values()) / len(own),
        rationale="What was taught one stage after the other is settled together.",
        consolidation=True,
    )
