"""Two examinees' replies side by side before a judge, each pair in both orders."""

from collections.abc import Sequence
from typing import Protocol

from ioa.evaluation.benchmark_sitting import now
from ioa.evaluation.folder import EvaluationFolder, Outcome, Preference
from ioa.graph.listeners import Listener
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

    def compare(
        self,
        questions: Sequence[str],
        replies_a: Sequence[str],
        replies_b: Sequence[str],
        references: Sequence[str] | None = None,
    ) -> Sequence[Verdict]:
        """Whose reply to each question is better."""


def compare_replies(
    judge: Comparer,
    pairs: Sequence[tuple[Outcome, Outcome]],
    references: Sequence[str],
    folder: EvaluationFolder,
    listener: Listener,
) -> None:
    """Have a judge compare the replies to each item, and keep each verdict.

    Args:
        judge: Who compares.
        pairs: The lines of both examinees, of one item each.
        references: A right answer to each, empty where there is none.
        folder: Where the verdicts are kept.
        listener: Told how it goes.

    Raises:
        TeacherError: the judge does not answer; the verdicts before that are kept.
    """
    for start in range(0, len(pairs), PIECE):
        end = min(start + PIECE, len(pairs))
        folder.prefer(_compared(judge, pairs[start:end], references[start:end]))
        listener.progress("compared", end, len(pairs))


def _compared(judge: Comparer, pairs: Sequence[tuple[Outcome, Outcome]], references: Sequence[str]) -> list[Preference]:
    try:
        verdicts = judge.compare(
            [one.question for one, _ in pairs],
            [one.reply for one, _ in pairs],
            [other.reply for _, other in pairs],
            references,
        )
    except ScoringError as error:
        if len(pairs) == 1:
            return [Preference(item=pairs[0][0].item, error=str(error), time=now())]
        alone = zip(pairs, references, strict=True)
        return [told for pair, reference in alone for told in _compared(judge, [pair], [reference])]
    return [
        Preference(
            item=one.item,
            outcome=WORDS[verdict.winner],
            detail="\n".join(reason for reason in verdict.reasons if reason),
            time=now(),
        )
        for (one, _), verdict in zip(pairs, verdicts, strict=True)
    ]
