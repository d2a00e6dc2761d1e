"""Equality of texts."""

import re
import unicodedata
from functools import partial

from ioa.memory.options import read_options
from ioa.memory.records import Attempt, Record
from ioa.training.exams.answer_extraction import AMONG_OTHERS, NO_ANSWER, Judgement
from ioa.training.exams.scorers.final_answers import AnswerScorer
from ioa.training.exams.scorers.scorer import Scorer, ScorerContext
from ioa.training.exams.scorers.stated import last_lines, stated

_WRAPPED = re.compile(
    r"(?P<mark>\*\*|__|`|\*|\$\$?)(?P<text>(?:(?!(?P=mark)).)+)(?P=mark)|\\text\{(?P<latex>[^{}]*)\}", re.DOTALL
)


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


def _judge(options: ExactOptions, attempt: Attempt) -> Judgement:
    lines = max(1, len([line for line in attempt.answer.splitlines() if line.strip()]))
    found = stated(attempt.reply, lines)
    extracted = last_lines(attempt.reply, lines) if found is None else found
    if not extracted:
        return Judgement("", False, NO_ANSWER)
    expected = _normal(attempt.answer, options)
    correct = expected in (_normal(extracted, options), _normal(_unwrapped(extracted), options))
    # Without a mark the last lines are a guess at where the answer stands.
    doubt = AMONG_OTHERS if not correct and found is None and expected in _normal(attempt.reply, options) else ""
    return Judgement(extracted, correct, doubt)


def _unwrapped(text: str) -> str:
    """Without the emphasis, the code marks or the formula's marks that enclose the whole of it."""
    found = _WRAPPED.fullmatch(text.strip())
    return (found.group("text") or found.group("latex") or "") if found else text


def _normal(text: str, options: ExactOptions) -> str:
    text = unicodedata.normalize("NFC", "\n".join(line for line in text.splitlines() if line.strip()).strip())
    if options.ignore_case:
        text = text.casefold()
    if options.ignore_punctuation:
        text = "".join(sign for sign in text if not unicodedata.category(sign).startswith("P"))
    if options.ignore_spacing or options.ignore_punctuation:
        text = re.sub(r"\s+", " ", text).strip()
    return text
