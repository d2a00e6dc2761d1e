"""Distilling Step-by-Step: answer and rationale as two tasks of one training (Hsieh et al., ACL Findings 2023).

The lessons are those of direct SFT. Each is taught twice in an epoch, told apart by a prefix: to answer at once, and to
give the rationale; the student is then asked for the answer at once, as in the paper. Simplified: the paper's student
is an encoder-decoder (T5) trained in full; here it is the run's causal LM with its LoRA, and the weights of the two
losses sum to 1.
"""

from typing import Annotated

from pydantic import Field

from ioa.graph.config import RunConfig
from ioa.graph.context import RunContext
from ioa.graph.method_port import Method, MethodGraph
from ioa.graph.methods.iterations import build_iterations
from ioa.graph.nodes.baseline_nodes import evenly, plainly
from ioa.memory.records import Record

WHY = "Plain solutions to problems of all deficient modules; answer and rationale are two tasks of one training."


class Options(Record):
    """What can be set."""

    rationale_weight: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Weight of the rationale's loss; the answer's has the rest."""


def build(ctx: RunContext) -> MethodGraph:
    """Examine, ask, train, examine."""
    return build_iterations(ctx, iterations=1, why=WHY, share=evenly)


def configure(config: RunConfig, options: Options) -> RunConfig:
    """Plain lessons, taught in two tasks."""
    return plainly(config, tasks="step-by-step", rationale_weight=options.rationale_weight)


METHOD = Method(build, Options, configure)
