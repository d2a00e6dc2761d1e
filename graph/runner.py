"""Starting, resuming and stopping runs."""

import gc
import re
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from ioa.agents import BudgetReached, check_teacher, load_prices
from ioa.graph.answer_agreement import check_scorers
from ioa.graph.builder import build_graph, open_checkpointer
from ioa.graph.config import RunConfig, changed, read_run_config
from ioa.graph.context import RunContext
from ioa.graph.curriculum_file import curriculum_yaml, read_curriculum
from ioa.graph.listeners import Listener
from ioa.graph.teachable import check_teachable
from ioa.memory import Domain, RunDirectory, open_embedder
from ioa.memory.domains.benchmark_texts import read_benchmarks
from ioa.memory.domains.packs import load_source
from ioa.memory.errors import Stopped, UserError
from ioa.memory.files import write_text
from ioa.memory.shared_store import check_store
from ioa.training import check_trainable, open_student, resolve_student

RECURSION_LIMIT = 100_000
"""LangGraph counts steps against endless loops; ours end by R_max, and a long curriculum has many steps."""


class Paused(Stopped):
    """The run waits for a person; the message says what for."""

    exit_code = 0


def new_run_id(domain: str) -> str:
    """`<domain>-<date>-<time>`, UTC."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(domain).stem).strip("-_")[:40] or "run"
    return f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def start(
    config: RunConfig,
    runs: Path,
    run_id: str,
    listener: Listener,
    *,
    fresh: bool = False,
    curriculum: Path | None = None,
) -> RunDirectory:
    """Begin a run and work on it until it is finished.

    Everything that can be wrong with the config is found before anything is written.

    Args:
        config: The run, completely described.
        runs: Folder of the runs.
        run_id: Name of this one.
        listener: Told what happens.
        fresh: Pay for every answer anew, also those in the ledger.
        curriculum: A curriculum that a person wrote; none to have it planned.

    Raises:
        UserError: a part of the config cannot be had, the run exists already, or the folder is not writable.
        Paused: the run waits for its review.
        KeyboardInterrupt: it was interrupted; it can be resumed.
    """
    began = time.monotonic()
    run = RunDirectory.at(runs, run_id)
    _require_new(run)
    listener.message(_introduction(run_id, config))  # before anything that takes long to import or to make
    named = load_source(config.domain)
    domain = named if isinstance(named, Domain) else None
    given = curriculum_yaml(read_curriculum(curriculum, domain)) if curriculum else ""
    resolve_student(config.student, message=listener.message, progress=listener.progress)
    open_embedder(config.embedder)
    listener.prepare(config)
    check_lessons(config)
    check_teachers(config)
    check_scorers(config, named)
    check_teachable(config, named)
    student = open_student(config.student, listener.message)
    check_trainable(student, config.training)
    try:
        run.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{run.root} cannot be made: {error.strerror}. Choose a folder you may write to: --runs-dir."
        ) from error
    with run.hold():
        _require_new(run)  # somebody else may have begun one of that name meanwhile
        if given:
            write_text(run.given_curriculum, given)
        if fresh:
            write_text(run.fresh, datetime.now(UTC).isoformat(timespec="microseconds"))
        _work(run, config, listener, began, {"student": student})
    return run


def _require_new(run: RunDirectory) -> None:
    if run.config.exists():
        raise UserError(
            f"Run {run.run_id} exists already in {run.root.parent}. Resume it: ioa resume {run.run_id}; or choose "
            "another id."
        )


def _introduction(run_id: str, config: RunConfig) -> str:
    return f"Run {run_id}: {config.domain}, teacher {config.teacher.model}, student {config.student.model}"


def check_lessons(config: RunConfig) -> None:
    """See that what the lessons are compared with can be read, before the first of them is paid for.

    Raises:
        UserError: a benchmark file cannot be, or the folder of the shared lessons cannot be written to.
    """
    read_benchmarks(config.synthesis.benchmarks)
    if config.synthesis.store is not None:
        check_store(config.synthesis.store)


def check_teachers(config: RunConfig) -> None:
    """See that everybody who plays a part can be opened, and has a price where money is limited.

    Raises:
        UserError: somebody cannot, or has none.
    """
    prices = load_prices(config.prices)
    for settings in config.roles.all(config.teacher):
        check_teacher(settings)
        if config.budget.usd is not None and settings.price is None and prices.price(settings.model) is None:
            raise UserError(
                f"budget.usd is set, but the price of {settings.model} is not known. Give it one beside its name, "
                "`price: {input: 1.0, output: 2.0}` in dollars per million tokens, or add it to a price list."
            )


def resume(runs: Path, run_id: str, listener: Listener, settings: Sequence[str] = ()) -> RunDirectory:
    """Go on with a run where it stopped.

    Args:
        runs: Folder of the runs.
        run_id: Which.
        listener: Told what happens.
        settings: `key=value` pairs that change the run's config: what it may spend, how a teacher is called.

    Raises:
        UserError: there is no such run, another process holds it, or a setting would change what was made.
        Paused: the run waits for its review.
        KeyboardInterrupt: it was interrupted again.
    """
    began = time.monotonic()
    run = RunDirectory.at(runs, run_id).require()
    with run.hold():
        config = read_run_config(run)
        listener.message(_introduction(run_id, config))
        check_lessons(config)
        if settings:
            config = changed(config, settings)
            check_teachers(config)
        listener.prepare(config)
        if settings:
            write_text(run.config, config.to_yaml())
        _work(run, config, listener, began)
    return run


def _work(
    run: RunDirectory, config: RunConfig, listener: Listener, began: float, parts: Mapping[str, Any] | None = None
) -> None:
    gc.freeze()  # what was imported stays: looking through it again and again costs a tenth of the time of calls
    with (
        _terminable(),
        open_checkpointer(run.checkpoints) as checkpointer,
        closing(RunContext(run, config, listener, parts=dict(parts or {}), began=began)) as ctx,
    ):
        ctx.clock()  # it starts now
        ctx.prepare()
        graph = build_graph(ctx, checkpointer)
        at: RunnableConfig = {"configurable": {"thread_id": run.run_id}, "recursion_limit": RECURSION_LIMIT}
        before = graph.get_state(at)
        if before.created_at is not None and not before.next:
            listener.message(f"Run {run.run_id} is finished already.")
            return
        try:
            listener.run_begun(run, config)
            graph.invoke(_input(before), at, durability="sync")
        except BaseException as error:
            _leave_after(error, ctx)
            raise
        paused = bool(graph.get_state(at).next)
        leave(ctx, "paused" if paused else "finished")
    if paused:
        raise Paused(f"The curriculum is ready for review; edit it if you like: {run.curriculum}")


def _status(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return "out of budget" if isinstance(error, BudgetReached) else "failed"


def leave(ctx: RunContext, status: str) -> None:
    """Close what is open before the listeners are told that the run is left: they may read its files."""
    with ExitStack() as left:  # last in, first out; the listeners are told also where the first two fail
        left.callback(ctx.listener.run_ended, status)
        left.callback(ctx.close)
        left.callback(ctx.clock().save)


def _leave_after(error: BaseException, ctx: RunContext) -> None:
    """Leave a run that an error ended: that error is what a person has to hear of."""
    try:
        leave(ctx, _status(error))
    except (UserError, OSError):
        pass  # a full disk, say, is in the way here too
    except Exception as another:  # noqa: BLE001 - it must not take the place of what ended the run
        ctx.message(f"When the run was left, another error came up: {type(another).__name__}: {another}")


def _input(before: Any) -> Any:
    """What the graph is invoked with: a fresh state, the answer to the review, or nothing to go on as it was."""
    if before.created_at is None:
        return {"notes": []}
    if any(task.interrupts for task in before.tasks):
        return Command(resume=True)
    return None


@contextmanager
def _terminable() -> Iterator[None]:
    """Take a polite kill (SIGTERM) for a Ctrl-C, so that it ends as cleanly."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = None
    with suppress(ValueError):  # not in the main thread: then there is nobody to send signals to
        before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)
