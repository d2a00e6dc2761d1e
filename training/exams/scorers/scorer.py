"""The port of all scorers: what says whether a reply is right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ioa.memory.errors import ScoringError
from ioa.memory.records import Attempt, Grade

__all__ = ["Progress", "Scorer", "ScorerContext", "ScorerFactory", "ScoringError"]

Progress = Callable[[int, int], None]
"""Told how many replies are graded, and how many there are."""


class Scorer(Protocol):
    """Grades replies to items."""

    def grade(self, attempts: Sequence[Attempt], on_progress: Progress | None = None) -> list[Grade]:
        """A grade for each attempt, in their order; the same attempt has the same grade, whatever stands beside it.

        An empty reply, or one without an answer in it, is wrong.

        Raises:
            ScoringError: an attempt could not be graded.
            UserError: an item lacks what this scorer needs.
        """

    def close(self) -> None:
        """Let go of processes and files; may be called twice."""


@dataclass(frozen=True)
class ScorerContext:
    """What a scorer is opened with."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Settings of this scorer, from the config."""
    judge: Callable[[], Any] | None = None
    """Opens the teacher that plays the judge, an `ioa.agents.Teacher`; none where nobody can."""


ScorerFactory = Callable[[ScorerContext], Scorer]
"""What an entry point of the group `ioa.scorers` has to be."""
