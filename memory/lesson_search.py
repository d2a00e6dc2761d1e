"""Finding the lessons of a run by meaning, also while the run works on them.

Chroma's files belong to one process at a time, and change when they are opened. So nobody opens those of a run but
the run itself: whoever searches copies them and opens the copy. Where they are in use the seal is missing, and where
they came into use while they were copied it does not fit; then an index is made of the JSON lines, for this search.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ioa.memory.accepted_lessons import choose_lessons, read_lessons
from ioa.memory.embedding import Embedder
from ioa.memory.errors import UserError
from ioa.memory.index import SEAL, LessonIndex, Where
from ioa.memory.records import Example
from ioa.memory.run_dir import RunDirectory


class Found(NamedTuple):
    """A lesson, and how near its problem is to what was asked for."""

    lesson: Example
    cosine: float


def find_like(
    run: RunDirectory, embedder: Embedder, text: str, *, module: str | None, stage: int | None, limit: int
) -> list[Found]:
    """The lessons whose problems are nearest to a text, nearest first.

    Args:
        run: Whose lessons; nothing in its folder is changed.
        embedder: The one that the run uses.
        text: What they are to be like.
        module: Only lessons of this module.
        stage: Only lessons of this stage.
        limit: At most so many.

    Raises:
        UserError: the embedder finds nothing to read in the text, or a line of the lessons is none.
    """
    vectors = embedder.embed([text])
    if not text.strip() or not vectors.any():
        raise UserError(f"--like {text!r}: the embedder finds no word in it. Describe the lessons in words.")
    lessons = read_lessons(run)
    wanted = {lesson.id: lesson for lesson in choose_lessons(lessons, module, stage)}
    if not wanted:
        return []
    with _copied_index(run, lessons, list(wanted.values()), embedder) as index:
        (near,) = index.nearest(vectors, min(limit, len(wanted)), _where(module, stage))
    return [Found(wanted[one.id], one.cosine) for one in near]


@contextmanager
def _copied_index(
    run: RunDirectory, lessons: Sequence[Example], wanted: Sequence[Example], embedder: Embedder
) -> Iterator[LessonIndex]:
    """A copy of the run's index; where that cannot be used, an index of the wanted lessons."""
    with TemporaryDirectory(prefix="ioa-lessons-") as folder:
        copy = Path(folder) / "index"
        index = LessonIndex(copy, run.run_id, embedder.name, embedder.dimension)
        if not (_copy(run.index, copy) and index.fault(lesson.id for lesson in lessons) == ""):
            index.rebuild(wanted, embedder.embed([lesson.problem for lesson in wanted]))
        try:
            yield index
        finally:
            index.close()


def _copy(source: Path, target: Path) -> bool:
    """Whether there was a closed index to be copied, and it stayed closed."""
    if not (source / SEAL).is_file():
        return False
    try:
        shutil.copytree(source, target)
    except (FileNotFoundError, shutil.Error):  # the run has opened it meanwhile, or throws it away
        return False
    return True


def _where(module: str | None, stage: int | None) -> Where | None:
    chosen = [{key: value} for key, value in (("module", module), ("stage", stage)) if value is not None]
    return {"$and": chosen} if len(chosen) > 1 else chosen[0] if chosen else None
