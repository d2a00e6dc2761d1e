"""Reading the lessons that a run has accepted."""

from collections.abc import Sequence

from ioa.memory.files import read_records
from ioa.memory.records import Example
from ioa.memory.run_dir import RunDirectory


def read_lessons(run: RunDirectory) -> list[Example]:
    """All accepted lessons of a run, by stage, in the order of acceptance; a line that is being written is left out."""
    paths = sorted(run.examples(1).parent.glob("stage-*.jsonl"))
    lessons = [lesson for path in paths for lesson in read_records(path, Example)]
    return list({lesson.id: lesson for lesson in reversed(lessons)}.values())[::-1]


def choose_lessons(lessons: Sequence[Example], module: str | None, stage: int | None) -> list[Example]:
    """Those of a module and a stage, where these are given."""
    return [lesson for lesson in lessons if module in (None, lesson.module) and stage in (None, lesson.stage)]
