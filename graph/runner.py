"""Starting, resuming and stopping runs."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from ioa.agents import open_model
from ioa.graph.builder import build_graph, open_checkpointer
from ioa.graph.config import RunConfig
from ioa.graph.progress import Reporter
from ioa.graph.report import write_report
from ioa.graph.workshop import Workshop
from ioa.memory import RunDirectory, open_embedder
from ioa.memory.domain import load_domain
from ioa.memory.errors import Stopped, UserError
from ioa.memory.yaml_source import validate
from ioa.training import resolve_student

RECURSION_LIMIT = 100_000
"""LangGraph counts steps against endless loops; ours end by R_max, and a long curriculum has many steps."""


class Paused(Stopped):
    """The run waits for a person; the message says what for."""

    exit_code = 0


def new_run_id(domain: str) -> str:
    """`<domain>-<date>-<time>`, UTC."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(domain).stem).strip("-_")[:40] or "run"
    return f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def start(config: RunConfig, runs: Path, run_id: str, reporter: Reporter) -> RunDirectory:
    """Begin a run and work on it until it is finished.

    Everything that can be wrong with the config is found before anything is written.

    Raises:
        UserError: a part of the config cannot be had, the run exists already, or the folder is not writable.
        Paused: the run waits for its review.
        KeyboardInterrupt: it was interrupted; it can be resumed.
    """
    run = RunDirectory.at(runs, run_id)
    if run.config.exists():
        raise UserError(f"Run {run_id} exists already in {runs}. Resume it: ioa resume {run_id}; or choose another id.")
    load_domain(config.domain)
    resolve_student(config.student)
    open_embedder(config.embedder)
    open_model(config.teacher)
    try:
        run.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{run.root} cannot be made: {error.strerror}. Choose a folder you may write to: --runs-dir."
        ) from error
    with run.hold():
        _work(run, config, reporter)
    return run


def resume(runs: Path, run_id: str, reporter: Reporter) -> RunDirectory:
    """Go on with a run where it stopped.

    Raises:
        UserError: there is no such run, or another process holds it.
        Paused: the run waits for its review.
        KeyboardInterrupt: it was interrupted again.
    """
    run = RunDirectory.at(runs, run_id).require()
    with run.hold():
        _work(run, validate(run.config, RunConfig), reporter)
    return run


def _work(run: RunDirectory, config: RunConfig, reporter: Reporter) -> None:
    with _terminable(), open_checkpointer(run.checkpoints) as checkpointer:
        shop = Workshop(run, config, reporter)
        shop.clock()  # it starts now
        shop.prepare()
        graph = build_graph(shop, checkpointer)
        at: RunnableConfig = {"configurable": {"thread_id": run.run_id}, "recursion_limit": RECURSION_LIMIT}
        before = graph.get_state(at)
        if before.created_at is not None and not before.next:
            reporter.say(f"Run {run.run_id} is finished already.")
            return
        try:
            graph.invoke(_input(before), at, durability="sync")
        except BaseException as error:
            with suppress(UserError, OSError):  # what went wrong is said already, and may be in the way here too
                _leave(shop, "interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
            raise
        shop.close()
        if graph.get_state(at).next:
            _leave(shop, "paused")
            raise Paused(f"The curriculum is ready for review; edit it if you like: {run.curriculum}")


def _leave(shop: Workshop, status: str) -> None:
    shop.clock().save()
    shop.close()
    write_report(shop.run, status)


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

    with suppress(ValueError):  # not in the main thread: then there is nobody to send signals to
        signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
