"""The family `python_functions`: a signature and a docstring, to be completed by a function."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from ioa.memory.families.base import Family


@dataclass
class PythonFunctionsConfig:
    """Parameters of the family."""

    seed: int | None = None
    size: int = 500

    def validate(self) -> None:
        """Nothing to refuse."""


def _make(rng: Random, _: PythonFunctionsConfig) -> Mapping[str, Any]:
    factor = rng.randint(2, 99)
    code = f"def f(n):\n    return n * {factor}"
    prompt = f'def f(n):\n    """Return n times {factor}."""\n'
    return {
        "question": f"Complete this Python function.\n\n{prompt}",
        "answer": code,
        "metadata": {
            "prompt": prompt,
            "entry_point": "f",
            "tests": [f"assert f({n}) == {n * factor}" for n in (0, 1, -3)],
            "setup": "",
        },
    }


FAMILY = Family("python_functions", PythonFunctionsConfig, _make)
