"""The example memory of a run: what may be taught, what was refused, and what no lesson may come near."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ioa.memory.embedding import Embedder
from ioa.memory.files import append_records, mend_last_line, read_records
from ioa.memory.index import VectorIndex
from ioa.memory.records import Example, Probe, Record, Refusal, RefusalReason
from ioa.memory.run_dir import RunDirectory
from ioa.memory.similarity import Features, Pool, features, normalise

PROBE_SIMILARITY = 0.6
"""Cosine from which a problem with the numbers and operators of a probe counts as that probe in other words.
Measured with wordllama: two wordings of one sum, fraction, divisor or equation lie at 0.62 to 0.75, the divisor
and the multiple of the same two numbers at 0.36."""

THRESHOLD = 0.95
"""Cosine from which two problems that state the same facts are one. Under wordllama a word added or
exchanged in a two-sentence problem leaves 0.94 to 0.98; another name or another kind of fruit, 0.4 to 0.7."""


class Collision(Record):
    """Why a problem may not be taught."""

    reason: RefusalReason
    """CONTAMINATED (a probe) or DUPLICATE (an accepted example, or an earlier item of the same request)."""
    other: str
    """Id of the probe or of the example, or `item N of this request`, counted from 1."""
    similarity: float
    """Cosine of the two vectors; 1 where the texts are the same but for case, spacing and punctuation."""


class ExampleStore:
    """Accepted and refused examples of a run. JSON lines are the truth; Chroma holds the vectors.

    Use it as a context manager, or call `close`: an index that was not closed is built again at the next
    opening, and `on_message` is told. The caller holds the run's lock, and uses the store from one thread.

    Raises:
        UserError: a complete line of the JSON lines is not a record of its kind.
    """

    def __init__(
        self,
        run: RunDirectory,
        embedder: Embedder,
        threshold: float = THRESHOLD,
        on_message: Callable[[str], None] | None = None,
    ) -> None:
        self._run = run
        self._embedder = embedder
        self._threshold = threshold
        self._tell = on_message or (lambda _: None)
        self._index = VectorIndex(run.index, embedder.name, embedder.dimension)
        self._examples: dict[str, Example] = {}
        self._known = Pool()
        self._probes = Pool()
        self._probe_vectors: dict[str, NDArray[np.float32]] = {}
        for path in self._files("stage"):
            if mend_last_line(path):
                self._tell(f"{path}: the last line was torn off; moved to {path.name}.torn")
            for example in read_records(path, Example):
                self._remember(example)
        fault = self._index.fault(self._examples)
        if fault:
            self._tell(f"Index {fault}, rebuilding {len(self._examples)} vectors")
            self.rebuild()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def guard(self, probes: Sequence[Probe]) -> None:
        """Register examination items that no example may come near; one that is registered stays as it is."""
        new = list({probe.id: probe for probe in probes if probe.id not in self._probe_vectors}.values())
        vectors = self._embedder.embed([probe.question for probe in new])
        for probe, vector in zip(new, vectors, strict=True):
            self._probes.add(probe.id, _formula(features(probe.question)))
            self._probe_vectors[probe.id] = vector

    def check(self, problems: Sequence[str]) -> list[Collision | None]:
        """For each problem of a request, what it collides with; none where it may be taught.

        A problem is compared with the probes, then with the accepted examples of all stages, then with the
        earlier problems of the request that passed themselves.
        """
        views = [features(problem) for problem in problems]
        vectors = self._embedder.embed(problems)
        known_vectors = self._index.vectors(_union(self._known.candidates(view) for view in views))
        earlier, earlier_vectors = Pool(), dict[str, NDArray[np.float32]]()
        pools = (
            (RefusalReason.CONTAMINATED, self._probes, self._probe_vectors),
            (RefusalReason.DUPLICATE, self._known, known_vectors),
            (RefusalReason.DUPLICATE, earlier, earlier_vectors),
        )
        collisions: list[Collision | None] = []
        for number, (view, vector) in enumerate(zip(views, vectors, strict=True), start=1):
            collision = None
            for reason, pool, pool_vectors in pools:
                if pool is self._probes:
                    hit = pool.find(_formula(view), vector, pool_vectors, min(self._threshold, PROBE_SIMILARITY))
                else:
                    hit = pool.find(view, vector, pool_vectors, self._threshold)
                if hit is not None:
                    collision = Collision(reason=reason, other=hit[0], similarity=hit[1])
                    break
            else:
                key = f"item {number} of this request"
                earlier.add(key, view)
                earlier_vectors[key] = vector
            collisions.append(collision)
        return collisions

    def add(self, examples: Sequence[Example]) -> list[Example]:
        """Accept examples, each into its stage; one whose id is there already is passed over.

        The JSON lines are on disk before the index is touched, so a crash in between costs a rebuild only.

        Returns those that were added, in order.
        """
        new = list({e.id: e for e in reversed(examples) if e.id not in self._examples}.values())[::-1]
        if not new:
            return []
        for stage in sorted({example.stage for example in new}):
            append_records(self._run.examples(stage), [example for example in new if example.stage == stage])
        for example in new:
            self._remember(example)
        self._index.upsert([e.id for e in new], self._embedder.embed([e.problem for e in new]))
        return new

    def examples(self, stage: int | None = None) -> list[Example]:
        """Accepted examples of a stage, or of all by stage, each in the order of acceptance."""
        return [e for e in sorted(self._examples.values(), key=lambda e: e.stage) if stage in (None, e.stage)]

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """Write down examples that were refused, each under its stage; what is written already stays as it is."""
        for stage in sorted({refusal.stage for refusal in refusals}):
            known = set(self.refusals(stage))
            new = [refusal for refusal in refusals if refusal.stage == stage and refusal not in known]
            append_records(self._run.refusals(stage), new)

    def refusals(self, stage: int | None = None) -> list[Refusal]:
        """Refused examples of a stage, or of all."""
        paths = self._files("refused") if stage is None else [self._run.refusals(stage)]
        return [refusal for path in paths for refusal in read_records(path, Refusal)]

    def rebuild(self) -> int:
        """Build the index again from the JSON lines; returns the number of vectors."""
        examples = list(self._examples.values())
        self._index.rebuild([e.id for e in examples], self._embedder.embed([e.problem for e in examples]))
        return len(examples)

    def close(self) -> None:
        """Close the index cleanly; a second call does nothing."""
        self._index.close()

    def _remember(self, example: Example) -> None:
        if example.id not in self._examples:
            self._examples[example.id] = example
            self._known.add(example.id, _view(example))

    def _files(self, prefix: str) -> list[Path]:
        return sorted(self._run.examples(1).parent.glob(f"{prefix}-*.jsonl"))


def example_id(module: str, problem: str) -> str:
    """Id of the example of that module and problem: 16 hex digits, the same for equal problems."""
    return hashlib.sha256(f"{module}\n{normalise(problem)}".encode()).hexdigest()[:16]


def _view(example: Example) -> Features:
    return features(example.problem)


def _union(lists: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(key for keys in lists for key in keys))


def _formula(view: Features) -> Features:
    """The same with nothing but numbers and operators for facts: other words must not hide a probe."""
    return view._replace(facts=view.facts._replace(names=(), comparisons=()))
