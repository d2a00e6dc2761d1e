"""How long a training lasts, and its learning rate on the way: warm-up, a stable part, an ending.

The rate stays at its peak for a while; then the weights are settled, by a rate that falls (Hu et al. 2024, MiniCPM) and
by their mean (Izmailov et al. 2018). When the held-out lessons say that nothing more is learnt, the ending begins at
once, or the training is over where the mean is there already: its end need not be known at its beginning.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from ioa.memory.training_log import HeldOutPoint
from ioa.training.settings.training import TrainingSettings


@dataclass(frozen=True)
class Course:
    """The steps of a training, as far as they are decided."""

    steps: int
    """The last one; it may come earlier while nothing is decided."""
    ending_from: int
    """The first step of the ending; `steps + 1` where there is none."""
    learnt: bool = False
    """Whether it ends since the held-out lessons stopped improving; else it goes to its bound."""


class NoTokensLeftError(Exception):
    """Not one step of a training fits into what is left of `budget.training_tokens`."""


def affordable_steps(lengths: Sequence[int], order: Sequence[Sequence[int]], most: int | None) -> int:
    """How many steps of a training there are, so that it sees no more than so many tokens.

    Args:
        lengths: Tokens of each lesson, prompt included.
        order: The batches of all epochs, as indices of lessons.
        most: Tokens that are left; none where there is no limit.

    Raises:
        NoTokensLeftError: they do not suffice for the first batch.
    """
    if most is None:
        return len(order)
    seen = accumulate(sum(lengths[place] for place in batch) for batch in order)
    steps = sum(tokens <= most for tokens in seen)
    if not steps:
        raise NoTokensLeftError
    return steps


def plan_course(bound: int, settings: TrainingSettings, held_out: Sequence[HeldOutPoint]) -> Course:
    """The course of a training, given what was measured so far.

    Args:
        bound: Steps of all epochs, or fewer where `budget.training_tokens` does not suffice for them.
        settings: How it is trained.
        held_out: What the held-out lessons said, oldest first.
    """
    course = Course(steps=bound, ending_from=math.floor(bound * (1 - settings.ending_share)) + 1)
    for count in range(1, len(held_out) + 1):
        at = held_out[count - 1].step
        if not stopped_improving(held_out[:count], settings.patience, settings.least_gain):
            continue
        if at < course.ending_from:
            fall = math.ceil(at * settings.ending_share / (1 - settings.ending_share))
            course = Course(steps=min(bound, at + fall), ending_from=at + 1, learnt=True)
        elif settings.ending != "decay":  # the mean so far is what was measured, and it is settled
            return Course(steps=at, ending_from=course.ending_from, learnt=True)
    return course


def stopped_improving(points: Sequence[HeldOutPoint], patience: int, least_gain: float) -> bool:
    """Whether the last `patience` measurements are none of them better than the best before by that share of it.

    All lessons written rightly is as good as it gets: then there is nothing to wait for.
    """
    if points[-1].right == points[-1].of:
        return True
    if len(points) <= patience:
        return False
    before = min(point.loss for point in points[:-patience])
    return min(point.loss for point in points[-patience:]) > before * (1 - least_gain)


def learning_rate(step: int, bound: int, course: Course, settings: TrainingSettings) -> float:
    """The rate of a step, counted from 1: a linear rise, the peak, perhaps a linear fall that ends just above zero."""
    rise = math.ceil(settings.warmup * bound)
    rate = settings.learning_rate
    if step <= rise:
        rate *= step / rise
    if step >= course.ending_from and settings.ending != "average":
        rate *= (course.steps + 1 - step) / (course.steps + 1 - course.ending_from)
    return rate
