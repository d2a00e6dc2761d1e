"""The folders, the packages that setuptools is told of, and what is imported by whom."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TOP = ("agents", "cli", "configs", "evaluation", "graph", "memory", "results", "training")


def test_every_folder_with_code_or_data_is_a_listed_package():
    folders = {
        "ioa." + ".".join(path.parent.relative_to(ROOT).parts)
        for top in TOP
        for pattern in ("*.py", "*.md", "*.yaml", "*.html")
        for path in (ROOT / top).rglob(pattern)
    }
    assert sorted(folders) == PROJECT["tool"]["setuptools"]["packages"]


@pytest.mark.parametrize("top", TOP)
def test_type_checkers_find_the_packages(top):
    assert (ROOT / "typings" / "ioa" / top).resolve() == ROOT / top


@pytest.mark.parametrize("module", ["ioa.cli.main", "ioa.training", "ioa.memory"])
def test_importing_what_the_command_line_needs_loads_nothing_heavy(module):
    heavy = {"torch", "transformers", "peft", "chromadb", "langgraph", "langchain", "nicegui", "reasoning_gym"}
    code = f"import sys, {module}; print(*sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_no_installed_distribution_ships_a_top_level_package_of_our_folders_names():
    """`agents` alone would overwrite the package of that name that openai-agents installs."""
    code = "import importlib.util as u; print([n for n in ('agents', 'graph', 'training', 'memory') if u.find_spec(n)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.strip() == "[]"


def test_a_section_of_the_run_file_has_its_settings_in_a_file_of_its_name():
    from ioa.graph.config import RunConfig
    from ioa.memory.records import Record

    homes = {
        name: field.annotation.__module__
        for name, field in RunConfig.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Record)
    }
    assert len(homes) >= 12
    assert {name: home for name, home in homes.items() if not home.endswith(f".settings.{name}")} == {}


def test_no_two_rooms_have_a_file_of_the_same_name():
    """But for those whose files are called after something else: a section of the run file, or a command."""
    places: dict[str, list[str]] = {}
    for top in set(TOP) - {"cli"}:
        for path in (ROOT / top).rglob("*.py"):
            if path.name != "__init__.py" and path.parent.name != "settings":
                places.setdefault(path.name, []).append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
