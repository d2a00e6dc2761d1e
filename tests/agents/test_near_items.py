"""Near-duplicates in an item set that a person gave."""

import pytest

from ioa.agents.tagging import leave_out_repeats
from ioa.memory.records import SourceItem
from ioa.training import Scorers

STORY = "Tom has 3 apples and buys 4 more at the market. Then he gives two to Anna. How many apples does Tom have?"


def test_an_item_in_nearly_the_same_words_is_left_out_and_named_but_not_one_with_other_numbers_or_another_answer():
    questions = [
        (STORY, "5"),
        (STORY.replace("buys", "gets"), "5"),
        (STORY.replace("3", "6"), "8"),
        (STORY.replace("at the market", "in the market"), "none"),
    ]
    items = [SourceItem(id=f"i{n}", question=text, answer=answer) for n, (text, answer) in enumerate(questions)]
    kept, double = leave_out_repeats(items, "given", Scorers().has_many_answers)
    assert [item.id for item in kept] == ["i0", "i2", "i3"]
    assert [refused.detail for refused in double] == ["nearly the same text as i0"]


@pytest.mark.parametrize(("scorer", "kept"), [("", 2), ("match", 2), ("rouge-l", 1), ("judge", 1), ("unit-tests", 1)])
def test_two_references_of_a_scorer_with_many_right_answers_do_not_make_two_items(scorer, kept):
    texts = [(STORY, "He has five."), (STORY.replace("buys", "gets"), "It is five of them.")]
    items = [SourceItem(question=text, answer=answer, scorer=scorer) for text, answer in texts]
    assert len(leave_out_repeats(items, "given", Scorers().has_many_answers)[0]) == kept
