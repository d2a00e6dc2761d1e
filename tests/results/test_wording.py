"""Differences by words, and JSON as an outline."""

from hypothesis import given
from hypothesis import strategies as st

from ioa.results.wording import LONGEST, differences, outline


@given(st.text(), st.text())
def test_both_texts_can_be_read_from_their_differences(before, after):
    parts = differences(before, after)
    assert "".join(text for kind, text in parts if kind != "new") == before
    assert "".join(text for kind, text in parts if kind != "gone") == after


def test_only_the_words_that_were_changed_are_marked():
    parts = differences("Add the tens first.", "Add the ones first.")
    assert parts == [("same", "Add the "), ("gone", "tens"), ("new", "ones"), ("same", " first.")]
    assert differences("", "") == []
    assert differences("same", "same") == [("same", "same")]


def test_long_texts_are_not_compared_word_by_word():
    before, after = "a b " * LONGEST, "b a " * LONGEST
    assert differences(before, after) == [("gone", before), ("new", after)]


def test_json_reads_as_lines():
    value = {
        "stages": [{"title": "Sums", "modules": ["a/b", "c/d"], "why": "x\ny"}],
        "none": None,
        "yes": True,
        "l": [],
    }
    text, cut = outline(value)
    assert text.splitlines() == [
        "stages:",
        "  – title: Sums",
        "    modules: a/b, c/d",
        "    why: x",
        "      y",
        "none: (none)",
        "yes: yes",
        "l: (none)",
    ]
    assert not cut
    assert outline("bare")[0] == "bare"


def test_an_outline_ends_where_it_has_to():
    text, cut = outline({"big": ["x" * 1000] * 100_000}, 500)
    assert cut
    assert len(text) <= 510
    assert outline([1, 2], 500) == ("– 1\n– 2", False)
