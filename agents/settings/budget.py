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
    wall: Annotated[float | None, Field(gt=0)] = None
    """Seconds of work, all sittings together, after which no call and no node begins."""
