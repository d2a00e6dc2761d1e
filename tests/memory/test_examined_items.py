"""Items whose numbers a lesson tells in another order, and items that only have the same numbers."""

import pytest

from ioa.memory.duplicate_bounds import Bounds
from ioa.memory.duplicates import Method
from ioa.memory.embedding import WordLlamaEmbedder
from ioa.memory.examined_items import ExaminedItems, Problem
from ioa.memory.similarity import features
from ioa.memory.vectors import VectorTable

EMBEDDER = WordLlamaEmbedder()
TANK = "A tank holds 90 litres. Every hour 12 litres run out. How many litres are in it after 5 hours?"
BACKWARDS = "How many litres are in a tank after 5 hours, if every hour 12 litres run out and it holds 90 litres?"


def find(item, answer, problem, its_answer):
    table = VectorTable(EMBEDDER.dimension)
    items = ExaminedItems(Bounds(), table.get)
    table.put(["item"], EMBEDDER.embed([item]))
    items.add("item", Problem(item, answer, features(item)))
    (hit,) = items.find([Problem(problem, its_answer, features(problem))], EMBEDDER.embed([problem]))
    return hit.method if hit else None


@pytest.mark.parametrize(
    ("item", "answer", "problem", "its_answer", "method"),
    [
        ("Calculate 8 * 7.", "56", "Calculate 7 * 8.", "56", Method.FORM),
        ("Calculate 8 * 7.", "56", "Calculate 8*7", "56", Method.EXACT),
        ("Calculate 8 * 7.", "56", "Calculate 8 * 6.", "48", None),
        (TANK, "30", BACKWARDS, "30 litres", Method.NUMBERS),
        (TANK, "", BACKWARDS, "30", Method.NUMBERS),  # a benchmark's text: the same words behind the numbers
        (TANK, "30", BACKWARDS, "102", None),
        (TANK, "", BACKWARDS.replace("12", "5").replace("5 hours", "12 hours"), "", None),
        (TANK, "30", "The shop sold 12 pens, 5 books and 90 cards. How many more cards than both?", "30", None),
        ("Which number is missing in 2, 3, 5, 9?", "4", "Which number is missing in 9, 5, 3, 2?", "4", None),
    ],
)  # fmt: skip
def test_the_parts_that_the_numbers_play_decide(item, answer, problem, its_answer, method):
    assert find(item, answer, problem, its_answer) is method


def test_thousands_of_lessons_are_compared_with_a_thousand_items_by_looking_them_up():
    table = VectorTable(EMBEDDER.dimension)
    items = ExaminedItems(Bounds(), table.get)
    texts = [f"Calculate {number} * {number + 7}." for number in range(1000)]
    table.put(texts, EMBEDDER.embed(texts))
    for text in texts:
        items.add(text, Problem(text, "", features(text)))
    asked = [f"Calculate {number + 7} * {number}." for number in range(2000)]
    hits = items.find([Problem(text, "", features(text)) for text in asked], EMBEDDER.embed(asked))
    assert [hit and hit.method for hit in hits] == [Method.FORM] * 1000 + [None] * 1000
