"""The sequential test: what it computes is what following every sequence of answers gives, and its error is bounded."""

from itertools import accumulate, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ioa.memory.records import Score, Verdict
from ioa.training.exams.mastery_gate import gate, verdict
from ioa.training.exams.sequential import MOST, RATES, Design, sequential_test

rates = st.floats(0, 1)
designs = st.builds(
    Design,
    full=st.integers(1, 20),
    spares=st.integers(0, 20),
    portion=st.integers(0, 9),
    step=st.integers(1, 9),
    share=st.sampled_from([0.5, 0.7, 0.9, 1.0]),
    confidence=st.sampled_from([0.6, 0.8, 0.95]),
    early_error=st.sampled_from([0.0, 0.01, 0.1]),
    early_pass=st.booleans(),
)
GATE = Design(full=24, spares=24, portion=8, step=8, share=0.9, confidence=0.8, early_error=0.01, early_pass=False)
DIAGNOSIS = Design(full=20, spares=20, portion=8, step=8, share=0.7, confidence=0.8, early_error=0.01)


@pytest.mark.parametrize(
    ("design", "looks"),
    [
        (DIAGNOSIS, (8, 16, 20, 28, 36, 40)),
        (GATE, (8, 16, 24, 32, 40, 48)),
        (Design(24, 0, 8, 8, 0.9, 0.8, 0.0), (8, 16, 24)),
        (Design(24, 5, 0, 8, 0.9, 0.8, 0.0), (24, 29)),
        (Design(4, 0, 8, 8, 0.9, 0.8, 0.0), (4,)),
    ],
)
def test_it_looks_after_each_portion_and_after_each_step_of_spare_items(design, looks):
    assert design.looks == looks


def decided(design, student, teacher):
    """The full decision at these counts, or none where more items are asked."""
    n = student.n
    if n < design.full:
        return None
    said = verdict(student, teacher, design.share, design.confidence)
    if said is Verdict.NEEDS_ITEMS and n < design.full + design.spares:
        return None
    return gate({"a": student}, {"a": teacher}, ["a"], design.share)[0].mastered


def sat(design, test, student, teacher):
    """Items, score and decision of an examination with these answers in order, and the decision of the full one."""
    early = None
    for n in design.looks:
        pupil, master = Score(k=student[n], n=n), Score(k=teacher[n], n=n)
        if early is None and test.stops_at(pupil, master):
            early = n, pupil.mean, verdict(pupil, master, design.share, design.confidence) is Verdict.MASTERED
        full = decided(design, pupil, master)
        if full is not None:
            return (early or (n, pupil.mean, full)), full
    raise AssertionError("the last item decides")


@pytest.mark.parametrize(
    "design",
    [
        Design(4, 2, 1, 2, 0.7, 0.6, 0.1),
        Design(4, 2, 2, 1, 0.5, 0.8, 0.2),
        Design(5, 0, 2, 1, 0.9, 0.6, 0.05, early_pass=False),
        Design(3, 3, 1, 2, 1.0, 0.5, 0.0),
    ],
)
def test_its_figures_are_those_of_following_every_sequence_of_answers(design):
    test, last = sequential_test(design), design.looks[-1]
    sequences = [(0, *accumulate(answers)) for answers in product((0, 1), repeat=last)]
    students, teachers = [0.0, 0.3, 0.62, 1.0], [0.4, 1.0]
    expected = np.zeros((3, len(students), len(teachers)))
    for student, teacher in product(sequences, sequences):
        (n, mean, own), full = sat(design, test, student, teacher)
        chances = np.outer(
            [p ** student[-1] * (1 - p) ** (last - student[-1]) for p in students],
            [q ** teacher[-1] * (1 - q) ** (last - teacher[-1]) for q in teachers],
        )
        expected += np.array([own != full, n, mean])[:, None, None] * chances
    found = test.error(students, teachers), test.items(students, teachers), test.mean_score(students, teachers)
    np.testing.assert_allclose(np.array(found), expected, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(design=designs, student=st.lists(rates, min_size=5, max_size=5), teacher=st.lists(rates, min_size=5, max_size=5))
def test_no_true_rates_give_more_early_errors_than_were_asked_for_and_none_gives_more_items(design, student, teacher):
    test, full = sequential_test(design), sequential_test(Design(**{**vars(design), "portion": 0}))
    assert test.worst_error <= design.early_error
    assert test.error(student, teacher).max() <= design.early_error * 1.005 + 1e-9
    assert (test.items(student, teacher) <= full.items(student, teacher) + 1e-9).all()


@settings(max_examples=40, deadline=None)
@given(design=designs)
def test_it_stops_where_the_interval_decides_and_the_same_way_with_a_clearer_score(design):
    for n, table in sequential_test(design).stops.items():
        assert not (table[:, 0] >= 0).any()
        assert design.early_pass or not (table == 1).any()
        for (k, t), action in np.ndenumerate(table):
            if action < 0:
                continue
            wanted = Verdict.MASTERED if action else Verdict.NOT_MASTERED
            assert verdict(Score(k=k, n=n), Score(k=t, n=n), design.share, design.confidence) is wanted
            clearer = table[k:, t] if action else table[: k + 1, t]
            assert (clearer == action).all()


@pytest.mark.parametrize("design", [GATE, DIAGNOSIS])
def test_between_the_rates_that_were_tried_hardly_anything_is_worse(design):
    test = sequential_test(design)
    students, teachers = (np.linspace(0, 1, 10 * (count - 1) + 1) for count in RATES)
    assert 0 < test.worst_error <= test.error(students, teachers).max() <= 1.0003 * test.worst_error


def test_a_student_that_can_do_nothing_is_asked_one_portion_and_one_that_can_do_all_passes_the_gate_on_all_items():
    assert sequential_test(GATE).items([0.0, 1.0], [1.0])[:, 0] == pytest.approx([8, 24])
    assert sequential_test(DIAGNOSIS).items([0.0, 1.0], [1.0])[:, 0] == pytest.approx([8, 8])


@given(student=rates, teacher=rates)
def test_where_only_failing_comes_early_the_mean_score_is_not_kinder_than_the_truth(student, teacher):
    alone = Design(**{**vars(GATE), "spares": 0})  # spare items are asked, or not, by what was found: a bias of its own
    assert sequential_test(alone).mean_score([student], [teacher]).item() <= student + 1e-9


def test_an_examination_too_long_to_be_computed_never_stops_early():
    assert not sequential_test(Design(MOST, 1, 200, 1, 0.9, 0.8, 0.5)).stops
