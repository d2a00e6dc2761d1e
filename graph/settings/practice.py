"""The section `practice` of the run file: problems that the student works by itself, between two trainings."""

from typing import Annotated

from pydantic import Field

from ioa.memory.records import Record


class PracticeSettings(Record):
    """How much the student practises after a stage's lessons.

    It is asked new problems whose answers are known; what it cannot do at once it may try again, sampled; and its
    training goes on with the lessons together with its own right solutions (as in expert iteration; STaR, Zelikman et
    al. 2022, begins anew instead). No teacher is asked. Only problems that it solves now and then teach it something,
    so these are taught, and of those that it solves at once a few.
    """

    rounds: Annotated[int, Field(ge=0, le=10)] | None = None
    """How often after each portion of a stage's first lessons. Null: once where `budget.lessons` or
    `budget.teacher_tokens` bounds what a teacher writes, and not at all where neither does: then further lessons are
    the better way."""
    problems: Annotated[int, Field(ge=1)] = 40
    """New problems a module, each time; none of those are among them that are asked in an examination."""
    attempts: Annotated[int, Field(ge=0, le=64)] = 4
    """Further, sampled attempts at a problem that is not solved at once."""
    temperature: Annotated[float, Field(gt=0, le=2)] = 0.8
    """Softmax temperature of these."""
    hopeless: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Share of a module's open problems that an attempt must solve, for there to be a further one."""
    known: Annotated[int, Field(ge=0)] = 4
    """Solutions found at once that are taught, beyond as many as were found later."""
    epochs: Annotated[int, Field(ge=1)] = 3
    """Passes over the lessons and its own solutions, in the training that follows."""
    rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Peak learning rate of that training, relative to `training.learning_rate`: it goes on from what was learnt."""

    def times(self, bounded: bool) -> int:
        """How often it practises, given whether lessons are bounded."""
        return self.rounds if self.rounds is not None else int(bounded)
