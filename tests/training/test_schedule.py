"""The course of a training: when it ends, and its rate on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.memory.training_log import HeldOutPoint
from ioa.training import TrainingSettings
from ioa.training.schedule import Course, learning_rate, plan_course


def points(*losses: float, every: int = 10, right: int = 0) -> list[HeldOutPoint]:
    return [HeldOutPoint(step=every * (n + 1), loss=loss, right=right, of=5) for n, loss in enumerate(losses)]


@given(
    bound=st.integers(1, 500),
    warmup=st.floats(0, 0.9),
    share=st.floats(0, 0.99),
    ending=st.sampled_from(["decay", "average", "both"]),
)
def test_the_rate_rises_then_falls_within_bounds(bound: int, warmup: float, share: float, ending: str) -> None:
    settings = TrainingSettings.model_validate({"warmup": warmup, "ending": ending, "ending_share": share})
    course = plan_course(bound, settings, [])
    assert (course.steps, course.learnt) == (bound, False)
    rates = [learning_rate(step, bound, course, settings) for step in range(1, course.steps + 1)]
    assert all(0 < rate <= settings.learning_rate for rate in rates)
    stable = rates[: course.ending_from - 1]
    assert stable == sorted(stable)
    if ending == "average":
        assert rates == sorted(rates)


@pytest.mark.parametrize(
    ("held_out", "expected"),
    [
        (points(1.0, 0.5, 0.4), Course(steps=100, ending_from=71)),
        (points(1.0, 0.5, 0.499, 0.498), Course(steps=58, ending_from=41, learnt=True)),
        (points(1.0, 0.5, 0.499, 0.3), Course(steps=100, ending_from=71)),
        (points(1.0, 0.5, 0.499, 0.498, 0.1), Course(steps=58, ending_from=41, learnt=True)),  # decided is decided
        (points(1.0, right=5), Course(steps=15, ending_from=11, learnt=True)),
        (points(1.0, 0.5, 0.6, every=30), Course(steps=100, ending_from=71)),
        # The mean of the ending's weights was measured, and does not improve either.
        (points(1.0, 0.5, 0.6, 0.7, every=24), Course(steps=96, ending_from=71, learnt=True)),
        (points(1.0, 0.5, 0.499, 0.498, 0.498), Course(steps=50, ending_from=41, learnt=True)),
    ],
    ids=["improves", "flat", "one without gain", "flat, then better", "all right", "not yet", "late", "flat after all"],
)
def test_it_ends_when_the_held_out_lessons_stop_improving(held_out: list[HeldOutPoint], expected: Course) -> None:
    assert plan_course(100, TrainingSettings(ending_share=0.3), held_out) == expected


def test_a_falling_rate_without_a_mean_goes_to_its_end() -> None:
    settings = TrainingSettings(ending_share=0.3, ending="decay")
    assert plan_course(100, settings, points(1.0, 0.5, 0.6, 0.7, every=24)) == Course(steps=100, ending_from=71)


def test_the_rate_falls_from_where_that_was_noticed() -> None:
    settings = TrainingSettings(warmup=0.05, learning_rate=1.0, ending_share=0.3)
    course = plan_course(100, settings, points(1.0, 0.5, 0.5, 0.5))
    rates = [learning_rate(step, 100, course, settings) for step in range(1, course.steps + 1)]
    assert rates[:6] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert rates[39:42] == pytest.approx([1.0, 1.0, 17 / 18])
    assert rates[-1] == pytest.approx(1 / 18)
