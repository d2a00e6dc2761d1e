"""The example memory of a run: what may be taught, what was refused, and what no lesson may come near."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ioa.memory.accepted_lessons import read_lessons
from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.duplicates import Hit, Method, Pool
from ioa.memory.embedding import Embedder
from ioa.memory.examined_items import ExaminedItems, Problem
from ioa.memory.files import append_records, mend_last_line, read_records
from ioa.memory.index import LessonIndex
from ioa.memory.lesson_pool import LessonPool
from ioa.memory.records import Example, Probe, Record, Refusal, RefusalReason
from ioa.memory.run_dir import RunDirectory
from ioa.memory.shared_store import SharedStore
from ioa.memory.similarity import Features, features, normalise
from ioa.memory.vectors import VectorTable


class Collision(Record):
    """Why a problem may not be taught."""

    reason: RefusalReason
    """CONTAMINATED (a probe or a benchmark item) or DUPLICATE (an accepted example, or one of the same request)."""
    other: str
    """Id of the probe or of the example, `file:line` of a benchmark, or `item N of this request`, from 1."""
    run: str = ""
    """The run whose example it is, where it is another's."""
    method: Method
    """The filter that caught it."""
    similarity: float
    """1 where the texts are the same but for case, spacing and punctuation; else the method's measure."""

    @property
    def detail(self) -> str:
        """In words."""
        of = f" of run {self.run}" if self.run else ""
        return f"too close to {self.other}{of} ({self.method}, similarity {self.similarity:.2f})"


class ExampleStore:
    """Accepted and refused examples of a run. JSON lines are the truth; Chroma finds them.

    Use it as a context manager, or call `close`: an index that was not closed is built again at the next
    opening, and `on_message` is told. The caller holds the run's lock, and uses the store from one thread.

    Raises:
        UserError: a complete line of the JSON lines is not a record of its kind.
    """

    def __init__(
        self,
        run: RunDirectory,
        embedder: Embedder,
        bounds: Bounds | None = None,
        on_message: Callable[[str], None] | None = None,
        shared: Path | None = None,
    ) -> None:
        """Open the store of a run.

        Args:
            run: Where it is.
            embedder: Makes the vectors.
            bounds: From where on two problems are one.
            on_message: Told what was mended or built again.
            shared: Folder of the lessons of several runs; those of the others count as duplicates.
        """
        self._run = run
        self._embedder = embedder
        self._tell = on_message or (lambda _: None)
        self._index = LessonIndex(run.index, run.run_id, embedder.name, embedder.dimension)
        self._examples: dict[str, Example] = {}
        self._bounds = bounds or Bounds()
        self._known = LessonPool(self._bounds, self._index, lambda key: self._examples[key].problem)
        self._guard_vectors = VectorTable(embedder.dimension)
        self._guarded = ExaminedItems(self._bounds, self._guard_vectors.get)
        for path in self._files("stage"):
            if mend_last_line(path):
                self._tell(f"{path}: the last line was torn off; moved to {path.name}.torn")
        self._examples = {example.id: example for example in read_lessons(run)}
        fault = self._index.fault(self._examples)
        if fault:
            self._tell(f"Index {fault}, rebuilding {len(self._examples)} vectors")
            self.rebuild()
        self._shared: SharedStore | None = None
        if shared is not None:
            self._shared = SharedStore(shared, run, embedder, self._bounds, self._tell)
            self._shared.add(self.examples())  # what was accepted just before a crash

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def guard(self, probes: Sequence[Probe]) -> None:
        """Register examination items that no example may come near; one that is registered stays as it is."""
        self._guard({probe.id: (probe.question, probe.answer) for probe in probes})

    def guard_texts(self, texts: Mapping[str, str]) -> None:
        """The same for texts by the name under which a refusal is to speak of them."""
        self._guard({name: (text, "") for name, text in texts.items()})

    def _guard(self, items: Mapping[str, tuple[str, str]]) -> None:
        new = self._guard_vectors.missing(list(items))
        self._guard_vectors.put(new, self._embedder.embed([items[key][0] for key in new]))
        for key in new:
            self._guarded.add(key, Problem(*items[key], features(items[key][0])))

    def check(self, problems: Sequence[str], answers: Sequence[str] = ()) -> list[Collision | None]:
        """For each problem of a request, what it collides with; none where it may be taught.

        A problem is compared with the probes and benchmarks, then with the accepted examples of all stages, then
        with those of other runs, then with the earlier problems of the request that passed themselves.

        Args:
            problems: Their texts.
            answers: Their right answers, by which a story or a program is compared with the probes; none: not known.
        """
        views, vectors = self._read(problems)
        return self._duplicates(views, vectors, self._contamination(problems, answers, views, vectors))

    def find_contamination(self, problems: Sequence[str], answers: Sequence[str] = ()) -> list[Collision | None]:
        """The first part of `check`: what each problem collides with among the probes and benchmarks."""
        return self._contamination(problems, answers, *self._read(problems))

    def find_taught(self, probes: Sequence[Probe]) -> set[str]:
        """The ids of new examination items that a lesson of this run comes near already: they cannot be asked."""
        lessons, found = self.examples(), set[str]()
        asked = [Problem(one.problem, one.answer, features(one.problem)) for one in lessons]
        vectors = self._embedder.embed([one.problem for one in lessons])
        table = VectorTable(self._embedder.dimension)
        table.put([one.id for one in probes], self._embedder.embed([one.question for one in probes]))
        while True:  # a lesson is told one item that it repeats, and may repeat another one
            items = ExaminedItems(self._bounds, table.get)
            for probe in probes:
                if probe.id not in found:
                    items.add(probe.id, Problem(probe.question, probe.answer, features(probe.question)))
            hits = {hit.key for hit in items.find(asked, vectors) if hit is not None}
            if not hits:
                return found
            found |= hits

    def find_duplicates(self, problems: Sequence[str]) -> list[Collision | None]:
        """The rest of it, for problems of which none is contaminated: the lesson that each of them repeats."""
        views, vectors = self._read(problems)
        return self._duplicates(views, vectors, [None] * len(problems))

    def _read(self, problems: Sequence[str]) -> tuple[list[Features], NDArray[np.float32]]:
        return [features(problem) for problem in problems], self._embedder.embed(problems)

    def _contamination(
        self,
        problems: Sequence[str],
        answers: Sequence[str],
        views: Sequence[Features],
        vectors: NDArray[np.float32],
    ) -> list[Collision | None]:
        known = answers or [""] * len(problems)
        asked = [Problem(*one) for one in zip(problems, known, views, strict=True)]
        return [_collision(RefusalReason.CONTAMINATED, hit) for hit in self._guarded.find(asked, vectors)]

    def _duplicates(
        self, views: Sequence[Features], vectors: NDArray[np.float32], collisions: Sequence[Collision | None]
    ) -> list[Collision | None]:
        """The collisions, with the duplicates among those problems that have none."""
        found = list(collisions)
        for find in (self._known.find, *([self._shared.find] if self._shared else [])):
            open_ = [i for i, collision in enumerate(found) if collision is None]
            for i, hit in zip(open_, find([views[i] for i in open_], vectors[open_]), strict=True):
                run = self._shared.run_of(hit.key) if hit and self._shared and find == self._shared.find else ""
                found[i] = _collision(RefusalReason.DUPLICATE, hit, run)
        return self._repeated(views, vectors, found)

    def _repeated(
        self, views: Sequence[Features], vectors: NDArray[np.float32], collisions: Sequence[Collision | None]
    ) -> list[Collision | None]:
        """The collisions, with those among the problems of the request themselves."""
        table = VectorTable(self._embedder.dimension)
        earlier = Pool(self._bounds, table.get)
        found = list(collisions)
        for i in [i for i, collision in enumerate(collisions) if collision is None]:
            (hit,) = earlier.find([views[i]], vectors[i : i + 1])
            found[i] = _collision(RefusalReason.DUPLICATE, hit)
            if hit is None:
                key = f"item {i + 1} of this request"
                table.put([key], vectors[i : i + 1])
                earlier.add(key, views[i])
        return found

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs that share the lessons from adding any between a check and an addition of this one."""
        with self._shared.alone() if self._shared else nullcontext():
            yield

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
        self._examples |= {example.id: example for example in new}
        self._index.upsert(new, self._embedder.embed([e.problem for e in new]))
        if self._shared:
            self._shared.add(new)
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
        """Build the index again from the JSON lines; returns the number of lessons."""
        examples = list(self._examples.values())
        self._index.rebuild(examples, self._embedder.embed([e.problem for e in examples]))
        return len(examples)

    def close(self) -> None:
        """Close the index cleanly; a second call does nothing."""
        self._index.close()

    def _files(self, prefix: str) -> list[Path]:
        return sorted(self._run.examples(1).parent.glob(f"{prefix}-*.jsonl"))


def example_id(module: str, problem: str) -> str:
    """Id of the example of that module and problem: 16 hex digits, the same for equal problems."""
    return hashlib.sha256(f"{module}\n{normalise(problem)}".encode()).hexdigest()[:16]


def _collision(reason: RefusalReason, hit: Hit | None, run: str = "") -> Collision | None:
    if hit is None:
        return None
    return Collision(reason=reason, other=hit.key, run=run, method=hit.method, similarity=hit.similarity)
