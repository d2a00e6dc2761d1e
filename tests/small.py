"""A complete run that takes seconds: a tiny model with real weights, two small modules, the embedded tutor."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from filelock import FileLock

from tests.command import run_command
from tests.training.tiny import make_tiny_student


def sums(digits: tuple[int, int]) -> dict:
    """A generator of sums of two numbers of that many digits."""
    params = {"min_terms": 2, "max_terms": 2, "min_digits": digits[0], "max_digits": digits[1], "operators": ["+"]}
    return {
        "family": "basic_arithmetic",
        "params": {**params, "allow_parentheses": False, "allow_negation": False},
    }


PACK = {
    "name": "sums",
    "description": "Sums of small numbers.",
    "modules": [
        {
            "id": "sums/short",
            "description": "Adds two numbers below eleven.",
            "levels": {"standard": sums((1, 1))},
            "exam_level": "standard",
        },
        {
            "id": "sums/long",
            "description": "Adds two numbers of two or three digits.",
            "prerequisites": ["sums/short"],
            "levels": {"standard": sums((2, 3))},
            "exam_level": "standard",
        },
    ],
}

PROGRAM = (sys.executable, "-m", "ioa.cli.main")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
"""One thread: the tiny student's products are so small that two threads only wait for each other."""


def write_config(folder: Path, **changes) -> Path:
    """A run file for the tiny student in `folder`, with its pack and its weights."""
    student = folder / "student"
    if not student.exists():
        make_tiny_student(student)
    pack = folder / "sums.yaml"
    pack.write_text(yaml.safe_dump(PACK), encoding="utf-8")
    config = {
        "domain": str(pack),
        "seed": 3,
        # Nothing is left to a measurement of this machine, which would take seconds and choose otherwise elsewhere.
        "student": {"model": str(student), "max_new_tokens": 80, "dtype": "float32", "threads": 1, "batch_size": 32},
        "examination": {"diagnosis": 4, "gate": 4, "final": 4, "portion": 2},
        "diagnosis": {"top_share": 1.0},
        "synthesis": {"per_module": 16, "per_remedy": 8, "per_request": 4},
        "mastery": {"rounds": 1},
        "training": {"epochs": 2, "batch_size": 4, "checkpoint_every": 2, "least_new": 1},
    }
    for section, values in changes.items():
        config[section] = {**config.get(section, {}), **values} if isinstance(values, dict) else values
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def made_once(name: str, make: Callable[[Path], None], folders: pytest.TempPathFactory) -> Path:
    """A folder of that name, made by the first of the processes of tests that needs it, and read by all."""
    own = folders.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    made = folder.with_suffix(".made")
    with FileLock(folder.with_suffix(".lock")):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def ioa(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Call the command line as a user would, in that folder, without a process of its own."""
    return run_command(arguments, cwd=cwd, environment=ENVIRONMENT)


def ioa_process(*arguments: object, cwd: Path, seconds: int = 300) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own; it has that long."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
        text=True,
        timeout=seconds,
    )


def start(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    """The same, left running, with its progress on `stderr`."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        cwd=cwd,
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
