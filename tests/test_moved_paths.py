"""Import paths that moved: each old one says so and has the objects of the new one."""

import ast
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path

import pytest

from ioa.memory.moved import MOVED, new_path

ROOT = Path(__file__).parents[1]
TOP = ("agents", "benchmarks", "cli", "configs", "evaluation", "graph", "memory", "results", "tests", "training")
NAMES = {
    "ioa.agents.calling": "TeacherSettings",
    "ioa.agents.scripted": "ScriptedModel",
    "ioa.graph.cli": "main",
    "ioa.graph.report": "write_report",
    "ioa.memory.bank": "ItemBank",
    "ioa.memory.domain": "load_domain",
    "ioa.memory.families": "register",
    "ioa.memory.procedural": "draw",
    "ioa.training.sandbox": "find_isolation",
    "ioa.training.scorers": "ScoringError",
    "ioa.training.scorers.answers": "AnswerScorer",
    "ioa.training.scorers.base": "Scorer",
    "ioa.training.scorers.stated": "stated",
}
"""What a plug-in would import from some of them; the last one is named by no line of the table."""


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_what_a_plug_in_imports_from_an_old_path_is_there_with_a_warning():
    lines = [
        f"from {old} import {name} as old{n}; from {new_path(old)} import {name} as new{n}; assert old{n} is new{n}"
        for n, (old, name) in enumerate(NAMES.items())
    ]
    done = run("import warnings\nwarnings.simplefilter('always')\n" + "\n".join(lines))
    assert done.returncode == 0, done.stderr
    for number, old in enumerate(NAMES, start=3):
        assert f"<string>:{number}: DeprecationWarning: {old} is now {new_path(old)};" in done.stderr


@pytest.mark.parametrize("old", MOVED)
def test_every_old_path_leads_to_a_module_that_is_there(old):
    sys.modules.pop(old, None)
    with pytest.warns(DeprecationWarning, match="is now"):
        module = import_module(old)
    with warnings.catch_warnings(action="error"):
        new = import_module(MOVED[old])
    for name in new.__all__ if hasattr(new, "__all__") else vars(new):
        if not name.startswith("_"):
            assert getattr(module, name) is getattr(new, name)


def test_what_was_never_there_is_not_found():
    assert new_path("ioa.memory.nowhere") == new_path("json") == new_path("") == ""
    done = run("import ioa.memory\nimport ioa.training.scorers.nowhere")
    assert "No module named 'ioa.training.exams.scorers.nowhere'" in done.stderr


def test_nothing_of_ours_uses_an_old_path():
    used = set()
    for file in (path for top in TOP for path in (ROOT / top).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                used |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
            elif isinstance(node, ast.Import):
                used |= {name.name for name in node.names}
    assert sorted(name for name in used if new_path(name)) == []
