"""LLM2LLM: new problems made from those that the student gets wrong, again and again (Lee et al., ACL Findings 2024).

The first part of the lessons is shared out evenly over the deficient modules: the seed data. In each further
iteration the student is asked the problems of the seed data, and the teacher writes new ones after each that it got
wrong; then the student is trained anew, from its bare weights, on all lessons so far, as in the paper. Where a
teacher cannot vary a given problem, as the embedded tutor cannot, the new ones are drawn at the module and level of
the wrong one.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Annotated

from pydantic import Field

from ioa.graph.config import RunConfig
from ioa.graph.context import RunContext
from ioa.graph.method_port import Method, MethodGraph, read_options
from ioa.graph.methods.iterations import build_iterations
from ioa.graph.nodes.baseline_nodes import Asked, ask_lessons, even_shares, evenly, plainly
from ioa.memory.records import Record

WHY = (
    "Plain solutions to problems of the deficient modules, then to new ones made from those that the student got wrong."
)


class Options(Record):
    """What can be set."""

    iterations: Annotated[int, Field(ge=2, le=20)] = 3
    """How often lessons are asked for and trained on, the seed data included."""


def build(ctx: RunContext) -> MethodGraph:
    """Examine; then ask, train, and ask after what was wrong."""
    count = read_options(ctx.config).iterations
    return build_iterations(ctx, iterations=count, why=WHY, share=evenly, next_share=after_the_wrong)


def after_the_wrong(ctx: RunContext, count: int) -> Mapping[str, Asked]:
    """New problems after those of the seed data that the student got wrong, in equal numbers; or after all of it."""
    seed_data = [lesson for lesson in ctx.store().examples() if lesson.round == 0]
    if not seed_data:
        return evenly(ctx, count)
    wrong = [lesson for lesson, right in ask_lessons(ctx, seed_data) if not right] or seed_data
    shares = even_shares(count, [lesson.id for lesson in wrong])
    asked = {}
    for module in dict.fromkeys(lesson.module for lesson in wrong):
        own = [lesson for lesson in wrong if lesson.module == module and shares[lesson.id]]
        if own:
            seeds = tuple(lesson.problem for lesson in islice(own, count))
            asked[module] = Asked(sum(shares[lesson.id] for lesson in own), seeds)
    return asked


def configure(config: RunConfig, _options: Options) -> RunConfig:
    """Without what this method has not."""
    return plainly(config)


METHOD = Method(build, Options, configure)
