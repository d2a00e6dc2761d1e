"""What is learnt of the strategies while a run goes on."""

from typing import Annotated

from pydantic import Field

from ioa.memory.records.lessons import Strategy
from ioa.memory.records.record import Record, Unit


class StrategyUse(Record):
    """One strategy in the lessons of one module and round, and what became of the module."""

    strategy: Strategy
    module: str
    stage: int
    round: int
    lessons: Annotated[int, Field(ge=0)]
    """Accepted lessons of the module and round that are tagged with it; 0 where all that it was asked for in were
    refused."""
    before: float
    """P_S / P_T of the module in the examination before."""
    after: float
    """The same in the examination after."""
    share: Unit
    """What it answers for: each lesson counts equally, and in a lesson each of its strategies."""
    credit: float
    """Its share of the change, relative to the mean change of first teachings, or of remediation rounds."""


class StrategyEffect(Record):
    """What a strategy brought so far."""

    strategy: Strategy
    n: Annotated[int, Field(ge=0)]
    """Uses that were examined."""
    mean: float
    """Mean credit of a use, in units of P_S / P_T; 0 without a use."""
    low: float | None
    """Lower end of the 95 % interval of the mean; none without a use."""
    high: float | None
    """Upper end of it."""
    dropped: bool
    """The upper end lies below the mean of the others: it is not chosen while others are left."""
    preferred: bool
    """The lower end lies above the mean of the others."""


class StrategyRecord(Record):
    """`strategies.json`: the effects, and every use that they were computed from."""

    effects: tuple[StrategyEffect, ...]
    """One of each strategy."""
    uses: tuple[StrategyUse, ...]
