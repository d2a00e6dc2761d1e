"""A run says what it is before anything that takes seconds is imported or made."""

import subprocess
import sys

import pytest
from tests.small import ENVIRONMENT, ioa, write_config

HEAVY = {
    "torch",
    "transformers",
    "peft",
    "chromadb",
    "reasoning_gym",
    "wordllama",
    "langgraph",
    "langchain_core",
    "numpy",
}
CODE = f"""
import sys
from rich.console import Console

def first(self, text, **_):
    print(text)
    print(*sorted({HEAVY} & set(sys.modules)))
    sys.exit(5)

Console.print = first
from ioa.cli.main import main
main()
"""


def first_line(*arguments, cwd):
    """What is printed first, and which slow libraries are imported by then."""
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 5, done.stderr
    line, imported = done.stdout.splitlines()
    return line.strip(), imported.split()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    write_config(folder)
    return folder


@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_run_is_introduced_before_torch_and_its_like_are_imported(place, command):
    line, imported = first_line(command, "run.yaml", "--run-id", "begun", cwd=place)
    assert line == f"Run begun: {place / 'sums.yaml'}, teacher tutor:arithmetic, student {place / 'student'}"
    assert imported == []
    assert not (place / "runs").exists()


@pytest.mark.slow
def test_a_run_that_goes_on_is_introduced_as_well(place):
    assert ioa("plan", "run.yaml", "--run-id", "planned", cwd=place).returncode == 0
    line, imported = first_line("resume", "planned", cwd=place)
    assert line.startswith("Run planned: ")
    assert imported == []
