"""Lessons of several runs in one folder, so that no run is taught what another has been taught already.

`lessons.jsonl` is the truth and is only appended to, by whoever holds the lock. Beside it lies one row of 32-bit
numbers for each line, its vector, which can be made again, and is where the line has been changed by hand (its mark
tells). Not Chroma: two processes may not open one of its folders,
and handing it from one to the other costs seconds (at 100,000 vectors to open it, and to seal it again).
"""

import hashlib
import os
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.duplicates import Hit, Pool
from ioa.memory.embedding import Embedder
from ioa.memory.errors import UserError
from ioa.memory.files import append_records, mend_last_line, read_lines_from, write_text
from ioa.memory.records import Example, Record
from ioa.memory.run_dir import RunDirectory
from ioa.memory.similarity import Features, features
from ioa.memory.vectors import MarkFile, VectorFile

PATIENCE = 300.0
"""Seconds to wait for another run that holds the store; embedding all of it anew takes longest."""


_EMBEDDED = 4096
"""Problems embedded at a time, when many vectors are missing."""


class SharedLesson(Record):
    """A lesson that a run has accepted, as the other runs see it."""

    id: str
    """The example's id."""
    run: str
    """Id of the run that accepted it first."""
    owner: str
    """The same for all lessons of one run directory, and for no other's, whatever the runs are called."""
    problem: str


def check_store(folder: str) -> Path:
    """See that a store can be kept there.

    Raises:
        UserError: it cannot.
    """
    path = Path(folder).expanduser()
    nearest = next(place for place in (path, *path.resolve().parents) if place.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise UserError(
            f"synthesis.store {folder}: {nearest} is not a folder that can be written to. "
            "Name a folder that all runs which share their lessons may write to; it is made where it is not there."
        )
    return path


class SharedStore:
    """The store as one run uses it. Lessons of the run itself are in it, but are not compared with.

    Raises:
        UserError: a complete line of `lessons.jsonl` is not a lesson, or another run holds the store for too long.
    """

    def __init__(
        self,
        folder: Path,
        run: RunDirectory,
        embedder: Embedder,
        bounds: Bounds,
        on_message: Callable[[str], None],
    ) -> None:
        self.folder = folder
        self._run = run
        self._embedder = embedder
        self._tell = on_message
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "lessons.jsonl"
        self._lock = FileLock(folder / "store.lock", timeout=PATIENCE)
        self._owner = _owner(run)
        self._lessons: dict[str, SharedLesson] = {}
        self._rows: dict[str, int] = {}
        self._read_to = 0
        self._lines = 0
        self._last = b""
        self._own_marks = array("Q")
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", embedder.name)
        self._vectors = VectorFile(folder / f"vectors-{name}.f32", embedder.dimension)
        self._marks = MarkFile(folder / f"marks-{name}.u64")
        self._foreign = Pool(bounds, self._vectors_of)
        with self.alone():
            pass

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the other runs out while the block lasts, and know all that they have added before."""
        try:
            self._lock.acquire()
        except Timeout as error:
            raise UserError(
                f"The store {self.folder} is held by another run for more than {PATIENCE:g} seconds. "
                "Wait for it, or stop it, then resume this one."
            ) from error
        try:
            if mend_last_line(self._path):
                self._tell(f"{self._path}: the last line was torn off; moved to {self._path.name}.torn")
            self._catch_up()
            self._fill()
            yield
        finally:
            self._lock.release()

    def find(self, views: Sequence[Features], vectors: NDArray[np.float32]) -> list[Hit | None]:
        """For each of B texts the lesson of another run that it repeats; see `Pool.find`."""
        self._catch_up()
        return self._foreign.find(views, vectors)

    def run_of(self, key: str) -> str:
        """Id of the run that accepted this lesson."""
        return self._lessons[key].run

    def add(self, examples: Sequence[Example]) -> int:
        """Add lessons of this run; one whose id is there already is passed over. Returns how many were new."""
        if all(example.id in self._lessons for example in examples):
            return 0
        with self.alone():
            new = [
                SharedLesson(id=example.id, run=self._run.run_id, owner=self._owner, problem=example.problem)
                for example in {e.id: e for e in examples if e.id not in self._lessons}.values()
            ]
            append_records(self._path, new)
            self._catch_up()
            self._fill()
        return len(new)

    def _catch_up(self) -> None:
        """Read the lessons that were added since the last time, by anybody."""
        self._see_unchanged()
        for number, line, end in read_lines_from(self._path, self._read_to, self._lines):
            try:
                lesson = SharedLesson.model_validate_json(line)
            except ValueError as error:
                raise UserError(
                    f"{self._path}, line {number}: not a lesson of a shared store ({error}).\n"
                    "Stop the runs that use the store, then restore the line, or delete it."
                ) from error
            self._read_to, self._lines, self._last = end, number, line
            if lesson.id in self._lessons:
                continue
            self._rows[lesson.id] = len(self._lessons)
            self._lessons[lesson.id] = lesson
            self._own_marks.append(_mark(lesson))
            if lesson.owner != self._owner:
                self._foreign.add(lesson.id, features(lesson.problem))

    def _see_unchanged(self) -> None:
        """Lessons are only ever added: else what is known of the lines no longer fits them.

        Raises:
            UserError: somebody has changed the lines that were read.
        """
        if not self._read_to:
            return
        with self._path.open("rb") as handle:
            handle.seek(self._read_to - len(self._last))
            if handle.read(len(self._last)) != self._last:
                raise UserError(
                    f"{self._path} was changed while this run used it: line {self._lines} is not what it was. "
                    "Resume the run; it reads the file anew."
                )

    def _vectors_of(self, keys: Sequence[str]) -> NDArray[np.float32]:
        rows = [self._rows[key] for key in keys]
        if max(rows) >= self._vectors.count():  # another run was killed between a lesson and its vector
            with self.alone():
                pass
        return self._vectors.read(rows)

    def _fill(self) -> None:
        """Make the vectors that are missing, or are of other lessons. The caller holds the lock."""
        marks = np.array(self._own_marks, dtype=np.uint64)
        kept = self._vectors.mend(self._marks.agree(marks))
        self._marks.cut(kept)
        missing = list(self._lessons.values())[kept:]
        for start in range(0, len(missing), _EMBEDDED):
            part = missing[start : start + _EMBEDDED]
            self._vectors.append(self._embedder.embed([lesson.problem for lesson in part]))
            self._marks.append(marks[kept + start : kept + start + len(part)])


def _mark(lesson: SharedLesson) -> int:
    return int.from_bytes(hashlib.blake2b(f"{lesson.id}\n{lesson.problem}".encode(), digest_size=8).digest(), "big")


def _owner(run: RunDirectory) -> str:
    """Names this run directory, moved or not; a copy of it gets another name, since both may go on.

    A directory is told from its copy by its inode. Where that changes for another reason, the run's earlier lessons
    count as another's: it knows them from its own files all the same.
    """
    run.root.mkdir(parents=True, exist_ok=True)
    inode = str(run.root.stat().st_ino)
    known = run.owner.read_text(encoding="utf-8").split() if run.owner.exists() else []
    if len(known) != 2 or known[1] != inode:
        place = hashlib.sha256(f"{run.root.resolve()}\n{inode}".encode()).hexdigest()[:12]
        known = [f"{run.run_id}-{place}", inode]
        write_text(run.owner, "\n".join(known) + "\n")
    return known[0]
