"""What the Pedagogical Adapter is asked for, request by request, and what comes back unchecked."""

from ioa.agents.exchange import Lesson, SourceProblem
from ioa.agents.settings.synthesis import SynthesisSettings
from ioa.memory.records import Domain, Example, Kind, Record, Refusal, Remedy, Stage, Strategy
from ioa.memory.transcript import CallContext

TRIAL = "intervention/"
"""Begins the name of a request for lessons that are taught to a throw-away student alone."""


class LessonRequest(Record):
    """One call's worth of lessons."""

    batch: str
    """`stage-SS/round-R/pass-P/`, the remedy's `place`, and a number."""
    module: str
    stage: int
    round: int
    kind: Kind
    level: str
    strategies: tuple[Strategy, ...]
    count: int
    seed: int
    misconception: str = ""
    """What the lessons are to put right, in words."""
    misconception_id: str = ""
    """Id of that finding."""
    seed_problem: str = ""
    """The problem that the lessons are variations of, of this request alone; empty where none is left."""
    sources: tuple[SourceProblem, ...] = ()
    """Of a counterfactual request: the problems that are to be changed."""

    def context(self, node: str, agent: str, task: str) -> CallContext:
        """Where in the run a call for it is made; lessons on trial belong to no stage."""
        trial = self.batch.startswith(TRIAL)
        return CallContext(
            node=node,
            agent=agent,
            task=task,
            stage=None if trial else self.stage,
            round=None if trial else self.round,
            module=self.module,
            batch=self.batch,
        )


class Draft(Record):
    """The lessons of one request, as written and unchecked."""

    request: LessonRequest
    lessons: tuple[Lesson, ...]
    teacher: str
    event: str
    error: str = ""
    """Why there are none."""
    dropped: tuple[str, ...] = ()
    """Why some of what was written is no lesson."""


class Checked(Record):
    """What verification left of one draft."""

    batch: str
    sound: tuple[Example, ...]
    refused: tuple[Refusal, ...]


def first_lessons(domain: Domain, stage: Stage, settings: SynthesisSettings) -> tuple[Remedy, ...]:
    """What is asked for when a stage is first taught: some lessons at the easiest level, most as examined.

    Args:
        domain: Where the modules' levels are described.
        stage: What is taught; a bridge has a level for each of its modules, at which it is examined too.
        settings: How many lessons, and of what kind.
    """
    per_module = stage.lessons or settings.per_module
    wanted = []
    for module in map(domain.module, stage.modules):
        easiest, examined = next(iter(module.levels)), stage.levels.get(module.id, module.exam_level)
        easy = round(settings.introductory_share * per_module) if easiest != examined else 0
        for level, count in ((easiest, easy), (examined, per_module - easy)):
            if count > 0:
                wanted.append(
                    Remedy(
                        module=module.id,
                        diagnosis="",
                        kind=Kind.BRIDGING if module.id in stage.levels else Kind.CHAIN_OF_THOUGHT,
                        level=level,
                        strategies=settings.strategies,
                        lessons=count,
                    )
                )
    return tuple(wanted)
