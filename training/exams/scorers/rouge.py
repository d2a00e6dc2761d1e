"""Overlap with a reference text: ROUGE-L (Lin 2004), by the package `rouge-score`."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from ioa.memory.errors import UserError
from ioa.memory.options import read_options
from ioa.memory.records import Attempt, Grade, Record
from ioa.training.exams.scorers.scorer import Progress, Scorer, ScorerContext

MOST_CHARACTERS = 20_000
"""What a longer reply or reference has beyond that is not compared: the time grows with the product of the two."""


class RougeOptions(Record):
    """How texts are compared, and from where on a reply counts as right."""

    use_stemmer: bool = False
    """Whether English words are compared by their stem (Porter)."""
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Least F-measure of a reply that counts as right where only right and wrong count."""


class RougeScorer:
    """The F-measure of the longest common subsequence of words, F = 2 P R / (P + R), of the whole reply."""

    whole_reply = True

    def __init__(self, options: RougeOptions) -> None:
        self._options = options
        self._rouge: Any = None

    def grade(self, attempts: Sequence[Attempt], on_progress: Progress | None = None) -> list[Grade]:
        """See `Scorer`."""
        grades = []
        for done, attempt in enumerate(attempts, start=1):
            grades.append(self._grade(attempt))
            if on_progress is not None:
                on_progress(done, len(attempts))
        return grades

    def close(self) -> None:
        """Nothing is open."""

    def _grade(self, attempt: Attempt) -> Grade:
        if self._rouge is None:
            from rouge_score.rouge_scorer import RougeScorer as Rouge

            self._rouge = Rouge(["rougeL"], use_stemmer=self._options.use_stemmer)
        reference, reply = attempt.answer.strip(), attempt.reply.strip()
        if not _has_words(reference):
            raise UserError(
                f"Scorer rouge-l: item {attempt.question[:60]!r}: answer: expected a reference text in Latin script, "
                f"got {reference[:60]!r}. Items without one need the scorer judge."
            )
        if not _has_words(reply):
            return Grade(score=0.0, correct=False, detail="the reply has no words in Latin script", unread=True)
        found = self._rouge.score(reference[:MOST_CHARACTERS], reply[:MOST_CHARACTERS])["rougeL"].fmeasure
        score = min(1.0, max(0.0, float(found)))
        return Grade(score=score, correct=score >= self._options.threshold)


def _has_words(text: str) -> bool:
    """Whether there is anything that `rouge-score` takes for a word: a run of a-z and 0-9."""
    return any(sign.isascii() and sign.isalnum() for sign in text)


def open_rouge(context: ScorerContext) -> Scorer:
    """The reply has much of the reference's wording, in its order."""
    return RougeScorer(read_options("scorers.rouge-l", context.options, RougeOptions))
