"""Star-Agents: pairs of agents write, two models rank, and better pairs are drawn more often (Zhou et al. 2024).

A pair is who draws the problem and who solves it; here all problems are drawn alike, and the solvers differ in how they
write: plainly, or by one of the strategies. A lesson's score is how much likelier its solution is to the student as
taught so far than to the bare one, the two models: what is hard for the one and within reach of the other. After each
iteration a pair is drawn in proportion to the exponential of its mean score. Simplified: the paper has ten pairs of
several models of language, and its two models are a small and a large one.
"""

import math
import random
from collections.abc import Mapping
from statistics import fmean
from typing import Annotated

from pydantic import Field

from ioa.graph.config import RunConfig, with_settings
from ioa.graph.context import RunContext
from ioa.graph.method_port import Method, MethodGraph, read_options
from ioa.graph.methods.iterations import build_iterations
from ioa.graph.nodes.baseline_nodes import Asked, at_random, measure_gain, plainly
from ioa.memory.records import Record, Strategy

WHY = "Problems over the whole domain, solved by several pairs of agents; whose lessons teach most are drawn more."
PAIRS: tuple[tuple[Strategy, ...], ...] = ((), *((strategy,) for strategy in Strategy))
"""How the solver of each pair writes."""


class Options(Record):
    """What can be set."""

    iterations: Annotated[int, Field(ge=2, le=20)] = 3
    """How often lessons are asked for, scored and trained on."""


def build(ctx: RunContext) -> MethodGraph:
    """Examine; then write, train, score, and draw the pairs anew."""
    count = read_options(ctx.config).iterations
    return build_iterations(ctx, iterations=count, why=WHY, share=by_all, next_share=by_the_better, whole=True)


def by_all(ctx: RunContext, count: int) -> Mapping[str, Asked]:
    """Modules drawn at random, each written by a pair that is drawn alike."""
    return _by_pairs(ctx, count, [1.0] * len(PAIRS))


def by_the_better(ctx: RunContext, count: int) -> Mapping[str, Asked]:
    """The same with the pairs drawn by what their lessons brought."""
    gains = measure_gain(ctx)
    by_pair = {pair: [gain for lesson, gain in gains if lesson.strategies == pair] for pair in PAIRS}
    means = {pair: fmean(own) for pair, own in by_pair.items() if own}
    usual = fmean(means.values()) if means else 0.0
    weights = [math.exp(means.get(pair, usual) - usual) for pair in PAIRS]
    told = ", ".join(f"{' '.join(pair) or 'plain'} {weight:.2f}" for pair, weight in zip(PAIRS, weights, strict=True))
    ctx.message(f"Weights of the pairs: {told}")
    return _by_pairs(ctx, count, weights)


def _by_pairs(ctx: RunContext, count: int, weights: list[float]) -> Mapping[str, Asked]:
    rng = random.Random(f"{ctx.config.seed}/pairs/{len(ctx.store().examples())}")
    return {
        module: asked._replace(strategies=rng.choices(PAIRS, weights)[0])
        for module, asked in at_random(ctx, count).items()
    }


def configure(config: RunConfig, _options: Options) -> RunConfig:
    """Without Organizer and gate, but with the strategies of the pairs."""
    return with_settings(plainly(config), synthesis={"choice": "fixed"})


METHOD = Method(build, Options, configure)
