"""Working on a run: invoking the graph on what is there of it, and leaving it so that it can be gone on with."""

import gc
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from types import FrameType
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from ioa.agents import BudgetReached
from ioa.graph.builder import build_graph, open_checkpointer
from ioa.graph.config import RunConfig, read_run_config
from ioa.graph.context import RunContext
from ioa.graph.listeners import Listener
from ioa.memory import RunDirectory
from ioa.memory.errors import Paused, UserError
from ioa.memory.files import write_text

RECURSION_LIMIT = 100_000
"""LangGraph counts steps against endless loops; ours end by R_max, and a long curriculum has many steps."""


def work(
    run: RunDirectory, config: RunConfig, listener: Listener, began: float, parts: Mapping[str, Any] | None = None
) -> None:
    """Work on a run, from its beginning or where it was left, until it is finished or waits for its review.

    Args:
        run: The run, held by this process.
        config: How it is done.
        listener: Told what happens.
        began: When the command began, by the monotonic clock, in seconds: the run's time is counted from there.
        parts: What is open already, by its name in `RunContext`.

    Raises:
        Paused: the run waits for its review.
        KeyboardInterrupt: it was interrupted; it can be resumed.
    """
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
        changed = config != read_run_config(run)
        if before.created_at is not None and not before.next:
            # Its config says what it was taught with, and no setting changes that any more.
            listener.message(f"Run {run.run_id} is finished already{'; no setting was changed' if changed else ''}.")
            return
        if changed:
            write_text(run.config, config.to_yaml())
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
