"""Examination items that a lesson repeats whole, or with trivial changes."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.memory.test_duplicates import find, pool_of

from ioa.memory.duplicates import Containment, GuardedPool, Method
from ioa.memory.similarity import features

STORY = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How many clips "
    "did Natalia sell altogether in April and May?"
)
SUM = "Calculate 45 + 37."
WORDS = st.lists(st.sampled_from(["tom", "has", "sold", "apples", "the", "of", "in"]), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("known", "lesson"),
    [
        (STORY, f"{STORY} Give 1 number."),
        (STORY, f"Problem 1. {STORY}"),
        (SUM, f"Problem 3: {SUM}"),
        (SUM, f"{SUM} Then explain each of your 2 steps."),
        (SUM, "Exercise 7: calculate 45 + 37 = ?"),
        ("45 + 37", "Exercise 7: 45 + 37"),
        ("Find the gcd of 12, 18.", "Find the gcd of 12, 18. 3 people want to know."),
    ],
)
def test_an_item_with_something_before_or_after_it_is_found(known: str, lesson: str) -> None:
    (hit,) = find(pool_of([known], GuardedPool), lesson)
    assert hit is not None
    assert (hit.key, hit.method) == (known, Method.CONTAINMENT)


@pytest.mark.parametrize(
    ("known", "lesson"),
    [
        (SUM, "What is 45 plus 37?"),
        ("What is forty-eight plus 6?", "What is 48 + 6?"),
        ("Calculate 3/4 × 8.", r"Calculate $\frac{3}{4} \times 8$."),
        ("Calculate 1/2 + 1/4.", "Calculate ½ + ¼."),
    ],
)
def test_an_item_in_another_notation_is_found(known: str, lesson: str) -> None:
    assert find(pool_of([known], GuardedPool), lesson) != [None]


@pytest.mark.parametrize(
    ("known", "lesson"),
    [
        (SUM, "Calculate 45 + 37 + 12."),
        (SUM, "Calculate 45 + 37!"),
        (SUM, "Calculate 45 + 37x."),
        (SUM, "Calculate 45 + 37\n+ 12"),
        (SUM, "Calculate 45 + 375."),
        (SUM, "Calculate 45 + 37.5."),
        (SUM, "Calculate 45 + 37 = x + 2, for x."),
        ("45 + 37", "145 + 37"),
        ("45 + 37", "2 * 45 + 37"),
        ("45 + 37", "(45 + 37) * 2"),
        ("Find the gcd of 12, 18.", "Find the gcd of 12, 18, 24."),
        ("Explain your answer.", "Calculate 3 + 4. Explain your answer."),
    ],
)
def test_a_part_of_a_longer_formula_or_list_is_another_problem(known: str, lesson: str) -> None:
    whole = Containment()
    whole.add(known, features(known))
    assert whole.find(features(lesson)) is None


@given(WORDS, WORDS, st.integers(10, 99), st.integers(10, 99))
def test_a_story_is_found_between_any_words(before: list[str], after: list[str], one: int, other: int) -> None:
    whole = Containment()
    whole.add("item", features(f"Tom has {one} apples and {other} pears. How many are there?"))
    text = f"{' '.join(before)}. Tom has {one} apples, and {other} pears: how many are there? {' '.join(after)}"
    assert whole.find(features(text)) == "item"
    assert whole.find(features(text.replace(str(one), str(one + 100)))) is None


def test_looking_up_among_thousands_of_items_is_fast() -> None:
    whole = Containment()
    for number in range(8000):
        whole.add(str(number), features(STORY.replace("48", str(number)).replace("half", "so " * (number % 50))))
    views = [features(STORY.replace("48", str(number))) for number in range(200)]
    begin = time.process_time()
    for view in views:
        whole.find(view)
    assert (time.process_time() - begin) / len(views) < 0.002
