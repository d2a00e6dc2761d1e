"""The index over accepted lessons: Chroma on disk, always rebuildable from the JSON lines.

A lesson is found in it by meaning, by its text, by what it states, and by module, stage and the like; `docs/lessons.md`
lists what is stored.

A process that is killed while Chroma writes leaves files that open without complaint and crash the *next*
process much later, so that trying them out proves nothing. Instead a clean close seals the folder with a
digest of every file; an index whose seal is missing or does not fit is thrown away and built again, unopened.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ioa.memory.errors import UserError
from ioa.memory.files import read_record, write_record
from ioa.memory.records import Example, Record
from ioa.memory.similarity import facts_digest, features, rules_digest, text_digest

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

SEAL = "sealed.json"
COLLECTION = "lessons"

_LAYOUT = 2
"""Of the documents and metadata; 1 had vectors alone. Counted up whenever `_metadata` changes."""
_ASKED = 1000
"""Values that Chroma is asked for at once; SQLite takes 32,766 in all."""

Where = Mapping[str, Any]
"""A filter on the metadata, as Chroma takes it."""


class Seal(Record):
    """Describes an index that was closed cleanly."""

    layout: int = 1
    """How the lessons were stored."""
    rules: str = ""
    """`rules_digest` of the version that stored them."""
    run: str = ""
    """Id of the run, which is in the metadata."""
    embedder: str
    """Name of the embedder that made the vectors."""
    dimension: int
    ids: str
    """`digest_of_ids` of what it holds."""
    files: Mapping[str, str]
    """SHA-256 of every file of the index, by path relative to the folder."""


class Neighbour(NamedTuple):
    """A stored lesson, and how near it is."""

    id: str
    cosine: float


class LessonIndex:
    """A run's lessons by id. Chroma is opened when first needed, by one process and one thread at a time."""

    def __init__(self, folder: Path, run: str, embedder: str, dimension: int) -> None:
        """The index in a folder, which need not be there.

        Args:
            folder: Where Chroma keeps its files.
            run: Id of the run whose lessons they are.
            embedder: Name of the embedder that makes the vectors.
            dimension: D, their length.
        """
        self._folder = folder
        self._run = run
        self._embedder = embedder
        self._dimension = dimension
        self._opened: tuple[Client, Collection] | None = None

    def fault(self, ids: Iterable[str]) -> str:
        """What is wrong with the index on disk, in a few words; empty when it holds just these ids."""
        expected = digest_of_ids(ids)
        if not self._folder.exists():
            return "missing" if expected != digest_of_ids([]) else ""
        if not (self._folder / SEAL).exists():
            return "not closed cleanly"
        try:
            seal = read_record(self._folder / SEAL, Seal)
        except (UserError, OSError):
            return "damaged"
        return self._difference(seal, expected)

    def _difference(self, seal: Seal, ids: str) -> str:
        """What the seal says otherwise than it would if this index had just been closed with those ids."""
        differences = {
            "damaged": seal.files != self._digests(),
            "made by another version": (seal.layout, seal.rules) != (_LAYOUT, rules_digest()),
            f"made with another embedder ({seal.embedder})": (seal.embedder, seal.dimension)
            != (self._embedder, self._dimension),
            f"made under another name ({seal.run})": seal.run != self._run,
            "out of date": seal.ids != ids,
        }
        return next((words for words, differs in differences.items() if differs), "")

    def rebuild(self, lessons: Sequence[Example], vectors: NDArray[np.float32]) -> None:
        """Throw the index away and make it anew from N lessons and the vectors of their problems, (N, D)."""
        self._release()
        if self._folder.exists():
            shutil.rmtree(self._folder)
        if lessons:
            self.upsert(lessons, vectors)

    def upsert(self, lessons: Sequence[Example], vectors: NDArray[np.float32]) -> None:
        """Store N lessons with the vectors of their problems, (N, D); one that is there already is replaced."""
        client, collection = self._open()
        size = client.get_max_batch_size()
        for part in _slices(len(lessons), size):
            collection.upsert(
                ids=[lesson.id for lesson in lessons[part]],
                embeddings=vectors[part],
                documents=[lesson.problem for lesson in lessons[part]],
                metadatas=[self._metadata(lesson) for lesson in lessons[part]],
            )

    def with_texts(self, digests: Sequence[str]) -> dict[str, str]:
        """Of these `text_digest`s, in hex, those that a lesson has, with its id; of several lessons the first by id."""
        found: dict[str, str] = {}
        for reply in self._get("text", digests, ["metadatas"]):
            pairs = zip(reply["ids"], reply["metadatas"], strict=True)
            found |= {metadata["text"]: id_ for id_, metadata in sorted(pairs, key=lambda pair: pair[0], reverse=True)}
        return found

    def with_facts(self, digests: Sequence[str]) -> list[str]:
        """Ids of all lessons that state what one of these `facts_digest`s, in hex, stands for."""
        return [id_ for reply in self._get("facts", digests, []) for id_ in reply["ids"]]

    def nearest(self, vectors: NDArray[np.float32], count: int, where: Where | None = None) -> list[list[Neighbour]]:
        """The lessons nearest to each of B vectors, (B, D), nearest first, in one batched query.

        Args:
            vectors: Of norm 1.
            count: Number of neighbours; fewer where there are no more.
            where: Only lessons with such metadata.
        """
        if not len(vectors) or not self._folder.exists():
            return [[] for _ in vectors]
        reply = self._open()[1].query(
            query_embeddings=vectors, n_results=count, where=cast("Any", where), include=["distances"]
        )
        rows = zip(reply["ids"], reply["distances"] or [], strict=True)
        return [[Neighbour(id_, 1 - far) for id_, far in zip(*row, strict=True)] for row in rows]

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of N ids, (N, D) float32.

        Raises:
            KeyError: an id is not in the index.
        """
        rows: dict[str, NDArray[np.float32]] = {}
        if ids and self._folder.exists():
            for part in _slices(len(ids), _ASKED):
                reply = self._open()[1].get(ids=list(ids[part]), include=["embeddings"])
                rows |= zip(reply["ids"], np.asarray(reply["embeddings"], dtype=np.float32), strict=True)
        return np.array([rows[key] for key in ids], dtype=np.float32).reshape(len(ids), self._dimension)

    def ids(self) -> list[str]:
        """Every id in the index, sorted."""
        return sorted(self._open()[1].get(include=[])["ids"]) if self._folder.exists() else []

    def close(self) -> None:
        """Release the files and seal them; nothing to do where they were not opened."""
        if self._opened is None:
            return
        ids = digest_of_ids(self.ids())
        self._release()
        seal = Seal(
            layout=_LAYOUT,
            rules=rules_digest(),
            run=self._run,
            embedder=self._embedder,
            dimension=self._dimension,
            ids=ids,
            files=self._digests(),
        )
        write_record(self._folder / SEAL, seal)

    def _metadata(self, lesson: Example) -> dict[str, Any]:
        """What a lesson can be filtered by."""
        view = features(lesson.problem)
        metadata = {
            "run": self._run,
            "module": lesson.module,
            "stage": lesson.stage,
            "round": lesson.round,
            "kind": lesson.kind.value,
            "level": lesson.level,
            "difficulty": lesson.difficulty.value,
            "strategies": [strategy.value for strategy in lesson.strategies],
            "misconception": lesson.misconception,
            "answer": lesson.answer,
            "text": text_digest(view).hex(),
            "facts": facts_digest(view).hex(),
        }
        return {key: value for key, value in metadata.items() if value not in ("", [])}  # Chroma takes no empty list

    def _get(self, key: str, values: Sequence[str], include: list[str]) -> Iterator[Any]:
        if not values or not self._folder.exists():
            return
        for part in _slices(len(values), _ASKED):
            where = cast("Any", {key: {"$in": list(values[part])}})
            yield self._open()[1].get(where=where, include=cast("Any", include))

    def _open(self) -> "tuple[Client, Collection]":
        if self._opened is not None:
            return self._opened
        import chromadb
        from chromadb.config import Settings

        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / SEAL).unlink(missing_ok=True)
        # Declared as a ClientAPI, which has no close().
        client = cast(
            "Client",
            chromadb.PersistentClient(path=str(self._folder.resolve()), settings=Settings(anonymized_telemetry=False)),
        )
        collection = client.get_or_create_collection(
            COLLECTION, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        self._opened = (client, collection)
        return self._opened

    def _release(self) -> None:
        """Let go of the files without sealing them."""
        if self._opened is not None:
            self._opened[0].close()
            self._opened = None

    def _digests(self) -> dict[str, str]:
        files = sorted(path for path in self._folder.rglob("*") if path.is_file() and path.name != SEAL)
        return {path.relative_to(self._folder).as_posix(): _digest(path) for path in files}


def digest_of_ids(ids: Iterable[str]) -> str:
    """SHA-256 of a set of ids, in hex, whatever their order."""
    return hashlib.sha256("\n".join(sorted(set(ids))).encode()).hexdigest()


def _slices(count: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, count, size)]


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
