"""The judge's questions: how good a reply is, and which of two is better."""

import hashlib
from operator import not_
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ioa.agents.exchange.briefs import Brief, Reply
from ioa.memory.records import Record

LOWEST, HIGHEST = 1, 10
"""Bounds of a grade."""


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("expected a whole number")
    return value


class GradeReply(Reply):
    """Answer to `GradeBrief`; the reason comes first, so that the grade follows from it."""

    reason: str
    grade: Annotated[int, BeforeValidator(_number), Field(ge=LOWEST, le=HIGHEST)]


class CompareReply(Reply):
    """Answer to `CompareBrief`; the reason comes first, so that the verdict follows from it."""

    reason: str
    better: Literal["first", "second", "tie"]


def mark_of(*texts: str) -> str:
    """The mark for texts under judgement: it depends on them, so that who wrote one cannot have written the mark."""
    whole = "\x00".join(texts)
    # 16 digits: nobody can write a reply that holds the hash of itself, and a shorter mark costs fewer tokens.
    return hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()[:16]


def put_between_marks(mark: str, text: str) -> str:
    """The text between two lines with the mark."""
    return f"<<<{mark}\n{text}\n{mark}>>>"


class EarlierTurn(Record):
    """A question before the one that is judged, and what was replied to it."""

    question: str
    reference: Annotated[str, Field(exclude_if=not_)] = ""
    """A right answer; empty: there is none."""
    answer: str
    """Between two marks."""


class EarlierPair(Record):
    """The same with two replies."""

    question: str
    reference: Annotated[str, Field(exclude_if=not_)] = ""
    """A right answer; empty: there is none."""
    first: str
    second: str


class GradeBrief(Brief):
    """Judge: how good is this reply?"""

    task = "grade"
    reply = GradeReply
    mark: str
    """Begins and ends what is judged; see `mark_of`."""
    earlier: Annotated[tuple[EarlierTurn, ...], Field(exclude_if=not_)] = ()
    """The conversation before the question."""
    question: str
    reference: Annotated[str, Field(exclude_if=not_)] = ""
    """A right answer; empty: there is none."""
    answer: str
    """The reply under judgement, between two marks."""


class CompareBrief(Brief):
    """Judge: which of two replies is better?"""

    task = "compare"
    reply = CompareReply
    mark: str
    """As in `GradeBrief`."""
    earlier: Annotated[tuple[EarlierPair, ...], Field(exclude_if=not_)] = ()
    """The two conversations before the question."""
    question: str
    reference: Annotated[str, Field(exclude_if=not_)] = ""
    """As in `GradeBrief`."""
    first: str
    second: str
