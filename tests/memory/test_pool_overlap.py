"""Self-Instruct's filter: what shares too much of its wording with the pool, by ROUGE-L."""

import pytest
from tests.memory.test_store import example

from ioa.memory.duplicates import Method
from ioa.memory.pool_overlap import find_overlaps
from ioa.memory.records import RefusalReason

POOL = example("Anna has three red apples and buys two more")  # nine words


@pytest.mark.parametrize(
    ("problem", "similarity"),
    [
        ("Anna has three red apples and buys two more", 1.0),
        ("Anna has three green apples and buys two more", 8 / 9),
        ("more two buys and apples red three has Anna", 1 / 9),  # the order of the words counts
        ("Anna has three red apples", 2 * (5 / 9) / (1 + 5 / 9)),  # recall 5/9, precision 1
        ("What is 7 - 2?", 0.0),
    ],
)
def test_the_similarity_is_the_f1_of_the_longest_common_subsequence_of_words(problem, similarity):
    (hit,) = find_overlaps([POOL], [example(problem)], 0.05)
    if similarity > 0.05:
        assert (hit.reason, hit.other, hit.method) == (RefusalReason.DUPLICATE, POOL.id, Method.ROUGE_L)
        assert hit.similarity == pytest.approx(similarity)
    else:
        assert hit is None
    assert find_overlaps([POOL], [example(problem)], similarity or 0.05) == [None]  # above the bound, not at it


def test_a_lesson_that_is_kept_is_of_the_pool_for_those_behind_it_and_one_that_is_not_is_not():
    first = example("Ben owns nine blue pencils and loses four of them")
    second = example("Ben owns nine blue crayons and loses four of them")  # 9 of 10 words as in the first
    third = example("Ben owns nine old crayons and breaks four of them")  # 9 of 10, 8 of 10: too like the second alone
    bound = 0.85
    found = find_overlaps([], [first, second, third], bound)
    assert [hit.other if hit else None for hit in found] == [None, first.id, None]
    assert find_overlaps([second], [third], 0.75)[0].other == second.id


def test_without_a_pool_the_first_is_kept():
    assert find_overlaps([], [POOL], 0.1) == [None]
    assert find_overlaps([POOL], [], 0.1) == []
