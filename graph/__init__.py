"""Who does what when: the state graph, its nodes and what they work with, the run file, and the runner."""

from typing import TYPE_CHECKING

from ioa.memory.moved import find_moved_modules
from ioa.memory.public_names import import_when_used

if TYPE_CHECKING:
    from ioa.graph.builder import build_graph
    from ioa.graph.config import RunConfig, load_config
    from ioa.graph.runner import resume, start
else:
    import_when_used(__name__)

find_moved_modules()

__all__ = ["RunConfig", "build_graph", "load_config", "resume", "start"]
