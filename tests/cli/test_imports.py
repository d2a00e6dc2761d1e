"""What commands that only look at runs leave alone: a library that takes long to import is not what they wait for."""

import subprocess
import sys

import pytest
from tests.results.fake_run import make_run
from tests.small import ENVIRONMENT

HEAVY = {"torch", "transformers", "peft", "langgraph", "langchain_core", "chromadb", "numpy", "networkx", "nicegui"}
CODE = """
import atexit, sys
atexit.register(lambda: print("imported", *{name.partition(".")[0] for name in sys.modules}, file=sys.stderr))
from ioa.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("looked-at")
    make_run(folder / "runs", "taught")
    return folder


@pytest.mark.parametrize(
    ("command", "shown", "left_alone"),
    [
        pytest.param("--help", "Commands:", HEAVY | {"rich", "pydantic", "yaml", "filelock"}, id="--help"),
        pytest.param("run --help", "--curriculum", HEAVY | {"rich", "yaml", "filelock"}, id="run --help"),
        *(
            pytest.param(command, shown, HEAVY, id=command)
            for command, shown in {
                "runs": "taught",
                "runs --json": '"run_id": "taught"',
                "show taught": "Curriculum and mastery",
                "show taught --json": '"run_id": "taught"',
                "diff taught taught": "taught",
                "transcript taught": "planner",
            }.items()
        ),
    ],
)
def test_a_look_imports_only_what_it_shows_with(place, command, shown, left_alone):
    command = [sys.executable, "-c", CODE, *command.split()]
    done = subprocess.run(command, cwd=place, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout
    last = done.stderr.splitlines()[-1].split()
    assert last[0] == "imported"
    assert "ioa" in last
    assert left_alone & set(last) == set()
