"""The answer of a worked solution: the number behind its last `####`."""

import json

import pytest

from ioa.memory.domains.item_sets import read_item_set
from ioa.memory.errors import UserError


def answer_of(folder, solution):
    path = folder / "items.jsonl"
    path.write_text(json.dumps({"question": "How many?", "answer": solution}) + "\n", encoding="utf-8")
    return read_item_set(path).items[0].answer


@pytest.mark.parametrize(
    ("marked", "answer"),
    [
        ("#### 64", "64"), ("####64", "64"), ("#### 64.", "64"), ("#### 64.50", "64.50"), ("#### 6,400", "6400"),
        ("#### 6 400", "6400"), ("#### 6\u202f400", "6400"), ("#### $64", "64"), ("#### \u20ac64", "64"),
        ("#### 64 €", "64"),
        ("#### -64", "-64"), ("#### \u221264", "-64"), ("#### +64", "64"), ("#### 64%", "64%"), ("#### 3/8", "3/8"),
        ("#### .25", ".25"), ("#### 64 hens", "64"), ("#### 64 km/h", "64"), ("#### 64 (hens)", "64"),
        ("#### **64**", "64"),
        ("#### 64\n\n", "64"), ("#### 64\nThe answer is: 64", "64"), ("#### 64\nThe answer is 64.0 hens.", "64"),
        ("#### 64\nThat is all.", "64"), ("#### Step 1\nWe add.\n#### 64", "64"), ("#### 1\n#### 64", "64"),
    ],
)  # fmt: skip
def test_the_number_directly_behind_the_marks_counts(tmp_path, marked, answer):
    assert answer_of(tmp_path, f"We count.\n{marked}") == answer


@pytest.mark.parametrize(
    "marked",
    [
        "#### 64 or 65", "#### 64 hens and 3 ducks", "#### many", "####", "#### Step 2", "#### about a dozen",
        "#### 6,4",
        "#### 6.400,5", "#### 64\nThe answer is: 65", "#### 64\nAnswer: 65", "#### x = y", "#### more than 64",
        "#### 64x",
        "#### 64-65", "#### 8:30", "#### not 64", "#### 64\n#### Notes", "64",
    ],
)  # fmt: skip
def test_what_is_no_single_number_there_is_told(tmp_path, marked):
    with pytest.raises(UserError, match=r"items.jsonl:1: answer: expected (a last line `#### number`|one answer)"):
        answer_of(tmp_path, f"We count.\n{marked} ####" if "####" not in marked else f"We count.\n{marked}")
