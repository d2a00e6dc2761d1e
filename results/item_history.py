"""What was answered to each examination item, by whom and when."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ioa.memory.errors import UserError
from ioa.memory.files import read_records
from ioa.memory.records import ItemResult, Probe
from ioa.memory.run_dir import RunDirectory

Change = Literal["gained", "lost", "both right", "both wrong", "asked once", "not asked"]
CHANGES: tuple[Change, ...] = ("gained", "lost", "both right", "both wrong", "asked once", "not asked")

_ROUND = re.compile(r"stage-(\d+)-round-(\d+)")
_REVISION = re.compile(r"revision-(\d+)")
_CYCLE = re.compile(r"diagnosis-after-(\d+)")
_ENDS = {"diagnosis-student": (0, 0), "final-before": (0, 1), "final-after": (10**6, 0)}
"""Where in a run the examinations stand that have no stage."""


@dataclass(frozen=True)
class Answered:
    """One reply of an examinee."""

    label: str
    """Of the examination, as its file is named."""
    title: str
    """The same in words."""
    result: ItemResult


@dataclass(frozen=True)
class Item:
    """An examination item with all that was answered to it."""

    probe: Probe
    student: tuple[Answered, ...]
    """The student's replies in the order of the run."""
    teacher: tuple[Answered, ...]

    @property
    def id(self) -> str:
        """Of the item."""
        return self.probe.id

    @property
    def values(self) -> Mapping[str, Collection[str]]:
        """What it is filtered by."""
        return {"module": [self.probe.module], "split": [self.probe.split.value], "change": [self.change]}

    @cached_property
    def text(self) -> str:
        """All text of it in lower case."""
        results = [one.result for one in (*self.student, *self.teacher)]
        replies = [part for one in results for part in (one.reply, "not read: " * bool(one.unread) + one.detail)]
        return "\n".join([self.id, self.probe.question, self.probe.answer, *replies]).lower()

    @property
    def before(self) -> Answered | None:
        """The student's first reply."""
        return self.student[0] if self.student else None

    @property
    def after(self) -> Answered | None:
        """Its last, where it was asked more than once."""
        return self.student[-1] if len(self.student) > 1 else None

    @property
    def change(self) -> Change:
        """What became of the student's answer from its first to its last."""
        if self.before is None:
            return "not asked"
        if self.after is None:
            return "asked once"
        first, last = self.before.result.correct, self.after.result.correct
        if first == last:
            return "both right" if last else "both wrong"
        return "gained" if last else "lost"


def read_items(run: RunDirectory) -> tuple[list[Probe], str]:
    """The run's examination items, and why they cannot be read, if so."""
    try:
        return read_records(run.probes, Probe), ""
    except (UserError, OSError) as error:
        return [], str(error)


def by_item(probes: Sequence[Probe], examinations: Mapping[str, Sequence[ItemResult]]) -> list[Item]:
    """The items in their order, each with the replies to it.

    Args:
        probes: The items.
        examinations: The results by label, as in `Facts.examinations`.
    """
    student: dict[str, list[Answered]] = {}
    teacher: dict[str, list[Answered]] = {}
    for label in sorted(examinations, key=when):
        told = teacher if is_teacher(label) else student
        for result in examinations[label]:
            told.setdefault(result.probe, []).append(Answered(label, title(label), result))
    return [Item(probe, tuple(student.get(probe.id, ())), tuple(teacher.get(probe.id, ()))) for probe in probes]


def is_teacher(label: str) -> bool:
    """Whether it was the teacher that was examined."""
    return label.endswith("-teacher")


def title(label: str) -> str:
    """The name of an examination in words."""
    if found := _ROUND.fullmatch(label):
        return f"after stage {int(found[1])} round {found[2]}"
    if found := _REVISION.fullmatch(label):
        return f"when the plan was revised after stage {int(found[1])}"
    if found := _CYCLE.fullmatch(label):
        return f"at the diagnosis after stage {int(found[1])}"
    words = {"diagnosis-student": "at the diagnosis", "final-before": "before teaching", "final-after": "at the end"}
    return words.get(label, label.removesuffix("-teacher"))


def when(label: str) -> tuple[int, int, int, str]:
    """Where an examination stands in the order of the run, to sort by."""
    if found := _ROUND.fullmatch(label):
        return (int(found[1]), 0, int(found[2]), label)
    if found := _REVISION.fullmatch(label) or _CYCLE.fullmatch(label):
        return (int(found[1]), 1, 0, label)
    stage, order = _ENDS.get(label, (0, 2))
    return (stage, order, 0, label)
