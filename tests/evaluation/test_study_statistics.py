"""The statistics of studies, against numbers worked out by hand and against what is simulated."""

import numpy as np
import pytest

from ioa.evaluation.study_statistics import compare, holm, mean_score


def items(*right):
    """Item i is right where its number is listed, of ten."""
    return {f"item-{number}": number in right for number in range(10)}


# Reference 8, 7 and 9 of 10; arm 5, 6 and 4 of 10: differences 0.3, 0.1 and 0.5, mean 0.3, variance 0.04, standard
# error (0.04 / 3) ** 0.5 = 0.11547, t = 2.598 with 2 degrees of freedom, p = 0.1217.
REFERENCE = {1: items(*range(8)), 2: items(*range(7)), 3: items(*range(9))}
ARM = {1: items(*range(5)), 2: items(*range(6)), 3: items(*range(4))}


def test_a_case_worked_out_by_hand():
    (found,) = compare({"ioa": REFERENCE, "other": ARM}, "ioa")
    assert (found.arm, found.seeds, found.items) == ("other", 3, 30)
    assert found.difference.mean == pytest.approx(0.3)
    assert found.ratio.mean == pytest.approx(24 / 15)
    assert found.p == pytest.approx(0.1217, abs=1e-4)
    assert found.p_holm == found.p
    assert found.difference.low < 0.3 < found.difference.high
    assert mean_score(REFERENCE).mean == pytest.approx(0.8)


def test_the_bootstrap_draws_the_seeds_anew():
    """The items say nothing here: all or none are right. Of two seeds with differences 1 and 0, a quarter of the draws
    has the first one twice, and a quarter the second one."""
    every, none = items(*range(10)), items()
    (found,) = compare({"ioa": {1: every, 2: none}, "other": {1: none, 2: none}}, "ioa")
    assert (found.difference.mean, found.difference.low, found.difference.high) == (0.5, 0, 1)


def test_equal_arms_differ_by_nothing():
    (found,) = compare({"ioa": REFERENCE, "other": REFERENCE}, "ioa")
    assert (found.difference.mean, found.difference.low, found.difference.high, found.p) == (0, 0, 0, 1)
    assert found.ratio.mean == 1


def test_differences_that_are_all_alike_are_not_certain_for_that():
    """Without a floor by the items the standard error would be 0."""
    (found,) = compare({"ioa": {s: items(0, 1) for s in range(3)}, "other": {s: items(0) for s in range(3)}}, "ioa")
    # 0.1 each; variance of the items 0.1 - 0.01 over 10 items: 0.009, over 3 seeds 0.003: t = 0.1 / 0.0548 = 1.826.
    assert found.p == pytest.approx(0.2094, abs=1e-4)


def test_only_what_both_have_is_compared():
    arms = {"ioa": REFERENCE, "short": {2: items(0), 9: items(0)}, "other": {7: items(0)}}
    (found,) = compare(arms, "ioa")
    assert (found.arm, found.seeds, found.items) == ("short", 1, 10)
    assert found.difference.mean == pytest.approx(0.6)
    assert (found.p, found.p_holm, found.difference.low) == (None, None, None)  # one seed
    assert compare(arms, "nobody") == []


@pytest.mark.parametrize(
    ("ps", "corrected"),
    [
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # 3 x 0.01, 2 x 0.03, and 1 x 0.04 raised to what came before
        ([0.5, 0.4], [0.8, 0.8]),
        ([0.9, 0.6], [1.0, 1.0]),
        ([], []),
    ],
)
def test_holms_correction(ps, corrected):
    assert holm(ps) == pytest.approx(corrected)


def test_the_test_holds_its_level_where_seeds_differ_and_the_bootstrap_of_three_seeds_does_not(monkeypatch):
    monkeypatch.setattr("ioa.evaluation.study_statistics.DRAWS", 1_000)
    rng, rejected, missed, times = np.random.default_rng(1), 0, 0, 200
    for _ in range(times):
        arms = {"ioa": {}, "other": {}}
        for seed in range(3):
            for answers in arms.values():
                share = np.clip(rng.normal(0.5, 0.1), 0, 1)  # as much as trainings with other orders of lessons differ
                answers[seed] = {str(n): bool(right) for n, right in enumerate(rng.random(400) < share)}
        (found,) = compare(arms, "ioa")
        rejected += found.p < 0.05
        missed += not found.difference.low <= 0 <= found.difference.high
    assert rejected / times < 0.08
    assert missed / times > 0.1
