"""What of an examination may be told to those who write the lessons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.agents.exchange import FailedItem
from ioa.agents.quotation import without_items

STORY = "Lena has 12 red marbles! How many marbles does she give away?"


def item(question):
    return FailedItem(probe="p", question=question, expected="0", reply="")


@pytest.mark.parametrize(
    ("question", "clause"),
    [
        ("Calculate 47 + 85.", "It calculates 47 and 85 apart."),
        ("Lena shares her marbles with Tom.", "LENA SHARES HER MARBLES WITH TOM is misread."),
        (STORY, "It misreads 'how many marbles does she give away'."),
        ("What do you call a square? Name its sides.", "Asked what do you call a square, it says nothing."),
        ("1,000 + 5", "It fails at 1000+5."),
        ("3.50 + 12.25", "It fails at 12.25 and 3.5."),
        ("3.5 + 12", "Twelve and 3.50 are not lined up."),
        ("What is 25 + 47?", "It adds twenty-five to forty-seven."),
        ("What is seven plus five?", "It takes 7 + 5 for 13."),
        ("What is 1 + 1?", "It takes 1 + 1 for 3."),
        ("What is 1 + 1?", "It takes 1+1 for 3."),
        ("What is 1 + 1?", "It takes one plus one for three."),
        ("Tom has 5 apples and eats 3.", "With 3 of 5 apples it goes wrong."),
    ],
)
def test_what_gives_an_item_away_is_left_out(question, clause):
    assert without_items(f"It drops the carry. {clause} It stops!", [item(question)]) == "It drops the carry. It stops!"


@pytest.mark.parametrize(
    ("question", "clause"),
    [
        ("What is 1 + 1?", "It forgets the 1 that is carried."),
        ("What is 1 + 1?", "It writes one digit too many."),
        ("What is 3 * 7?", "It goes wrong from the 3 digits of a number of 7 digits on."),
        ("Calculate 47 + 85.", "It goes wrong from 47 on."),
        (STORY, "It does not see how many there are."),
    ],
)
def test_what_tells_nothing_of_an_item_stays(question, clause):
    assert without_items(clause, [item(question)]) == clause


@given(st.integers(0, 99_999), st.integers(0, 99_999), st.sampled_from("+-*"), st.sampled_from(["{:,}", "{}", "{}.0"]))
def test_no_spelling_of_a_calculation_gets_through(one, other, sign, form):
    told = f"It fails. See {form.format(one)}{sign}{form.format(other)} there."
    assert without_items(told, [item(f"What is {one} {sign} {other}?")]) == "It fails."
