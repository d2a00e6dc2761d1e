"""Self-Instruct: instructions bootstrapped from a pool, those too like one of it dropped (Wang et al., ACL 2023).

Each request shows the samples of its module, the seeds; the pool is what was accepted so far, and a problem whose
ROUGE-L with one of the pool is above 0.7 is dropped. Requests are spread over the domain at random, since the
method has no idea of what the student cannot do. Where a teacher cannot invent problems, as the embedded tutor
cannot, they are drawn from the pack's generators, over the whole domain. Simplified: the paper's model teaches
itself; here the teacher answers, as in all methods of this comparison, and its filter of keywords has nothing to
filter.
"""

from typing import Annotated

from pydantic import Field

from ioa.graph.config import RunConfig, with_settings
from ioa.graph.context import RunContext
from ioa.graph.method_port import Method, MethodGraph
from ioa.graph.methods.iterations import build_iterations
from ioa.graph.nodes.baseline_nodes import at_random, plainly
from ioa.memory.records import Record

WHY = "Problems over the whole domain that are not too like one of the pool, with plain solutions, trained on at once."


class Options(Record):
    """What can be set."""

    rouge_l: Annotated[float, Field(gt=0, le=1)] = 0.7
    """ROUGE-L (F1) with a problem of the pool above which a problem is dropped."""


def build(ctx: RunContext) -> MethodGraph:
    """Examine, ask, train, examine."""
    return build_iterations(ctx, iterations=1, why=WHY, share=at_random, whole=True)


def configure(config: RunConfig, options: Options) -> RunConfig:
    """Plain lessons, and the filter."""
    return with_settings(plainly(config), synthesis={"pool_rouge_l": options.rouge_l})


METHOD = Method(build, Options, configure)
