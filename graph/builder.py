"""The graph of a run: that of its method, compiled."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph.state import CompiledStateGraph

from ioa.graph.context import RunContext
from ioa.graph.method_port import load_method
from ioa.graph.state import RunState

Graph = CompiledStateGraph[RunState, None, RunState, RunState]


def build_graph(ctx: RunContext, checkpointer: "BaseCheckpointSaver[str] | None" = None) -> Graph:
    """The whole run as a compiled graph.

    Args:
        ctx: What the nodes work with.
        checkpointer: Where the state is kept after each step; none for LangGraph's own tools, which bring theirs.

    Raises:
        UserError: there is no such method.
    """
    return load_method(ctx.config.method.name).build(ctx).compile(checkpointer=checkpointer, name="ioa")


@contextmanager
def open_checkpointer(path: Path) -> Iterator[SqliteSaver]:
    """The run's checkpoints in SQLite, reading back plain data only, never a pickled or named class."""
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        yield SqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
    finally:
        connection.close()
