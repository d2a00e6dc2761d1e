"""Vectors in memory, by id, and in a file, by number, with what tells of which text each is."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class VectorTable:
    """A growing matrix of vectors and the row of each id."""

    def __init__(self, dimension: int) -> None:
        self._rows: dict[str, int] = {}
        self._matrix = np.zeros((0, dimension), dtype=np.float32)

    def __len__(self) -> int:
        return len(self._rows)

    def missing(self, ids: Sequence[str]) -> list[str]:
        """Those of the ids that are not in the table, each once, in order."""
        return list(dict.fromkeys(key for key in ids if key not in self._rows))

    def put(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store N ids with their vectors, (N, D); an id that is there already gets its new vector."""
        self._reserve(len(self._rows) + len(ids))
        rows = [self._rows.setdefault(key, len(self._rows)) for key in ids]
        self._matrix[rows] = vectors

    def get(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of N ids, (N, D) float32.

        Raises:
            KeyError: an id is not in the table.
        """
        return self._matrix[[self._rows[key] for key in ids]]

    def _reserve(self, count: int) -> None:
        if count > len(self._matrix):
            grown = np.zeros((max(count, 2 * len(self._matrix)), self._matrix.shape[1]), dtype=np.float32)
            grown[: len(self._matrix)] = self._matrix
            self._matrix = grown


class VectorFile:
    """Vectors on disk, row after row, as 32-bit numbers; only appended to, by one process at a time."""

    def __init__(self, path: Path, dimension: int) -> None:
        self._path = path
        self._dimension = dimension
        self._row = 4 * dimension

    def count(self) -> int:
        """Complete rows in the file."""
        return self._path.stat().st_size // self._row if self._path.exists() else 0

    def mend(self, most: int) -> int:
        """Cut off a torn last row, and rows beyond `most`; returns the number of those that are left."""
        left = min(self.count(), most)
        if self._path.exists() and self._path.stat().st_size != left * self._row:
            os.truncate(self._path, left * self._row)
        return left

    def append(self, vectors: NDArray[np.float32]) -> None:
        """Add N rows, (N, D)."""
        with self._path.open("ab") as handle:
            handle.write(np.ascontiguousarray(vectors, dtype="<f4").tobytes())
            handle.flush()
            os.fsync(handle.fileno())

    def read(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """These N rows, (N, D) float32.

        Raises:
            IndexError: the file has no such row.
        """
        count = self.count()
        if not count:
            return np.zeros((0, self._dimension), dtype=np.float32)
        table = np.memmap(self._path, dtype="<f4", mode="r", shape=(count, self._dimension))
        return np.asarray(table[rows], dtype=np.float32)


class MarkFile:
    """Of which text each row of a `VectorFile` is: one 64-bit mark a row, written after the vector."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def agree(self, marks: NDArray[np.uint64]) -> int:
        """The number of rows, from the first one on, whose marks are these."""
        known = self._all()[: len(marks)]
        others = np.flatnonzero(known != marks[: len(known)])
        return int(others[0]) if len(others) else len(known)

    def cut(self, left: int) -> None:
        """Leave so many rows, and no torn one."""
        if self._path.exists() and self._path.stat().st_size != 8 * left:
            os.truncate(self._path, 8 * left)

    def append(self, marks: NDArray[np.uint64]) -> None:
        """Add N marks."""
        with self._path.open("ab") as handle:
            handle.write(np.ascontiguousarray(marks, dtype="<u8").tobytes())
            handle.flush()
            os.fsync(handle.fileno())

    def _all(self) -> NDArray[np.uint64]:
        whole = self._path.read_bytes() if self._path.exists() else b""
        return np.frombuffer(whole[: len(whole) // 8 * 8], dtype="<u8").astype(np.uint64)
