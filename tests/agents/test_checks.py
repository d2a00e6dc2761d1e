from fractions import Fraction

import pytest

from ioa.agents.checks import evaluate, false_step, same_answer


@pytest.mark.parametrize(
    ("text", "value"),
    [("3+4*2", 11), ("(1+2)/4", Fraction(3, 4)), ("-7", -7), ("1,024", 1024), ("2.50", Fraction(5, 2)), ("07", 7)],
)
def test_expressions_have_exact_values(text, value):
    assert evaluate(text) == value


@pytest.mark.parametrize("text", ["", "x+1", "2**9999999", "1/0", "__import__('os')", "1;2", "(" * 5000])
def test_what_is_not_arithmetic_has_no_value(text):
    assert evaluate(text) is None


@pytest.mark.parametrize(
    "step", ["ones: 6+7=14", "46-9*5=46-45=2", "both by 2: 24/2=12, 40/2=21", "first 3+4=7; then 7+1=9", "24/2 = 11"]
)
def test_a_false_equation_is_found(step):
    assert false_step(["1+1=2", step]) == step


@pytest.mark.parametrize(
    "step",
    [
        "ones: 6+7=13",
        "46-9*5=46-45=1",
        "both by 2: 24/2=12, 40/2=20",
        "10*c=41-1=40",
        "so x = 4",
        "- 12 + 5 = 17",
        "no numbers",
        "1/3=2/6",
    ],
)
def test_a_true_or_unreadable_step_passes(step):
    assert false_step([step]) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12", "12.0"),
        ("1,024", "1024"),
        (" Yes ", "yes"),
        ("3/4", "3/4"),
        ("$5", "5"),
        ("x = 5", "5"),
        ("12 apples", "12"),
    ],
)
def test_answers_that_agree(one, other):
    assert same_answer(one, other)


@pytest.mark.parametrize(("one", "other"), [("12", "13"), ("2/4", "1/2"), ("", ""), ("0.5", "1/2"), ("yes", "no")])
def test_answers_that_differ(one, other):
    assert not same_answer(one, other)


@pytest.mark.parametrize("told", ["x = 5", "5 apples", "5.", "$5$"])
def test_an_answer_may_be_told_with_its_unknown_or_its_unit(told):
    assert same_answer(told, "5")
