"""Import paths that plug-ins may use and that have moved: they go on working, and say where to go.

A module that is asked for under an old path is looked for last, after everything that is there, and stands for the new
one: it has what that has.
"""

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "ioa.agents.calling": "ioa.agents.teachers",
    "ioa.agents.calling.faults": "ioa.agents.teachers.provider_faults",
    "ioa.agents.calling.limits": "ioa.agents.teachers.rate_limits",
    "ioa.agents.calling.manner": "ioa.agents.teachers.dialect",
    "ioa.agents.calling.settings": "ioa.agents.settings.teacher",
    "ioa.agents.checks": "ioa.agents.step_checks",
    "ioa.agents.gguf": "ioa.agents.teachers.gguf",
    "ioa.agents.scripted": "ioa.agents.teachers.scripted",
    "ioa.graph.cli": "ioa.cli.main",
    "ioa.graph.evaluation": "ioa.evaluation",
    "ioa.graph.exporters": "ioa.results.exporters",
    "ioa.graph.progress": "ioa.results.terminal.progress",
    "ioa.graph.report": "ioa.results.report",
    "ioa.graph.studio": "ioa.graph.langgraph_app",
    "ioa.graph.view": "ioa.results.view",
    "ioa.memory.bank": "ioa.memory.domains.bank",
    "ioa.memory.domain": "ioa.memory.domains.packs",
    "ioa.memory.families": "ioa.memory.domains.families",
    "ioa.memory.families.base": "ioa.memory.domains.families.family",
    "ioa.memory.family_domain": "ioa.memory.domains.family_domain",
    "ioa.memory.item_sets": "ioa.memory.domains.item_sets",
    "ioa.memory.item_sets.faults": "ioa.memory.domains.item_sets.item_faults",
    "ioa.memory.item_sets.programs": "ioa.memory.domains.item_sets.item_programs",
    "ioa.memory.item_sets.reading": "ioa.memory.domains.item_sets.item_files",
    "ioa.memory.procedural": "ioa.memory.domains.procedural",
    "ioa.memory.records.base": "ioa.memory.records.record",
    "ioa.memory.transcript.frame": "ioa.memory.transcript.data_frame",
    "ioa.memory.transcript.reading": "ioa.memory.transcript.reader",
    "ioa.training.examination": "ioa.training.exams.examining",
    "ioa.training.mastery": "ioa.training.exams.mastery_gate",
    "ioa.training.probes": "ioa.training.exams.probes",
    "ioa.training.sandbox": "ioa.training.exams.sandbox",
    "ioa.training.sandbox.probe": "ioa.training.exams.sandbox.availability",
    "ioa.training.sandbox.processes": "ioa.training.exams.sandbox.sandbox_processes",
    "ioa.training.sandbox.settings": "ioa.training.exams.sandbox.sandbox_settings",
    "ioa.training.scorers": "ioa.training.exams.scorers",
    "ioa.training.scorers.answers": "ioa.training.exams.scorers.final_answers",
    "ioa.training.scorers.base": "ioa.training.exams.scorers.scorer",
    "ioa.training.scorers.processes": "ioa.training.exams.scorers.worker_processes",
    "ioa.training.scoring": "ioa.training.exams.answer_extraction",
}
"""New paths by the old ones; what is below an old path and not named is below the new one under the same name."""


def new_path(old: str) -> str:
    """Where the module of an old path is now; empty where the path is none of the old ones."""
    if old in MOVED:
        return MOVED[old]
    above, _, name = old.rpartition(".")
    moved = new_path(above) if above else ""
    return f"{moved}.{name}" if moved else ""


class _OldPaths(MetaPathFinder, Loader):
    """Finds and makes the modules of old paths."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - as every finder is asked
        target: ModuleType | None = None,  # noqa: ARG002 - as every finder is asked
    ) -> ModuleSpec | None:
        """A spec where the path is an old one; as a package's, so that what is below it is looked for here, too."""
        return ModuleSpec(fullname, self, is_package=True) if new_path(fullname) else None

    def exec_module(self, module: ModuleType) -> None:
        """Let the module have what the one of the new path has."""
        new = import_module(new_path(module.__name__))
        warnings.warn(
            f"{module.__name__} is now {new.__name__}; the old path will go.",
            DeprecationWarning,
            stacklevel=2,  # whoever imports it: Python leaves the frames of its own import machinery out
        )
        module.__dict__.update(
            __doc__=new.__doc__,
            __all__=getattr(new, "__all__", [name for name in vars(new) if not name.startswith("_")]),
            __getattr__=lambda name: getattr(new, name),
        )


def find_moved_modules() -> None:
    """Have old paths found from now on; a second call changes nothing."""
    if not any(isinstance(finder, _OldPaths) for finder in sys.meta_path):
        sys.meta_path.append(_OldPaths())  # last: a module that is there is never taken for one that moved
