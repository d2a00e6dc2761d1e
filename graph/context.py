"""What the nodes work with: the run's folder, its config, and the parts that are opened when first needed."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial, wraps
from pathlib import Path
from typing import Any, TypeVar

from ioa.agents import (
    Budget,
    CallDesk,
    CurriculumPlanner,
    Diagnoser,
    Endpoint,
    Learned,
    PedagogicalAdapter,
    Role,
    Spent,
    Teacher,
    TeacherSettings,
    load_prices,
    start_model,
)
from ioa.agents.prompting import prompt_text
from ioa.agents.staging import relatedness
from ioa.graph.answer_agreement import answers_agree
from ioa.graph.config import CALLING, RunConfig
from ioa.graph.curriculum_file import read_curriculum
from ioa.graph.listeners import Listener, Listeners, MessageLog
from ioa.memory import (
    Clock,
    Curriculum,
    Domain,
    ExampleStore,
    Probe,
    Rounds,
    RunDirectory,
    Split,
    Transcript,
    open_embedder,
)
from ioa.memory.domains.bank import ItemBank
from ioa.memory.domains.benchmark_texts import read_benchmarks
from ioa.memory.domains.families.forms import item_key
from ioa.memory.domains.packs import load_source
from ioa.memory.files import read_record, read_records, write_record, write_text
from ioa.memory.ledger import Ledger
from ioa.memory.records import BankItem
from ioa.memory.shared_store import check_store
from ioa.memory.student_replies import StudentReplies, now
from ioa.memory.teacher_scores import TeacherScores
from ioa.memory.transcript.spending import spend
from ioa.memory.transcript.teaching_tokens import TeachingTokens
from ioa.training import Execution, Scorers, Student, open_student, reply_key

T = TypeVar("T")


def _once(build: "Callable[[RunContext], T]") -> "Callable[[RunContext], T]":
    """Open a part when it is first asked for, and keep it.

    Methods rather than cached properties: LangGraph looks through the attributes that a node mentions for
    subgraphs when the graph is compiled, and would open every part before the run has begun.
    """

    @wraps(build)
    def opened(ctx: "RunContext") -> T:
        if build.__name__ not in ctx.parts:
            ctx.parts[build.__name__] = build(ctx)
        part: T = ctx.parts[build.__name__]
        return part

    return opened


@dataclass
class RunContext:
    """The dependencies of a run's nodes."""

    run: RunDirectory
    config: RunConfig
    listener: Listener = field(default_factory=Listener)
    """Who is told of what happens."""
    parts: dict[str, Any] = field(default_factory=dict)
    """What is open, by the name of the method that opens it."""
    since: str = ""
    """Paid answers from before that time (ISO 8601, UTC) do not count; empty: as the run's folder says."""
    began: float | None = None
    """Since when this process works on the run, by `time.monotonic`; none: since its clock is first asked for."""
    _lines: list[str] | None = None
    """What is told of the visit under way, for the transcript."""
    _read: dict[Path, tuple[tuple[int, int, int], Any]] = field(default_factory=dict)
    """Files as they were read last, with (inode, time of change, size) by which a change is seen."""
    _open: ExitStack = field(default_factory=ExitStack)

    def prepare(self) -> None:
        """Write what the run is about, its config and its domain or what it is to be made of, unless that is there."""
        if not self.run.domain.exists() and not self.run.source.exists():
            named = load_source(self.config.domain)
            write_record(self.run.domain if isinstance(named, Domain) else self.run.source, named)
        if "student" in self.parts:
            self._take(self.student())
        if not self.run.config.exists():
            write_text(self.run.config, self.config.to_yaml())

    def close(self) -> None:
        """Close what was opened; it opens again when it is needed again."""
        self._open.close()
        self.parts.clear()
        self._read.clear()

    def at_close(self, callback: Callable[[], None]) -> None:
        """Have something closed with the rest, before what was opened earlier."""
        self._open.callback(callback)

    @_once
    def clock(self) -> Clock:
        """Counts the time of each node."""
        began, self.began = self.began, None  # once: when it is closed and opened again, its time is on disk
        return Clock(self.run.clock, began)

    @_once
    def transcript(self) -> Transcript:
        """Where every call and every decision is written."""
        return Transcript(self.run.transcript, self.run.run_id)

    @_once
    def budget(self) -> Budget:
        """What may still be spent; what earlier sittings spent is in the transcript."""
        attempts = self.transcript().attempts()
        paid = spend("all", attempts)
        spent = Spent(usd=paid.usd or 0.0, tokens=paid.tokens.input + paid.tokens.output, calls=paid.calls)

        def wall() -> float:
            return self.clock().timing().wall_seconds

        def tell(now: Spent) -> None:
            self.listener.spent(now.calls, now.tokens, now.usd)

        return Budget(self.config.budget, spent, wall, tell, TeachingTokens.of(attempts))

    @_once
    def desk(self) -> CallDesk:
        """Where all calls are made; the ledger is shared by the runs of one folder."""
        ledger = Ledger(self.run.ledger)
        self._open.callback(ledger.close)
        since = self.since or (self.run.fresh.read_text(encoding="utf-8") if self.run.fresh.exists() else "")
        desk = CallDesk(self.transcript(), ledger=ledger, since=since, run=self.run.run_id, meter=self.clock())
        dropped = ledger.count_abandoned(self.run.run_id)
        if dropped:
            self.message(f"{dropped} calls were in flight when the run stopped; they may be billed twice.")
        self._open.callback(desk.close)
        return desk

    def teacher(self, role: Role | None = None) -> Teacher:
        """The teacher of a role, or the one of the whole run."""
        cast = (self.config.teacher,) if role is None else self.config.roles.cast(role, self.config.teacher)
        weights = [settings.weight for settings in cast if settings.weight is not None]
        return Teacher([self.endpoint(settings) for settings in cast], self.desk(), weights=weights or None)

    @property
    def teacher_cache(self) -> bool:
        """Whether scores of the teacher from earlier runs count; one that costs nothing is simply asked again."""
        wanted = self.config.examination.cached_teacher and not self.run.fresh.exists()
        return wanted and not self.endpoint(self.config.teacher).free

    def teacher_key(self) -> str:
        """Hash of all that decides what the run's teacher says in an examination."""
        told = self.config.teacher.model_dump_json(exclude=set(CALLING) - {"base_url", "form", "max_tokens"})
        prompts = [prompt_text(name) for name in ("examinee", "solve")]
        return hashlib.sha256("\n".join([told, *prompts]).encode()).hexdigest()[:16]

    @_once
    def teacher_scores(self) -> TeacherScores:
        """What teachers scored in this run and in the others of its folder."""
        return TeacherScores(self.run.teacher_scores)

    def student_replies(self) -> StudentReplies | None:
        """What the untaught student replied in this run and before it in others of its folder; none: it is asked."""
        student = self.student()
        if not self.config.examination.cached_student or self.run.fresh.exists() or not isinstance(student, Student):
            return None
        key = self.parts["reply key"] = self.parts.get("reply key") or reply_key(student)
        if not key:
            return None
        if not self.run.replies_until.exists():
            write_text(self.run.replies_until, now())
        until = self.run.replies_until.read_text(encoding="utf-8")
        return StudentReplies(self.run.student_replies / f"{key}.jsonl", self.run.run_id, until)

    def endpoint(self, settings: TeacherSettings) -> Endpoint:
        """One for each teacher, whatever its roles: its limits hold for all of them together."""
        name = f"endpoint {settings.model_copy(update={'weight': None}).model_dump_json()}"
        if name not in self.parts:
            price = settings.price or load_prices(self.config.prices).price(settings.model)
            model = self._open.enter_context(start_model(settings))
            # What one role's settings were found out not to work with holds for another role that asks the same model.
            learned = self.parts.setdefault(f"learned {settings.model} at {settings.base_url}", Learned())
            self.parts[name] = Endpoint(
                model, settings, price=price, budget=self.budget(), notice=self.message, learned=learned
            )
        endpoint: Endpoint = self.parts[name]
        return endpoint

    @_once
    def scorers(self) -> Scorers:
        """Who grades the replies of student and teacher."""
        scorers = Scorers(self.config.scorers, judge=partial(self.teacher, "judge"))
        self._open.callback(scorers.close)
        return scorers

    @_once
    def student(self) -> Student:
        """The student, computed as it was when the run began; loading it takes seconds, the first time a conversion."""
        kept = read_record(self.run.execution, Execution) if self.run.execution.exists() else None
        return self._take(open_student(self.config.student, self.message, kept))

    def _take(self, student: Student) -> Student:
        """Have the run's clock count what a student does, and keep how it is computed."""
        student.meter = self.clock()
        if student.execution is not None and not self.run.execution.exists():
            write_record(self.run.execution, student.execution)
        return student

    @_once
    def store(self) -> ExampleStore:
        """The lessons so far, guarding the probes and the benchmarks."""
        settings = self.config.synthesis
        store = ExampleStore(
            self.run,
            open_embedder(self.config.embedder),
            bounds=settings.bounds,
            on_message=self.message,
            shared=check_store(settings.store) if settings.store else None,
        )
        self._open.callback(store.close)
        store.guard(self.probes())
        store.guard_texts(read_benchmarks(settings.benchmarks))
        return store

    @_once
    def diagnoser(self) -> Diagnoser:
        """The first agent."""
        teacher = self.teacher("diagnoser")
        checker = self.teacher("verifier") if self.config.roles.verifier else teacher
        return Diagnoser(teacher, self.config.diagnosis, checker=checker, seed=self.config.seed)

    @_once
    def planner(self) -> CurriculumPlanner:
        """The second agent."""
        near = relatedness(self.domain().modules, open_embedder(self.config.embedder))
        settings, strategies = self.config.curriculum, self.config.synthesis.strategies
        return CurriculumPlanner(self.teacher("planner"), settings, strategies, affinity=near)

    @_once
    def adapter(self) -> PedagogicalAdapter:
        """The third agent."""
        return self.new_adapter(self.scorers())

    def new_adapter(self, scorers: Scorers) -> PedagogicalAdapter:
        """The third agent, with scorers of its own to say whether two answers agree."""
        writer, verifier = self.teacher("adapter"), self.teacher("verifier")
        avoid = [item_key(probe.question, probe.answer) for probe in self.probes()]
        words = max(1, self.config.student.max_new_tokens // 2)  # a word is a token or two, a number more
        settings, seed = self.config.synthesis, self.config.seed
        return PedagogicalAdapter(
            writer,
            verifier,
            settings,
            seed=seed,
            max_words=words,
            avoid=avoid,
            agree=partial(answers_agree, scorers, self.bank()),
            bank=self.bank(),
        )

    def domain(self) -> Domain:
        """The domain, as it was resolved at the beginning of the run."""
        return self._unchanged(self.run.domain, lambda path: read_record(path, Domain))

    def bank(self) -> ItemBank:
        """The items of modules that have no generator."""
        return self._unchanged(self.run.items, lambda path: ItemBank(read_records(path, BankItem)))

    def curriculum(self) -> Curriculum:
        """The stages, as they were planned or as a person left them.

        Raises:
            UserError: the file was edited into something that cannot be taught.
        """
        return self._unchanged(self.run.curriculum, lambda path: read_curriculum(path, self.domain()))

    def probes(self, split: Split | None = None) -> list[Probe]:
        """The probes of a split, or all."""
        probes = self._unchanged(self.run.probes, lambda path: read_records(path, Probe))
        return [probe for probe in probes if split is None or probe.split == split]

    def rounds(self) -> Rounds:
        """What the examinations at the gate found so far."""
        return Rounds.read(self.run)

    def _unchanged(self, path: Path, read: Callable[[Path], T]) -> T:
        """What the file holds; it is read again only where it has changed, since nodes ask for it at every step."""
        try:
            found = path.stat()
        except FileNotFoundError:
            return read(path)
        signature = (found.st_ino, found.st_mtime_ns, found.st_size)
        known = self._read.get(path)
        if known is None or known[0] != signature:
            known = self._read[path] = (signature, read(path))
        content: T = known[1]
        return content

    def message(self, text: str) -> None:
        """Something that a person at the screen should read; it is part of the visit under way."""
        self.listener.message(text)

    def remark(self, text: str) -> None:
        """Something for the transcript alone."""
        if self._lines is not None:
            self._lines.append(text)

    @contextmanager
    def noting(self, lines: list[str]) -> Iterator[None]:
        """Have the messages and remarks of the block put down as well."""
        before = self.listener, self._lines
        self.listener, self._lines = Listeners([self.listener, MessageLog(lines)]), lines
        try:
            yield
        finally:
            self.listener, self._lines = before
