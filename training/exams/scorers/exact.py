"""Equality of texts."""

import re
import unicodedata
from functools import partial

from ioa.memory.options import read_options
from ioa.memory.records import Attempt, Record
from ioa.training.exams.scorers.final_answers import AnswerScorer
from ioa.training.exams.scorers.scorer import Scorer, ScorerContext
from ioa.training.exams.scorers.stated import last_lines, stated


class ExactOptions(Record):
    """Differences that do not count."""

    ignore_case: bool = False
    """Whether upper and lower case are the same."""
    ignore_spacing: bool = False
    """Whether any run of white space is one space."""
    ignore_punctuation: bool = False
    """Whether punctuation is left out of both texts."""


def open_exact(context: ScorerContext) -> Scorer:
    """The final answer is the reference, character by character."""
    return AnswerScorer(partial(_judge, read_options("scorers.exact", context.options, ExactOptions)))


def _judge(options: ExactOptions, attempt: Attempt) -> tuple[str, bool]:
    lines = max(1, len([line for line in attempt.answer.splitlines() if line.strip()]))
    found = stated(attempt.reply, lines)
    extracted = last_lines(attempt.reply, lines) if found is None else found
    given, expected = _normal(extracted, options), _normal(attempt.answer, options)
    return extracted, bool(extracted) and given == expected


def _normal(text: str, options: ExactOptions) -> str:
    text = unicodedata.normalize("NFC", "\n".join(line for line in text.splitlines() if line.strip()).strip())
    if options.ignore_case:
        text = text.casefold()
    if options.ignore_punctuation:
        text = "".join(sign for sign in text if not unicodedata.category(sign).startswith("P"))
    if options.ignore_spacing or options.ignore_punctuation:
        text = re.sub(r"\s+", " ", text).strip()
    return text
