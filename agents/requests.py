"""What the Pedagogical Adapter is asked for, request by request, and what comes back unchecked."""

from ioa.agents.exchange import Lesson, SourceProblem
from ioa.memory.records import Example, Kind, Record, Refusal, Strategy
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
    mastered: tuple[str, ...] = ()
    """Of a bridging request: what the student can do already, in words."""
    template: tuple[str, ...] = ()
    """The form of the module's solutions, line by line; empty where none was made."""
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
