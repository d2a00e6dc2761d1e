"""Opening scorers by their names, each once."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any

from ioa.memory.errors import UserError
from ioa.memory.records import Attempt, Grade
from ioa.training.exams.scorers.scorer import Progress, Scorer, ScorerContext

GROUP = "ioa.scorers"
"""Entry-point group of scorers: each is a `ScorerFactory`."""


def scorer_names() -> list[str]:
    """The names of the installed scorers."""
    return sorted(entry.name for entry in entry_points(group=GROUP))


def open_scorer(name: str, context: ScorerContext | None = None) -> Scorer:
    """Open an installed scorer.

    Raises:
        UserError: there is none of that name, or it cannot work here.
    """
    for entry in entry_points(group=GROUP, name=name):
        scorer: Scorer = entry.load()(context or ScorerContext())
        return scorer
    raise UserError(f"There is no scorer {name!r}. Installed here: {', '.join(scorer_names())}.")


class Scorers:
    """The scorers of a run or an examination, opened when an item first needs them."""

    def __init__(
        self, options: Mapping[str, Mapping[str, Any]] | None = None, judge: Callable[[], Any] | None = None
    ) -> None:
        """None is open yet.

        Args:
            options: Settings by the scorer's name.
            judge: Opens the teacher that plays the judge, when a scorer needs it; none where nobody can.
        """
        self._options = options or {}
        self._judge = judge
        self._open: dict[str, Scorer] = {}

    def __getitem__(self, name: str) -> Scorer:
        if name not in self._open:
            self._open[name] = open_scorer(name, ScorerContext(self._options.get(name, {}), self._judge))
        return self._open[name]

    def grade(
        self, names: Sequence[str], attempts: Sequence[Attempt], on_progress: Progress | None = None
    ) -> list[Grade]:
        """Have each attempt graded by the scorer named in its place; empty names the one that goes with the item.

        Raises:
            ScoringError: an attempt could not be graded.
            UserError: there is no such scorer, or an item lacks what it needs.
        """
        by_scorer: dict[str, list[int]] = {}
        for place, (name, attempt) in enumerate(zip(names, attempts, strict=True)):
            by_scorer.setdefault(name or default_scorer(attempt.family), []).append(place)
        grades: dict[int, Grade] = {}
        for name, places in by_scorer.items():
            own = self[name].grade([attempts[place] for place in places])
            grades |= dict(zip(places, own, strict=True))
            if on_progress is not None:
                on_progress(len(grades), len(attempts))
        return [grades[place] for place in range(len(attempts))]

    def close(self) -> None:
        """Close those that are open."""
        for scorer in self._open.values():
            scorer.close()
        self._open.clear()


def default_scorer(family: str) -> str:
    """The scorer of an item that names none: its family's verifier, or comparison with the reference."""
    return "reasoning-gym" if family else "match"
