"""Who does what when: the state graph, its nodes and what they work with, the run file, and the runner."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ioa.memory.moved import find_moved_modules

if TYPE_CHECKING:
    from ioa.graph.builder import build_graph
    from ioa.graph.config import RunConfig, load_config
    from ioa.graph.runner import resume, start

find_moved_modules()

__all__ = ["RunConfig", "build_graph", "load_config", "resume", "start"]

_HOMES = {
    "RunConfig": "config",
    "build_graph": "builder",
    "load_config": "config",
    "resume": "runner",
    "start": "runner",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: commands that only look at runs have to be instant."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
