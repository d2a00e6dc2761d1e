"""The family `python_functions`: a signature and a docstring, to be completed by a function.

Each function is put together from parts: a condition, a change, a way to bring a list down to one value, a step on
a text. What it is tested with is computed by running the reference.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from ioa.memory.domains.families.family import Family
from ioa.memory.domains.families.python_numbers import (
    conditional,
    counting,
    expression,
    filtered,
    first_match,
    mapped,
    reduction,
)
from ioa.memory.domains.families.python_tasks import Arguments, Task
from ioa.memory.domains.families.python_texts import characters, words_of

TOPICS: Mapping[str, Callable[[Random, bool], Task]] = {
    "expression": expression,
    "conditional": conditional,
    "reduce": reduction,
    "filter": filtered,
    "map": mapped,
    "first": first_match,
    "characters": characters,
    "words": words_of,
    "dictionary": counting,
}
"""Kinds of function by name."""


@dataclass
class PythonFunctionsConfig:
    """Parameters of the family."""

    topic: str = "expression"
    """Kind of function, one of `TOPICS`."""
    composed: bool = True
    """Whether several parts are put together; else there is as little as the topic allows."""
    seed: int | None = None
    size: int = 500

    def validate(self) -> None:
        """See that there is such a topic.

        Raises:
            ValueError: there is none.
        """
        if self.topic not in TOPICS:
            raise ValueError(f"`topic` is {self.topic!r}, expected one of {', '.join(TOPICS)}")


def _make(rng: Random, config: PythonFunctionsConfig) -> Mapping[str, Any]:
    while True:
        task = TOPICS[config.topic](rng, config.composed)
        name = rng.choice(task.names)
        head = f"def {name}({', '.join(task.parameters)}):"
        code = "\n".join([head, *(f"    {line}" for line in task.body.split("\n"))])
        function = _function(code, name)
        if len({repr(function(*given)) for given in task.inputs}) > 1:  # else any constant would do
            break
    arguments = _find_telling_arguments(task.shown, function)
    example = f">>> {_call(name, arguments)}\n    {function(*arguments)!r}"
    prompt = f'{head}\n    """{task.sentence}\n\n    {example}\n    """\n'
    return {
        "question": f"Complete this Python function.\n\n{prompt}",
        "answer": code,
        "metadata": {
            "prompt": prompt,
            "entry_point": name,
            "tests": [f"assert {_call(name, given)} == {function(*given)!r}" for given in task.inputs],
            "setup": "",
        },
    }


def _function(code: str, name: str) -> Callable[..., Any]:
    defined: dict[str, Any] = {}
    exec(code, defined)  # noqa: S102 - made of nothing but the parts in this package
    made: Callable[..., Any] = defined[name]
    return made


def _find_telling_arguments(shown: tuple[Arguments, ...], function: Callable[..., Any]) -> Arguments:
    """The first arguments for which the function gives something; the last ones where there are none."""
    return next((given for given in shown if function(*given)), shown[-1])


def _call(name: str, arguments: Arguments) -> str:
    return f"{name}({', '.join(map(repr, arguments))})"


FAMILY = Family("python_functions", PythonFunctionsConfig, _make)
