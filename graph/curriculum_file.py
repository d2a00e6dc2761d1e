"""The curriculum as a file that a person reads, edits or writes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from ioa.agents import teaching_stages
from ioa.memory import Curriculum, Diagnosis, Domain, Module, Stage
from ioa.memory.errors import UserError
from ioa.memory.yaml_source import validate
from ioa.memory.yaml_values import dump

_HEAD = """\
# The curriculum: stages in the order in which they are taught. Edit it before it is taught, or copy it and give it to
# another run: ioa run CONFIG --curriculum FILE.
#
# modules        may be moved between stages, added and taken out; any module of the domain may be taught, once a cycle
# levels         of a bridge: `module: level`, an easier level at which the module is taught and examined before its
#                own stage; {} for a stage that is none
# lessons        accepted lessons a module when the stage is first taught; null for synthesis.per_module
# consolidation  of the last stage, which the run appends by itself: all that was taught is trained on together
# prerequisites  `earlier` must be in an earlier stage than `later`; take a pair out to teach against it
#
# number and difficulty are counted and measured again; title, rationale, warnings and revisions are for
# people.
"""


def read_curriculum(path: Path, domain: Domain | None) -> Curriculum:
    """Read a curriculum, perhaps edited by hand, and number its stages.

    Args:
        path: The file.
        domain: What it teaches; none where its modules are not known yet.

    Raises:
        UserError: it cannot be read, names a module that the domain does not have or names one twice, or its order
            breaks one of its prerequisites.
    """
    curriculum = validate(path, Curriculum)
    faults = _faults(curriculum, domain)
    if faults:
        raise UserError(f"{path}: " + "; ".join(faults) + ". Mend the file.")
    stages = tuple(
        stage.model_copy(update={"number": number, "title": stage.title or ", ".join(stage.modules)})
        for number, stage in enumerate(curriculum.stages, start=1)
    )
    return curriculum.model_copy(update={"stages": stages})


def _faults(curriculum: Curriculum, domain: Domain | None) -> list[str]:
    known = {module.id: module for module in domain.modules} if domain else {}
    own = [(stage, number) for number, stage in enumerate(teaching_stages(curriculum), start=1)]
    everything = {module for stage, _ in own for module in stage.modules}
    unknown = everything - set(known) if domain else set()
    bounds = [0, *(cycle.after for cycle in curriculum.cycles), len(own)]
    cycles = [[(stage, number) for stage, number in own if a < number <= b] for a, b in pairwise(bounds)]
    return [
        *(f"{module} is not a module of the domain" for module in sorted(unknown)),
        *(fault for cycle in cycles for fault in _cycle_faults(curriculum, cycle, known)),
    ]


def _cycle_faults(
    curriculum: Curriculum, own: Sequence[tuple[Stage, int]], known: Mapping[str, Module]
) -> Iterator[str]:
    """What is wrong with the stages of one cycle; a further one may teach a module again."""
    placed = [module for stage, _ in own for module in stage.modules if module not in stage.levels]
    at = {module: number for stage, number in own for module in stage.modules if module not in stage.levels}
    twice = sorted({module for module in placed if placed.count(module) > 1})
    yield from (f"{module} stands in more than one stage" for module in twice)
    yield from (
        f"{pair.later} (stage {at[pair.later]}) needs {pair.earlier} (stage {at[pair.earlier]}): move one of them, "
        "or take the pair out of `prerequisites`"
        for pair in curriculum.prerequisites
        if pair.earlier in at and pair.later in at and at[pair.earlier] >= at[pair.later]
    )
    for stage, number in own:
        for module, level in stage.levels.items():
            yield from _bridge_faults(known.get(module), module, level, stage, number, at)


def _bridge_faults(
    known: Module | None, module: str, level: str, stage: Stage, number: int, at: Mapping[str, int]
) -> list[str]:
    if module not in stage.modules:
        return [f"stage {number} has a level for {module}, which it does not teach"]
    if known is None:
        return []  # said already, or not known yet
    easier = list(known.levels)[: list(known.levels).index(known.exam_level)]
    if level not in easier:
        return [
            f"stage {number}: {level!r} is not an easier level of {module} (those are: {', '.join(easier) or 'none'})"
        ]
    if at.get(module, number + 1) <= number:
        return [f"stage {number} is a bridge to {module}, which stage {at[module]} has taught by then"]
    return []


def with_measured_difficulty(curriculum: Curriculum, diagnosis: Diagnosis) -> Curriculum:
    """The curriculum with the difficulty of its stages as the diagnosis measured it; that of bridges stays."""
    gaps = {gap.module: max(0.0, gap.delta or 0.0) for gap in diagnosis.gaps}
    stages = tuple(
        stage.model_copy(
            update={"difficulty": min(1.0, sum(gaps.get(module, 0.0) for module in stage.modules) / len(stage.modules))}
        )
        if not stage.levels
        else stage
        for stage in curriculum.stages
    )
    return curriculum.model_copy(update={"stages": stages})


def curriculum_yaml(curriculum: Curriculum) -> str:
    """The curriculum as a file that a person can read and edit."""
    return _HEAD + dump(curriculum.model_dump(mode="json"), width=100)
