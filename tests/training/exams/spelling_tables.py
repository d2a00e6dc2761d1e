"""Tables of how answers are written: references, replies, and whether these are right, wrong or not readable."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ioa.memory.records import Grade

FOLDER = Path(__file__).with_name("spellings")
OUTCOMES = {"+": "right", "-": "wrong", "?": "unread"}
_SIGNS = {"⏎": "\n", "␍": "\r", "⇥": "\t", "⎵": "\u202f"}


class Row(NamedTuple):
    """A line of a table."""

    reference: str
    reply: str
    outcome: str


def read_table(name: str) -> list[Row]:
    """The rows of a file: `# remark`, `= reference`, and below it a sign and a reply on each line."""
    rows, reference = [], ""
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        sign, text = line[:1], line[2:]
        for shown, meant in _SIGNS.items():
            text = text.replace(shown, meant)
        if sign == "=":
            reference = text
        elif sign in OUTCOMES:
            rows.append(Row(reference, text, OUTCOMES[sign]))
    return rows


def parameters(*names: str) -> list[Any]:
    """A parameter set for each row of the tables, named after it."""
    return [
        pytest.param(row, id=f"{row.outcome}: {row.reference[:20]!r} {row.reply[-40:]!r}")
        for name in names
        for row in read_table(name)
    ]


def outcome_of(grade: Grade) -> str:
    """What a grade says, after checking that its fields agree."""
    assert not (grade.correct and grade.unread)
    assert grade.detail or not grade.unread, "unread without a word on why"
    assert not grade.unread or grade.score == 0
    return "right" if grade.correct else "unread" if grade.unread else "wrong"
