"""The section `budget` of the run file: what a run may spend."""

from typing import Annotated

from pydantic import Field

from ioa.memory.records import Record


class BudgetSettings(Record):
    """Limits of a run; none of them unless it is given."""

    usd: Annotated[float | None, Field(gt=0)] = None
    """US dollars, by the price list."""
    tokens: Annotated[int | None, Field(gt=0)] = None
    """Tokens, prompts and replies together."""
    calls: Annotated[int | None, Field(gt=0)] = None
    """Calls that were answered or may be billed, the embedded teacher's too."""
    lessons: Annotated[int | None, Field(gt=0)] = None
    """Accepted lessons, all stages and rounds together: what is asked for is cut to what is left, evenly."""
    training_tokens: Annotated[int | None, Field(gt=0)] = None
    """Tokens that the student is trained on, prompts included, in all trainings together: each is planned to end within
    what is left, and where nothing is left none begins."""
    teacher_tokens: Annotated[int | None, Field(gt=0)] = None
    """Tokens of the teachers, prompts and replies together, for teaching: to diagnose, plan, write and verify. Answers
    from the ledger count, each once; examinations, judges and the making of a domain do not. What could go beyond is
    not asked for, and the run goes on with what it has."""
    wall: Annotated[float | None, Field(gt=0)] = None
    """Seconds of work, all sittings together, after which no call and no node begins."""

    @property
    def bounds_teaching(self) -> bool:
        """Whether one of the limits is set at which a run teaches no more, and goes on to its end."""
        return any(limit is not None for limit in (self.lessons, self.training_tokens, self.teacher_tokens))
