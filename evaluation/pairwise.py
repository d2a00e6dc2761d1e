"""Two examinees' replies side by side before a judge, each pair in both orders."""

from collections.abc import Sequence
from typing import Protocol

from ioa.evaluation.benchmark_sitting import now
from ioa.evaluation.folder import EvaluationFolder, Outcome, Preference
from ioa.graph.listeners import Listener
from ioa.memory.records import Attempt
from ioa.training.exams.scorers import ScoringError

PIECE = 16
"""Items after which the verdicts are written down."""
WORDS = {"a": "win", "b": "loss", "tie": "tie"}


class Verdict(Protocol):
    """What a judge says of a pair: see `ioa.agents.judge.Comparison`."""

    @property
    def winner(self) -> str:
        """`a`, `b` or `tie`."""

    @property
    def reasons(self) -> tuple[str, str]:
        """With a's reply first, and with b's first."""


class Comparer(Protocol):
    """A judge: see `ioa.agents.judge.Judge`."""

    def compare_attempts(self, pairs: Sequence[tuple[Attempt, Attempt]]) -> Sequence[Verdict]:
        """Whose reply of each pair is better."""


def compare_replies(
    judge: Comparer,
    pairs: Sequence[tuple[Outcome, Outcome]],
    attempts: Sequence[tuple[Attempt, Attempt]],
    folder: EvaluationFolder,
    listener: Listener,
) -> None:
    """Have a judge compare the replies to each item, and keep each verdict.

    Args:
        judge: Who compares.
        pairs: The lines of both examinees, of one turn of an item each.
        attempts: The same as scorers get them.
        folder: Where the verdicts are kept.
        listener: Told how it goes.

    Raises:
        TeacherError: the judge does not answer; the verdicts before that are kept.
    """
    for start in range(0, len(pairs), PIECE):
        end = min(start + PIECE, len(pairs))
        folder.prefer(_compared(judge, pairs[start:end], attempts[start:end]))
        listener.progress("compared", end, len(pairs))


def _compared(
    judge: Comparer, pairs: Sequence[tuple[Outcome, Outcome]], attempts: Sequence[tuple[Attempt, Attempt]]
) -> list[Preference]:
    try:
        verdicts = judge.compare_attempts(attempts)
    except ScoringError as error:
        if len(pairs) == 1:
            one, _ = pairs[0]
            return [Preference(item=one.item, turn=one.turn, error=str(error), time=now())]
        alone = zip(pairs, attempts, strict=True)
        return [told for pair, attempt in alone for told in _compared(judge, [pair], [attempt])]
    return [
        Preference(
            item=one.item,
            turn=one.turn,
            outcome=WORDS[verdict.winner],
            detail="\n".join(reason for reason in verdict.reasons if reason),
            time=now(),
        )
        for (one, _), verdict in zip(pairs, verdicts, strict=True)
    ]
