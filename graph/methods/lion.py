"""Lion: imitation, discrimination, and new hard and easy instructions, again and again (Jiang et al., EMNLP 2023).

In the first iteration lessons are drawn over the whole domain at random. Then, in turn: the student, as it was taught
so far, is asked the problems of the pool; where it falls short of the reference the problem is hard, else easy; and
half of the next lessons are new problems of the hard ones' kind, the other half of any kind. Each training goes on
from the last, on the new lessons and those before. Simplified: the teacher's opinion of two answers is taken where
only an opinion is to be had; here problems have answers, which say it. Where a teacher cannot invent problems, as the
embedded tutor cannot, they are drawn from the pack's generators.
"""

from collections.abc import Mapping
from itertools import cycle, islice
from typing import Annotated

from pydantic import Field

from ioa.graph.config import RunConfig
from ioa.graph.context import RunContext
from ioa.graph.method_port import Method, MethodGraph, read_options
from ioa.graph.methods.iterations import build_iterations
from ioa.graph.nodes.baseline_nodes import Asked, ask_lessons, at_random, in_proportion, plainly
from ioa.memory.records import Record

WHY = "Problems over the whole domain with plain solutions, then as many hard as easy ones, by what the student can do."


class Options(Record):
    """What can be set."""

    iterations: Annotated[int, Field(ge=2, le=20)] = 3
    """How often lessons are asked for and trained on, the first imitation included."""


def build(ctx: RunContext) -> MethodGraph:
    """Examine; then imitate, discriminate, and ask for hard and easy ones."""
    count = read_options(ctx.config).iterations
    return build_iterations(
        ctx, iterations=count, why=WHY, share=at_random, next_share=hard_and_easy, whole=True, anew=False
    )


def hard_and_easy(ctx: RunContext, count: int) -> Mapping[str, Asked]:
    """Half of the lessons in the modules of the hard problems, in their proportion, the other half anywhere."""
    hard = [lesson for lesson, right in ask_lessons(ctx, ctx.store().examples()) if not right]
    asked = dict(at_random(ctx, count - count // 2 if hard else count))
    for module, share in in_proportion(count // 2, [lesson.module for lesson in hard]).items():
        seeds = islice(cycle(lesson.problem for lesson in hard if lesson.module == module), share)
        anywhere = asked.get(module, Asked(0)).lessons
        asked[module] = Asked(share + anywhere, (*seeds, *[""] * anywhere))
    return asked


def configure(config: RunConfig, _options: Options) -> RunConfig:
    """Without what this method has not."""
    return plainly(config)


METHOD = Method(build, Options, configure)
