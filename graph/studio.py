"""The graph as LangGraph's own tools open it: `langgraph.json` at the root of the project points here."""

from pathlib import Path

from ioa.graph.builder import Graph, build_graph
from ioa.graph.config import load_config
from ioa.graph.runner import new_run_id
from ioa.graph.workshop import Workshop
from ioa.memory.run_dir import RunDirectory


def make_graph() -> Graph:
    """The graph of the built-in arithmetic run; its run directory is made when the first node runs."""
    run = RunDirectory.at(Path("runs"), new_run_id("studio"))
    return build_graph(Workshop(run, load_config("arithmetic")))
