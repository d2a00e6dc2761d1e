"""LaMini-LM: many diverse instructions from topics and examples, the teacher's answers, one training (Wu et al. 2024).

The topics are the domain's modules, all of them: the method has no idea of what the student cannot do. Each request
draws its topic at random and shows examples of it. Where a teacher cannot invent problems, as the embedded tutor
cannot, they are drawn from the pack's generators, over the whole domain. Simplified: the paper draws topics from
Wikipedia, and trains on 2.58 million instructions.
"""

from ioa.graph.config import RunConfig
from ioa.graph.context import RunContext
from ioa.graph.method_port import Method, MethodGraph, NoOptions
from ioa.graph.methods.iterations import build_iterations
from ioa.graph.nodes.baseline_nodes import at_random, plainly

WHY = "Problems from topics drawn at random over the whole domain, with plain solutions, trained on at once."


def build(ctx: RunContext) -> MethodGraph:
    """Examine, ask, train, examine."""
    return build_iterations(ctx, iterations=1, why=WHY, share=at_random, whole=True)


def configure(config: RunConfig, _options: NoOptions) -> RunConfig:
    """Without what this method has not."""
    return plainly(config)


METHOD = Method(build, configure=configure)
