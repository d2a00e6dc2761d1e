"""CasCoD: question to rationale, then question and rationale to answer, in cascade (Dai et al., EMNLP 2024).

The lessons are those of direct SFT. Each is taught as two tasks with weights 1 - alpha and alpha, and the student is
asked in two steps: for the rationale, and then, with it, for the answer. Simplified: the two prompts are told apart
by the rationale that stands in the second, not by worded instructions.
"""

from typing import Annotated

from pydantic import Field

from ioa.graph.config import RunConfig
from ioa.graph.context import RunContext
from ioa.graph.method_port import Method, MethodGraph
from ioa.graph.methods.iterations import build_iterations
from ioa.graph.nodes.baseline_nodes import evenly, plainly
from ioa.memory.records import Record

WHY = (
    "Plain solutions to problems of all deficient modules; the answer is learnt as a second step, behind its rationale."
)


class Options(Record):
    """What can be set."""

    alpha: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Weight of the answer's loss; the rationale's has the rest."""


def build(ctx: RunContext) -> MethodGraph:
    """Examine, ask, train, examine in two steps."""
    return build_iterations(ctx, iterations=1, why=WHY, share=evenly)


def configure(config: RunConfig, options: Options) -> RunConfig:
    """Plain lessons, taught in two tasks."""
    return plainly(config, tasks="cascade", rationale_weight=1 - options.alpha)


METHOD = Method(build, Options, configure)
