"""What the nodes work with: the run's folder, its config, and the parts that are opened when first needed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from ioa.agents import CurriculumPlanner, Diagnoser, PedagogicalAdapter, Teacher, open_model
from ioa.graph.config import RunConfig
from ioa.graph.progress import Reporter, Silent
from ioa.graph.state import RunState
from ioa.memory import Clock, Domain, ExampleStore, Probe, RunDirectory, Split, Transcript, open_embedder
from ioa.memory.domain import load_domain
from ioa.memory.files import read_record, read_records, write_record, write_text
from ioa.training import Student

T = TypeVar("T")


def _once(build: "Callable[[Workshop], T]") -> "Callable[[Workshop], T]":
    """Open a part when it is first asked for, and keep it.

    Methods rather than cached properties: LangGraph looks through the attributes that a node mentions for
    subgraphs when the graph is compiled, and would open every part before the run has begun.
    """

    @wraps(build)
    def opened(shop: "Workshop") -> T:
        if build.__name__ not in shop.parts:
            shop.parts[build.__name__] = build(shop)
        part: T = shop.parts[build.__name__]
        return part

    return opened


@dataclass
class Workshop:
    """The dependencies of a run's nodes."""

    run: RunDirectory
    config: RunConfig
    reporter: Reporter = field(default_factory=Silent)
    parts: dict[str, Any] = field(default_factory=dict)
    """What is open, by the name of the method that opens it."""
    _open: ExitStack = field(default_factory=ExitStack)

    def prepare(self) -> None:
        """Write what the run is about, its config and its domain, unless that is there."""
        if not self.run.domain.exists():
            write_record(self.run.domain, load_domain(self.config.domain))
        if not self.run.config.exists():
            write_text(self.run.config, self.config.to_yaml())

    def close(self) -> None:
        """Close what was opened; it opens again when it is needed again."""
        self._open.close()
        self.parts.clear()

    @_once
    def clock(self) -> Clock:
        """Counts the time of each node."""
        return Clock(self.run.clock)

    @_once
    def transcript(self) -> Transcript:
        """Where every call is written."""
        return Transcript(self.run.transcript)

    @_once
    def teacher(self) -> Teacher:
        """The teacher, in every role."""
        settings = self.config.teacher
        teacher = Teacher(
            open_model(settings),
            spec=settings.model,
            transcript=self.transcript(),
            concurrency=settings.concurrency,
            timeout=settings.timeout,
        )
        self._open.callback(teacher.close)
        return teacher

    @_once
    def student(self) -> Student:
        """The student; loading it takes seconds, and the first time a conversion."""
        self.reporter.say(f"Loading the student {self.config.student.model}")
        return Student.load(self.config.student)

    @_once
    def store(self) -> ExampleStore:
        """The lessons so far, guarding the probes."""
        store = ExampleStore(
            self.run,
            open_embedder(self.config.embedder),
            threshold=self.config.synthesis.duplicate_similarity,
            on_message=self.reporter.say,
        )
        self._open.callback(store.close)
        store.guard(self.probes())
        return store

    @_once
    def diagnoser(self) -> Diagnoser:
        """The first agent."""
        return Diagnoser(self.teacher(), self.config.diagnosis)

    @_once
    def planner(self) -> CurriculumPlanner:
        """The second agent."""
        return CurriculumPlanner(self.teacher(), self.config.curriculum, self.config.synthesis.strategies)

    @_once
    def adapter(self) -> PedagogicalAdapter:
        """The third agent."""
        teacher, avoid = self.teacher(), [probe.question for probe in self.probes()]
        words = max(1, self.config.student.max_new_tokens // 2)  # a word is a token or two, a number more
        settings, seed = self.config.synthesis, self.config.seed
        return PedagogicalAdapter(teacher, teacher, settings, seed=seed, max_words=words, avoid=avoid)

    def domain(self) -> Domain:
        """The domain, as it was resolved at the beginning of the run."""
        return read_record(self.run.domain, Domain)

    def probes(self, split: Split | None = None) -> list[Probe]:
        """The probes of a split, or all."""
        probes = read_records(self.run.probes, Probe)
        return [probe for probe in probes if split is None or probe.split == split]

    @contextmanager
    def at(self, node: str, state: RunState) -> Iterator[None]:
        """Show the node and count its time."""
        self.reporter.place(node, state.get("stage"), state.get("stages"), state.get("round"))
        with self.clock().phase(node):
            yield
