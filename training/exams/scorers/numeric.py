"""Numbers by their value, whatever their notation and unit."""

from fractions import Fraction
from functools import partial
from typing import Annotated

from pydantic import Field

from ioa.memory.answer_equality import compare_numbers
from ioa.memory.errors import UserError
from ioa.memory.number_reading import Unread, last_number, read_statement
from ioa.memory.options import read_options
from ioa.memory.records import Attempt, Record
from ioa.training.exams.answer_extraction import Judgement
from ioa.training.exams.scorers.final_answers import AnswerScorer
from ioa.training.exams.scorers.scorer import Scorer, ScorerContext
from ioa.training.exams.scorers.stated import stated


class NumericOptions(Record):
    """How far a number may be off: |given - reference| <= max(absolute, relative * |reference|)."""

    absolute: Annotated[float, Field(ge=0)] = 0.0
    """In the unit of the reference."""
    relative: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the reference."""


def open_numeric(context: ScorerContext) -> Scorer:
    """The final answer states one number, and that is the reference's."""
    return AnswerScorer(partial(_judge, read_options("scorers.numeric", context.options, NumericOptions)))


def _judge(options: NumericOptions, attempt: Attempt) -> Judgement:
    marked = stated(attempt.answer)
    expected = read_statement(attempt.answer if marked is None else marked)
    if isinstance(expected, Unread):
        raise UserError(
            f"Scorer numeric: item {attempt.question[:60]!r}: answer: expected one number, "
            f"or a solution that ends in `#### number`; got {attempt.answer[-60:]!r}. Choose another scorer for it."
        )
    found = stated(attempt.reply)
    given = last_number(attempt.reply) if found is None else read_statement(found)
    if isinstance(given, Unread):
        return Judgement("", False, given.why)
    slack = max(Fraction(options.absolute), Fraction(options.relative) * abs(expected.value))
    return Judgement.of(given.written, compare_numbers(given, expected, slack=slack))
