"""The section `mastery` of a run file."""

from typing import Annotated, Literal

from pydantic import Field

from ioa.memory.records import Record


class MasterySettings(Record):
    """When a stage is mastered, and what happens when it is not."""

    tau_mastery: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Eq. 9: least P_S / P_T that every module of a stage must reach."""
    rounds: Annotated[int, Field(ge=0)] = 5
    """R_max: remediation rounds before a stage is given up. The portions of its first lessons do not count."""
    watch: Literal["all", "taught"] = "all"
    """What is examined again after each round, against forgetting: what was taught before, or all that was mastered,
    also before anything was taught."""
    stall_rounds: Annotated[int, Field(ge=0)] = 2
    """Remediation rounds in a row without gain after which the rest of R_max is not tried; 0: all are tried."""
    stall_gain: Annotated[float, Field(ge=0, le=1)] = 0.02
    """Rise of the stage's mean P_S / P_T that counts as a gain."""
    on_failure: Literal["continue", "skip", "stop"] = "continue"
    """What a stage ends with that was not mastered: `continue` with the next one, `skip` the later modules that need
    what was not mastered, or `stop` the run and examine what was learnt."""
