"""The second reading of wrong answers: which of some misconceptions does each of them show?"""

from typing import Annotated

from ioa.agents.exchange.briefs import Brief, ModuleBrief, Reply, Short, leave_out_unreadable
from ioa.agents.exchange.diagnosis_briefs import FailedItem
from ioa.memory.records import Record

NONE = "none"
"""What is said of an item that shows none of them."""


class Claimed(Record):
    """A misconception as the second reader is told of it: its text alone."""

    label: str
    text: str


class Assignment(Reply):
    """What one wrong answer shows."""

    probe: str
    misconception: Short
    """A candidate's label, or `none`."""


class AssignReply(Reply):
    """Answer to `AssignBrief`."""

    assignments: Annotated[tuple[Assignment, ...], leave_out_unreadable(Assignment)]


class AssignBrief(Brief):
    """Diagnoser: which of these misconceptions does each wrong answer show?"""

    task = "assign"
    reply = AssignReply
    module: ModuleBrief
    misconceptions: tuple[Claimed, ...]
    """In an order that says nothing of how common they were found to be."""
    items: tuple[FailedItem, ...]
