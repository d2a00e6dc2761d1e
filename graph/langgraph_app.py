"""The graph as LangGraph's own tools open it: `langgraph.json` at the root of the project points here."""

from pathlib import Path

from langchain_core.runnables import RunnableConfig

from ioa.graph.builder import Graph, build_graph
from ioa.graph.config import load_config
from ioa.graph.context import RunContext
from ioa.memory.run_dir import RunDirectory


def make_graph(config: RunnableConfig) -> Graph:
    """The graph of the built-in arithmetic run, in a run directory for each thread that is made when it starts."""
    thread = str(config.get("configurable", {}).get("thread_id", "new"))
    run = RunDirectory.at(Path("runs"), f"studio-{thread}")
    return build_graph(RunContext(run, load_config("arithmetic")))
