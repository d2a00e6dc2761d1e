"""A gate that is sat again and again: how often a module that is below the threshold passes it, and one that is above.

The sittings are held as a run holds them: the same sequential test, the same verdict, the same gate.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from ioa.agents import SynthesisSettings, portion_count
from ioa.graph.settings.mastery import MasterySettings
from ioa.memory.records import Score, Split, Stage, Verdict
from ioa.training import NEVER, Design, ExaminationSettings, certainty, gate, sequential_test, verdict
from ioa.training.exams.repeated_gate import BELOW, chance_to_pass

SETTINGS, TAU = ExaminationSettings(), MasterySettings().tau_mastery
DESIGN = Design.of(SETTINGS, Split.GATE, items=2 * SETTINGS.gate, share=TAU, early_pass=False)
MOST = portion_count(Stage(modules=("a/b",)), SynthesisSettings()) + MasterySettings().rounds
RUNS = 3000


def sat(sure, student, teacher):
    """One sitting: whether the module passes, by answers of the student and of the teacher in order."""
    return decided(sure, *(tuple(int(one[:n].sum()) for n in DESIGN.looks) for one in (student, teacher)))


@cache
def decided(sure, student, teacher):
    """The same by the right answers at each look."""
    design = replace(DESIGN, sure=sure)
    test = sequential_test(design)
    for n, right, master_right in zip(design.looks, student, teacher, strict=True):
        pupil, master = Score(k=right, n=n), Score(k=master_right, n=n)
        if n < design.full:
            if test.stops_at(pupil, master):
                break
        elif verdict(pupil, master, TAU, SETTINGS.confidence, sure=sure) is not Verdict.NEEDS_ITEMS:
            break
    (result,) = gate({"a": pupil}, {"a": master}, ["a"], TAU, SETTINGS.confidence, sure={"a": sure})
    return result.mastered


def passes(rates, teacher_rate, *, sittings=MOST, again=True):
    """The share of stages in which a module with these true ratios, one a sitting, passes any sitting."""
    random, passed = np.random.default_rng(0), 0
    sure = [certainty(DESIGN, number, sittings, SETTINGS.false_pass) for number in range(1, sittings + 1)]
    for _ in range(RUNS):
        for rate, wanted in zip(rates, sure if again else [None] * sittings, strict=True):
            student = random.random(DESIGN.looks[-1]) < rate * teacher_rate
            teacher = random.random(DESIGN.looks[-1]) < teacher_rate
            if sat(wanted, student, teacher):
                passed += 1
                break
    return passed / RUNS


@pytest.mark.parametrize("teacher", [1.0, 0.95, 0.9, 0.8])
def test_a_module_at_085_is_mastered_in_fewer_than_one_run_in_five_over_all_portions_and_remedies(teacher):
    assert MOST == 7
    assert passes([0.85] * MOST, teacher) < 0.2


def test_fresh_items_alone_would_not_do():
    assert passes([0.85] * MOST, 1.0, again=False) > 0.5


@pytest.mark.parametrize(
    ("before", "teacher", "least"), [(0, 1.0, 0.97), (3, 1.0, 0.95), (6, 1.0, 0.57), (0, 0.9, 0.75)]
)
def test_a_module_at_097_is_mastered_however_late_it_comes_there(before, teacher, least):
    """`before`: sittings in which it is not there yet, and fails."""
    power = passes([0.3] * before + [0.97] * (MOST - before), teacher)
    print(f"0.97 from sitting {before + 1} on, teacher at {teacher}: mastered in {power:.1%} of the runs")
    assert power > least


@pytest.mark.parametrize("most", [2, 7, 15, 40])
def test_all_sittings_together_keep_to_the_chance_that_the_settings_allow(most):
    sure = [certainty(DESIGN, number, most, 0.2) for number in range(1, most + 1)]
    assert sure[0] == 0
    chances = [chance_to_pass(replace(DESIGN, sure=one), TAU - BELOW) for one in sure]
    assert sum(chances) <= 0.2
    assert chances[0] == pytest.approx(0.145, abs=0.001)
    assert all(0 < chance < 0.06 for chance in chances[1:])


def test_its_chance_is_that_of_the_sittings():
    for sure in (None, 0.0, certainty(DESIGN, 3, MOST, 0.2)):
        random = np.random.default_rng(1)
        answers = random.random((RUNS, 48)) < 0.93
        share = np.mean([sat(sure, one, np.ones(48, dtype=bool)) for one in answers])
        assert share == pytest.approx(chance_to_pass(replace(DESIGN, sure=sure), 0.93), abs=0.02)


@pytest.mark.parametrize("full", [1, 4, 10, 24])
def test_with_too_few_items_to_be_certain_all_of_them_have_to_be_right(full):
    design = replace(DESIGN, full=full, spares=0)
    sure, all_right = certainty(design, 2, MOST, 0.2), {"a": Score(k=full, n=full)}
    assert gate(all_right, all_right, ["a"], TAU, sure={"a": sure})[0].mastered
    assert not gate({"a": Score(k=full - 1, n=full)}, all_right, ["a"], TAU, sure={"a": sure})[0].mastered


def test_a_sitting_with_too_few_items_masters_nothing():
    all_right = {"a": Score(k=9, n=9)}
    (result,) = gate(all_right, all_right, ["a"], TAU, sure={"a": NEVER})
    assert (result.mastered, result.verdict) == (False, Verdict.NEEDS_ITEMS)
