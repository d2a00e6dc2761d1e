"""Turning texts into vectors, so that near-duplicates can be found."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ioa.memory.plugins import open_plugin

if TYPE_CHECKING:
    from wordllama.inference import WordLlamaInference

GROUP = "ioa.embedders"
"""The entry-point group in which an installed package offers embedders: callables without arguments."""


class Embedder(Protocol):
    """Anything that maps texts to vectors whose dot product is their likeness."""

    @property
    def name(self) -> str:
        """Identifies the vectors: an index made under one name is not read under another."""

    @property
    def dimension(self) -> int:
        """D, the length of a vector."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text.

        Returns (B, D) float32. Rows have L2 norm 1, so that a dot product is a cosine; a text in which the
        embedder finds nothing to read has a row of zeros, which is like no other text.
        """


class WordLlamaEmbedder:
    """The weights that the `wordllama` wheel carries: 256 dimensions, no network, 20 µs a text.

    A vector is the mean over the text's tokens, so the order of the words does not show in it.
    """

    name = "wordllama"
    dimension = 256  # all that the wheel carries; larger ones would have to be downloaded

    def __init__(self) -> None:
        self._model: WordLlamaInference | None = None

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text, (B, D) float32, of L2 norm 1 or, for a text without tokens, 0."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        if self._model is None:
            self._model = _load_wordllama()
        rows = np.asarray(self._model.embed(list(texts)), dtype=np.float32)
        # wordllama's own norm=True divides an empty text by zero
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(norms > 0, norms, 1), dtype=np.float32)


def open_embedder(name: str) -> Embedder:
    """The embedder of that name: `wordllama`, one that an installed package registers in `GROUP`, or one of a file.

    Raises:
        UserError: there is none of that name; the message lists those there are.
    """
    embedder: Embedder = open_plugin(GROUP, name, kind="embedder").value
    return embedder


def _load_wordllama() -> "WordLlamaInference":
    with _root_logger_kept():
        import wordllama
    folder = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=folder, dim=WordLlamaEmbedder.dimension, disable_download=True)


@contextmanager
def _root_logger_kept() -> Iterator[None]:
    """Keep wordllama, which calls `logging.basicConfig` when imported, from making every library print."""
    guard = logging.NullHandler()
    logging.getLogger().addHandler(guard)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(guard)
