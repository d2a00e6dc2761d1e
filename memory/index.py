"""The vector index over accepted examples: Chroma on disk, always rebuildable from the JSON lines.

A process that is killed while Chroma writes leaves files that open without complaint and crash the *next*
process much later, so that trying them out proves nothing. Instead a clean close seals the folder with a
digest of every file; an index whose seal is missing or does not fit is thrown away and built again, unopened.
"""

import hashlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from ioa.memory.errors import UserError
from ioa.memory.files import read_record, write_record
from ioa.memory.records import Record
from ioa.memory.vectors import VectorTable

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

SEAL = "sealed.json"
COLLECTION = "examples"


class Seal(Record):
    """Describes an index that was closed cleanly."""

    embedder: str
    """Name of the embedder that made the vectors."""
    dimension: int
    ids: str
    """`digest_of_ids` of what it holds."""
    files: Mapping[str, str]
    """SHA-256 of every file of the index, by path relative to the folder."""


class VectorIndex:
    """Vectors by id. Chroma is opened when first needed, by one process and one thread at a time."""

    def __init__(self, folder: Path, embedder: str, dimension: int) -> None:
        self._folder = folder
        self._embedder = embedder
        self._dimension = dimension
        self._opened: tuple[Client, Collection] | None = None
        self._read = VectorTable(dimension)
        """What was fetched from the disk or written to it, so that nothing is fetched twice."""

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
        if seal.files != self._digests():
            return "damaged"
        if (seal.embedder, seal.dimension) != (self._embedder, self._dimension):
            return f"made with another embedder ({seal.embedder})"
        return "" if seal.ids == expected else "out of date"

    def rebuild(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Throw the index away and make it anew from N ids and their vectors, (N, D)."""
        self._release()
        self._read = VectorTable(self._dimension)
        if self._folder.exists():
            shutil.rmtree(self._folder)
        if ids:
            self.upsert(ids, vectors)

    def upsert(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store N ids with their vectors, (N, D); an id that is there already gets its new vector."""
        client, collection = self._open()
        for part in _batches(client, len(ids)):
            collection.upsert(ids=list(ids[part]), embeddings=vectors[part])
        self._read.put(ids, vectors)

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of N ids, (N, D) float32; each is fetched from Chroma when it is first asked for.

        Raises:
            KeyError: an id is not in the index.
        """
        missing = self._read.missing(ids)
        if missing:
            client, collection = self._open()
            for part in _batches(client, len(missing)):
                reply = collection.get(ids=missing[part], include=["embeddings"])
                rows = np.asarray(reply["embeddings"], dtype=np.float32)
                self._read.put(reply["ids"], rows.reshape(-1, self._dimension))
        return self._read.get(ids)

    def ids(self) -> list[str]:
        """Every id in the index, sorted."""
        return sorted(self._open()[1].get(include=[])["ids"]) if self._folder.exists() else []

    def close(self) -> None:
        """Release the files and seal them; nothing to do where they were not opened."""
        if self._opened is None:
            return
        ids = digest_of_ids(self.ids())
        self._release()
        seal = Seal(embedder=self._embedder, dimension=self._dimension, ids=ids, files=self._digests())
        write_record(self._folder / SEAL, seal)

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


def _batches(client: "Client", count: int) -> list[slice]:
    """Slices no longer than what Chroma takes at once."""
    size = client.get_max_batch_size()
    return [slice(start, start + size) for start in range(0, count, size)]


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
