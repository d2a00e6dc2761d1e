"""Which number a text states, in which unit, and why none where that cannot be told."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.memory.answer_equality import Fractions, bare_answer, compare_numbers, same_answer
from ioa.memory.number_reading import Doubt, Number, Unread, last_number, leading_number, read_number, read_statement
from ioa.memory.unit_names import same_unit


@pytest.mark.parametrize(
    ("text", "plain", "unit"),
    [
        ("7 km/h", "7", "km/h"), ("$7.50", "7.50", "$"), ("7,000 m²", "7000", "m²"), ("3 1/2 cups", "3 1/2", "cups"),
        ("3-inch", "3", "inch"), ("-2°C", "-2", "°C"), ("2.5 million €", "2500000", "€"), ("x = 9", "9", ""),
        ("EUR 5", "5", "EUR"), ("½", "1/2", ""), ("1.5e3", "1500", ""), ("2^5", "32", ""), ("8 (eight)", "8", ""),
    ],
)  # fmt: skip
def test_a_number_and_its_unit_are_read(text, plain, unit):
    read = read_number(text)
    assert isinstance(read, Number)
    assert (read.text, read.unit) == (plain, unit)


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("", Doubt.NOTHING), ("seven", Doubt.NOTHING), ("7 or 8", Doubt.SEVERAL), ("3:4", Doubt.SEVERAL),
        ("7-8", Doubt.SEVERAL), ("1,5", Doubt.AMBIGUOUS), ("1.234,5", Doubt.AMBIGUOUS), ("5!", Doubt.AMBIGUOUS),
        ("3 pm", Doubt.AMBIGUOUS), ("0.33...", Doubt.AMBIGUOUS), ("7x", Doubt.EXPRESSION), ("√7", Doubt.EXPRESSION),
        ("7 squared", Doubt.EXPRESSION), ("not 7", Doubt.STATEMENT), ("x > 7", Doubt.STATEMENT),
        ("at most 7", Doubt.STATEMENT), ("7 = 8", Doubt.SEVERAL), ("8 (nine)", Doubt.SEVERAL),
        ("1 " * 9999, Doubt.SEVERAL),
        ("1e9999999", Doubt.EXPRESSION), ("7/0", Doubt.EXPRESSION),
    ],
)  # fmt: skip
def test_what_states_no_number_says_why(text, doubt):
    read = read_number(text)
    assert isinstance(read, Unread)
    assert read.doubt is doubt
    assert read.why


@given(st.fractions(max_denominator=40, min_value=-500, max_value=500))
def test_a_number_is_read_as_it_is_printed(value):
    read = read_number(f"It is {value}.")
    assert isinstance(read, Number)
    assert read.value == value
    assert read.is_reduced


@given(st.integers(min_value=1000, max_value=10**9))
def test_digits_in_groups_are_the_number_with_the_other_reading_beside_it(value):
    read = read_number(f"{value:,}")
    assert isinstance(read, Number)
    assert read.value == value
    assert read.others == ((Fraction(value, 1000),) if value < 10**6 else ())


@pytest.mark.parametrize(
    ("reply", "plain"),
    [
        ("3 and 4 make 7 apples.", "7"),
        ("7\n\nHope this helps!", "7"),
        ("We need -3 m", "-3"),
        ("x" * 20_000 + " 7 km", "7"),
    ],
)
def test_the_last_number_of_a_reply_is_found(reply, plain):
    read = last_number(reply)
    assert isinstance(read, Number)
    assert read.text == plain


@pytest.mark.parametrize(
    "reply", ["none", "3 or 7", "3-7", "it is not 7", "more than 7", "7x", "it costs 1,5", "√7", "7!"]
)
def test_a_last_number_that_may_be_another_is_none(reply):
    assert isinstance(last_number(reply), Unread)


def test_a_remark_behind_a_statement_is_left_out_unless_it_may_take_it_back():
    read = read_statement("18. Each of 3 boxes holds 6.")
    assert isinstance(read, Number)
    assert read.text == "18"
    assert isinstance(read_statement("18. No, 19."), Unread)
    assert isinstance(read_statement("18. Or 19."), Unread)


@pytest.mark.parametrize(
    ("text", "plain"), [("7 eggs", "7"), ("€7", "7"), ("-7", "-7"), ("Step 7", None), ("", None), ("**7** (3+4)", "7")]
)
def test_a_leading_number_is_one_with_which_the_text_begins(text, plain):
    read = leading_number(text)
    assert (read.text if isinstance(read, Number) else None) == plain


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("km", "kilometers", True), ("", "km", True), ("apples", "red apples", True), ("apple", "apples", True),
        ("$", "dollars", True), ("%", "percent", True), ("m", "m²", False), ("km", "km/h", False), ("€", "$", False),
        ("miles", "miles per hour", False), ("square meters", "m²", True), ("left", "apples", True), ("m", "cm", False),
    ],
)  # fmt: skip
def test_units_are_compared_by_their_names(one, other, same):
    assert same_unit(one, other) is same
    assert same_unit(other, one) is same


@pytest.mark.parametrize(
    ("given_", "expected", "fractions", "same", "in_doubt"),
    [
        ("2/4", "1/2", Fractions.BY_VALUE, True, False), ("2/4", "1/2", Fractions.REDUCED, False, False),
        ("0.5", "1/2", Fractions.REDUCED, True, False), ("0.5", "1/2", Fractions.AS_WRITTEN, False, False),
        ("5 m", "5 km", Fractions.BY_VALUE, False, True), ("1.500", "1500", Fractions.BY_VALUE, False, True),
        ("50%", "0.5", Fractions.BY_VALUE, False, True), ("50%", "50", Fractions.BY_VALUE, True, False),
        ("6", "5", Fractions.BY_VALUE, False, False),
    ],
)  # fmt: skip
def test_two_numbers_are_the_same_or_in_doubt(given_, expected, fractions, same, in_doubt):
    equality = compare_numbers(read_number(given_), read_number(expected), fractions)
    assert (equality.same, bool(equality.doubt)) == (same, in_doubt)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("60 km/h", "60", True), ("60 km/h", "60 km", False), ("5 m²", "5 m^2", True), ("1 234", "1,234", True),
        ("$5", "5 dollars", True),
        ("x = 5", "y = 5", False), ("x = 5", "x=5.0", True), ("cost = 5", "total = 5", True),
        ("½", "1/2", True), ("1,5", "1.5", False), ("5!", "120", False), ("3:4", "3:4",
        True),
    ],
)  # fmt: skip
def test_two_answers_are_the_same_as_a_grade_would_have_it(one, other, same):
    assert same_answer(one, other) is same


@pytest.mark.parametrize(
    ("answer", "bare"),
    [("60 km/h", "60"), ("9.81 m/s^2", "9.81"), ("$5", "5"), ("3-inch", "3"), ("12 apples", "12"), ("x = 5", "5"),
     ("50%", "50%"), ("3/4 cup", "3/4"), ("Apollo 11", "Apollo 11"), ("1, 2", "1, 2"), ("east", "east")],
)  # fmt: skip
def test_an_answer_is_kept_without_its_unknown_and_its_unit(answer, bare):
    assert bare_answer(answer) == bare
