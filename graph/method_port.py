"""The port of methods: how one is found, what it is asked for, and how its options reach the run file.

A method is a LangGraph over the nodes of `graph/nodes/`. It is registered in the entry-point group `ioa.methods`, or
named as `FILE.py:ATTRIBUTE`: a function `build(ctx)` that returns the graph, or a `Method` where it has options, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from langgraph.graph import StateGraph
from pydantic import ValidationError

from ioa.graph.config import RunConfig
from ioa.graph.context import RunContext
from ioa.graph.state import RunState
from ioa.memory.errors import UserError
from ioa.memory.plugins import load_plugin
from ioa.memory.records import Record
from ioa.memory.yaml_source import fault_text

GROUP = "ioa.methods"
"""The entry-point group in which packages register methods."""

MethodGraph = StateGraph[RunState, None, RunState, RunState]
"""What a method builds: nodes and edges, not compiled yet."""


class NoOptions(Record):
    """Of a method that has none."""


def _unchanged(config: RunConfig, _options: Any) -> RunConfig:
    return config


@dataclass(frozen=True)
class Method:
    """A way of teaching."""

    build: Callable[[RunContext], MethodGraph]
    """Makes its graph for a run; its options are in `ctx.config.method.options`."""
    options: type[Record] = NoOptions
    """What can be set in `method.options`."""
    configure: Callable[[RunConfig, Any], RunConfig] = _unchanged
    """The run file as this method reads it, given its options: what it does not use is switched off there, so that the
    config that a run keeps says what was done. Applied twice, it is the same as once."""
    takes_curriculum: bool = False
    """Whether a person can write or review its curriculum."""


def load_method(name: str) -> Method:
    """The method of that name.

    Raises:
        UserError: there is none, or what stands there is neither a function nor a `Method`.
    """
    found = load_plugin(GROUP, name, kind="method")
    if isinstance(found.value, Method):
        return found.value
    if callable(found.value):
        return Method(found.value)
    raise UserError(
        f"The method {name}: {found.place} is of type {type(found.value).__name__}. "
        "Expected a function build(ctx) that returns a StateGraph, or an ioa.graph.method_port.Method."
    )


def read_options(config: RunConfig) -> Any:
    """The options of the run's method, checked.

    Raises:
        UserError: there is no such method, or it knows no such option or value.
    """
    named, known = config.method, load_method(config.method.name).options
    try:
        return known.model_validate(named.options)
    except ValidationError as error:
        names = ", ".join(known.model_fields) or "none"
        raise UserError(
            "\n".join(f"method.options.{fault_text(fault, known)}" for fault in error.errors())
            + f"\nOptions of the method {named.name}: {names}."
        ) from error


def refuse_curriculum(config: RunConfig) -> None:
    """Say of a method that it takes no curriculum of a person's.

    Raises:
        UserError: it takes none.
    """
    if not load_method(config.method.name).takes_curriculum:
        raise UserError(
            f"The method {config.method.name} has no curriculum that a person could write or review. "
            "Leave out --curriculum and curriculum.review, and begin it with `ioa run`."
        )


def configured(config: RunConfig) -> RunConfig:
    """The run file as its method reads it.

    Raises:
        UserError: as `read_options`.
    """
    return load_method(config.method.name).configure(config, read_options(config))
