"""Direct SFT: the teacher's plain solutions to problems of all deficient modules, and one training on them.

What DeepSeek-R1's distilled models are (DeepSeek-AI 2025, section 2.4), and what a reviewer of any curriculum asks
for: the same number of lessons from the same teacher, without stages, strategies, gate or remedies. The lessons are
shared out evenly over the modules whose gap exceeds tau_gap.
"""

from ioa.graph.config import RunConfig
from ioa.graph.context import RunContext
from ioa.graph.method_port import Method, MethodGraph, NoOptions
from ioa.graph.methods.iterations import build_iterations
from ioa.graph.nodes.baseline_nodes import evenly, plainly

WHY = "Plain solutions to problems of all deficient modules, in equal numbers, trained on at once."


def build(ctx: RunContext) -> MethodGraph:
    """Examine, ask, train, examine."""
    return build_iterations(ctx, iterations=1, why=WHY, share=evenly)


def configure(config: RunConfig, _options: NoOptions) -> RunConfig:
    """Without what this method has not."""
    return plainly(config)


METHOD = Method(build, configure=configure)
