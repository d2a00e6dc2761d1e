"""What teachers scored in earlier runs, so that P_T is measured once for each teacher and module and never assumed."""

import hashlib
import json
from collections.abc import Collection, Sequence
from pathlib import Path

from filelock import FileLock

from ioa.memory.files import append_records, read_records
from ioa.memory.records import BankItem, ItemResult, Module, Record


class Measured(Record):
    """One item that a teacher answered."""

    teacher: str
    """Hash of all that decides what the teacher says."""
    module: str
    """`module_key` of the module."""
    run: str
    """Id of the run in which it was asked."""
    result: ItemResult


class TeacherScores:
    """Answers of teachers by module, shared by the runs of a folder; JSON lines, appended under a lock.

    The file is read anew only when it has changed: it holds every answer of every run, and is asked module by module.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state: tuple[int, int, int] | None = None
        self._answers: dict[tuple[str, str], dict[str, Measured]] = {}
        """By teacher and module, then by question: the first answer to each."""

    def find_answers(self, teacher: str, module: str, questions: Collection[str], count: int) -> list[ItemResult]:
        """Up to `count` answers of that teacher in that module, those to the given questions first.

        An answer to another question bears the run it comes from in its probe's id.
        """
        self._catch_up()
        found = self._answers.get((teacher, module), {})
        ordered = sorted(found.values(), key=lambda one: one.result.question not in questions)  # stable: then by age
        return [
            one.result
            if one.result.question in questions
            else one.result.model_copy(update={"probe": f"{one.run}:{one.result.probe}"})
            for one in ordered[:count]
        ]

    def add(self, teacher: str, module: str, run: str, results: Sequence[ItemResult]) -> None:
        """Remember answers; a question that is known keeps its first one."""
        measured = [Measured(teacher=teacher, module=module, run=run, result=result) for result in results]
        with FileLock(f"{self._path}.lock"):
            append_records(self._path, measured)

    def _catch_up(self) -> None:
        if not self._path.exists():
            self._state, self._answers = None, {}
            return
        now = self._path.stat()
        state = now.st_ino, now.st_size, now.st_mtime_ns  # taken first: what is added meanwhile is read the next time
        if state == self._state:
            return
        answers: dict[tuple[str, str], dict[str, Measured]] = {}
        for one in read_records(self._path, Measured):
            answers.setdefault((one.teacher, one.module), {}).setdefault(one.result.question, one)
        self._state, self._answers = state, answers


def module_key(module: Module, items: Sequence[BankItem] = ()) -> str:
    """Hash of what is examined in a module: two runs whose modules share it ask items of one kind.

    Args:
        module: The module.
        items: What its item bank holds for examinations, where no generator makes its items.
    """
    told = [module.id, module.description, module.exam_level, module.exam.model_dump(mode="json")]
    told += sorted([item.question, item.answer] for item in items)
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
