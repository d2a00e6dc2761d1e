"""The numbers beside the numbers: intervals and tests of paired comparisons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.training.exams.paired import compare_right_wrong, compare_scores, mean_interval, newcombe, sign_test

COUNT = st.integers(0, 40)


@pytest.mark.parametrize(
    ("table", "interval"),
    [  # Newcombe 1998, Statistics in Medicine 17:2635, table II, method 10
        ((36, 12, 2, 0), (0.0569, 0.3404)),
        ((36, 14, 0, 0), (0.1528, 0.4167)),
        ((18, 14, 0, 18), (0.1441, 0.3963)),
    ],
)
def test_the_interval_of_a_paired_difference_is_newcombes(table, interval):
    assert newcombe(*table) == pytest.approx(interval, abs=1e-4)


@given(COUNT, COUNT, COUNT, COUNT)
def test_the_interval_holds_the_difference_and_turns_round_with_the_examinees(both, first, second, neither):
    n = both + first + second + neither
    low, high = newcombe(both, first, second, neither)
    assert -1 <= low <= (first - second) / max(n, 1) <= high <= 1
    assert newcombe(both, second, first, neither) == pytest.approx((-high, -low))


@pytest.mark.parametrize(
    ("wins", "losses", "p"), [(0, 0, 1.0), (5, 5, 1.0), (1, 9, 22 / 1024), (9, 1, 22 / 1024), (0, 6, 2 / 64)]
)
def test_the_sign_test_is_the_exact_binomial_one(wins, losses, p):
    assert sign_test(wins, losses) == pytest.approx(p)


def test_a_paired_comparison_counts_who_was_better_where():
    found = compare_right_wrong([True, True, True, False, False], [True, False, False, False, True])
    assert (found.n, found.first_only, found.second_only, found.difference) == (5, 2, 1, pytest.approx(0.2))
    assert found.p == 1.0
    assert found.test == "McNemar, exact"


def test_scores_are_compared_by_resampling_that_is_the_same_every_time():
    first, second = [0.9, 0.8, 0.7, 0.95, 0.85, 0.9, 0.8, 0.75], [0.5, 0.4, 0.6, 0.5, 0.45, 0.3, 0.5, 0.4]
    found = compare_scores(first, second, seed=1)
    assert found == compare_scores(first, second, seed=1)
    assert found.p != compare_scores(first, second, seed=2).p
    assert 0 < found.interval[0] < found.difference < found.interval[1]
    assert found.p == pytest.approx(2 / 256, abs=0.004)  # of 2^8 sign patterns two are as far from 0
    same = compare_scores(first, first, seed=1)
    assert (same.difference, same.interval, same.p) == (0.0, (0.0, 0.0), 1.0)
    low, high = mean_interval(first, seed=1)
    assert low < sum(first) / 8 < high
