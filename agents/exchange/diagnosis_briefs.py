"""The Diagnoser's questions."""

from operator import not_
from typing import Annotated

from pydantic import BeforeValidator, Field

from ioa.agents.exchange.briefs import (
    Brief,
    Line,
    ModuleBrief,
    Reply,
    Short,
    leave_out_unreadable,
    read_optional_text,
)
from ioa.memory.records import Record, Unit


class Prerequisite(Reply):
    """One claim: `requires` must be mastered before `module`."""

    module: str
    requires: str
    strength: Unit
    """How much of `module` is out of reach without `requires`."""
    why: str


class PrerequisitesReply(Reply):
    """Answer to `PrerequisitesBrief`."""

    prerequisites: Annotated[tuple[Prerequisite, ...], leave_out_unreadable(Prerequisite)]


class PrerequisitesBrief(Brief):
    """Diagnoser: which modules build on which?"""

    task = "prerequisites"
    reply = PrerequisitesReply
    domain: str
    modules: tuple[ModuleBrief, ...]


class FailedItem(Record):
    """A probe that the student got wrong."""

    probe: str
    question: str
    expected: str
    reply: str


class ModuleFailures(Record):
    """The wrong answers in one module."""

    module: ModuleBrief
    right: int
    asked: int
    failed: tuple[FailedItem, ...]
    known: tuple[str, ...] = ()
    """Misconceptions that were found in others of the module's wrong answers; one that shows here too is named in
    the same words."""


class Finding(Reply):
    """Why items of a module failed."""

    module: str
    misconception: str
    """One sentence about the student; a module may have several findings."""
    probes: tuple[str, ...] = ()
    """The failed items that show it."""
    invented_example: Annotated[Line, BeforeValidator(read_optional_text), Field(exclude_if=not_)] = ""
    """A problem made up for it and the wrong result that comes of it: what writers of lessons may see."""


class AnalyseReply(Reply):
    """Answer to `AnalyseBrief`."""

    findings: Annotated[tuple[Finding, ...], leave_out_unreadable(Finding)]
    note: str
    """One or two sentences to the Curriculum Planner."""


class AnalyseBrief(Brief):
    """Diagnoser: why did these items fail?"""

    task = "analyse"
    reply = AnalyseReply
    modules: tuple[ModuleFailures, ...]
    stage: int | None = None
    """The stage that was just taught; none before the first."""
    most: int = 1
    """Most findings a module."""


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
