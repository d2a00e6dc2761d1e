from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.memory.answer_equality import evaluate, same_answer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3+4*2", 11),
        ("(1+2)/4", Fraction(3, 4)),
        ("-7", -7),
        ("1,024", 1024),
        ("2.50", Fraction(5, 2)),
        ("07", 7),
        ("1.05", Fraction(21, 20)),
        ("0.05", Fraction(1, 20)),
        ("007", 7),
        ("10", 10),
        ("00.5", Fraction(1, 2)),
        ("3.005+1_000", Fraction("1003.005")),
        (".5", Fraction(1, 2)),
        ("100.007", Fraction("100.007")),
    ],
)
def test_expressions_have_exact_values(text, value):
    assert evaluate(text) == value


@pytest.mark.parametrize("text", ["", "x+1", "2**9999999", "1/0", "__import__('os')", "1;2", "(" * 5000])
def test_what_is_not_arithmetic_has_no_value(text):
    assert evaluate(text) is None


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
        ("12.0 m", "12 M"),
        ("x=3, y=2", "X = 3, y = 2."),
        ("f(x) = 3", "3"),
        ("total cost = $5", "5"),
        (".5", "0.50"),
    ],
)
def test_answers_that_agree(one, other):
    assert same_answer(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12", "13"),
        ("2/4", "1/2"),
        ("", ""),
        ("0.5", "1/2"),
        ("yes", "no"),
        ("3.05", "3.5"),
        (".5", "5"),
        ("x>=5", "x<=5"),
        ("x = 3, y = 2", "x = 5, y = 2"),
        ("12 m", "12 cm"),
        ("x != 5", "5"),
        ("x > 5", "5"),
        ("x >= 5", "5"),
        ("a = b = 5", "a = 4 = 5"),
        ("3 pm", "3 am"),
        ("3 pm", "3"),
    ],
)
def test_answers_that_differ(one, other):
    assert not same_answer(one, other)


@pytest.mark.parametrize("told", ["x = 5", "5 apples", "5.", "$5$"])
def test_an_answer_may_be_told_with_its_unknown_or_its_unit(told):
    assert same_answer(told, "5")


@given(st.decimals(min_value=0, max_value=10_000, places=3), st.decimals(min_value=0, max_value=10_000, places=3))
def test_two_numbers_are_the_same_answer_exactly_where_their_values_are(one, other):
    assert same_answer(str(one), str(one))
    assert same_answer(str(one), str(other)) == (one == other)
    assert evaluate(str(one)) == Fraction(str(one))
