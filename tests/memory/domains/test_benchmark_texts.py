import gzip
import json

import pytest
from tests.memory.test_store import EMBEDDER
from tests.needed import PUBLISHED, needs_published_files

from ioa.memory.domains.benchmark_texts import read_benchmarks
from ioa.memory.errors import UserError
from ioa.memory.records import RefusalReason
from ioa.memory.run_dir import RunDirectory
from ioa.memory.store import ExampleStore

"""Folder of benchmark files as their authors publish them, which are theirs and too large to be kept here."""
ITEMS = {
    "gsm8k": [{"question": "Ann has 3 pens.", "answer": "#### 3"}, {"question": "Bo has 4 pens.", "answer": "#### 4"}],
    "math": [{"problem": "Compute $1+1$.", "level": "Level 1", "solution": "$2$"}],
    "mbpp": [{"text": "Write a function to add.", "code": "def f(): ...", "task_id": 1, "test_list": []}],
    "human-eval": [{"task_id": "HumanEval/0", "prompt": "def add(a, b):\n    ...", "test": "def check(c): ..."}],
    "dolly": [{"instruction": "When did it open?", "context": "It opened in 1999.", "response": "1999"}],
    "vicuna": [{"question_id": 1, "category": "generic", "turns": ["How do I sleep better?"]}],
    "aime": [{"ID": "2024-I-1", "Problem": "Find the time.", "Answer": "204"}],
    "rows": [{"row_idx": 0, "row": {"question": {"stem": "What is ice?", "choices": []}}}],
}  # fmt: skip
TEXTS = {
    "gsm8k": ["Ann has 3 pens.", "Bo has 4 pens."],
    "math": ["Compute $1+1$."],
    "mbpp": ["Write a function to add."],
    "human-eval": ["def add(a, b):\n    ..."],
    "dolly": ["When did it open?"],
    "vicuna": ["How do I sleep better?"],
    "aime": ["Find the time."],
    "rows": ["What is ice?"],
}


@pytest.mark.parametrize("form", ["lines", "list", "nested", "packed"])
@pytest.mark.parametrize("name", sorted(ITEMS))
def test_the_authors_own_forms_are_read(tmp_path, name, form):
    lines = "\n".join(map(json.dumps, ITEMS[name])) + "\n"
    path = tmp_path / {"lines": "b.jsonl", "packed": "b.jsonl.gz"}.get(form, "b.json")
    if form == "packed":
        path.write_bytes(gzip.compress(lines.encode()))
    else:
        document = ITEMS[name] if form == "list" else {"version": 1, "data": ITEMS[name]}
        path.write_text(lines if form == "lines" else json.dumps(document, indent=1))
    found = read_benchmarks([str(path)])
    assert list(found.values()) == TEXTS[name]
    assert next(iter(found)) == (f"{path}:1" if form in {"lines", "packed"} else f"{path}, item 1")


def test_each_turn_of_a_dialogue_is_guarded_and_a_single_problem_in_a_file_is_an_item(tmp_path):
    path = tmp_path / "mt.jsonl"
    path.write_text('\n{"turns": ["Write a poem about rain.", "Now in the style of a sonnet."]}\n')
    assert list(read_benchmarks([str(path)])) == [f"{path}:2, turn 1", f"{path}:2, turn 2"]
    single = tmp_path / "7.json"
    single.write_text(json.dumps({"problem": "Find x.", "solution": "1", "hints": ["a"]}))
    assert read_benchmarks([str(single)]) == {f"{single}, item 1": "Find x."}


def test_what_all_items_say_about_the_form_of_the_answer_is_no_part_of_them(tmp_path):
    path = tmp_path / "math.jsonl"
    lines = [json.dumps({"prompt": f"Compute {n} + 1.\nPut the answer in a box."}) for n in range(3)]
    path.write_text("\n".join(lines))
    assert list(read_benchmarks([str(path)]).values()) == ["Compute 0 + 1.", "Compute 1 + 1.", "Compute 2 + 1."]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.jsonl", None, ["missing.jsonl", "no such file", "synthesis.benchmarks"]),
        ("b.jsonl", '{"question": "a"}\n{"question": \n', ["b.jsonl:2", "not JSON", "question"]),
        ("b.jsonl", '{"question": "a"}\n{"q": "b"}\n', ["b.jsonl:2", "fields q", "question, problem, prompt"]),
        ("b.jsonl", '{"question": " "}\n', ["b.jsonl:1", "no text"]),
        ("b.jsonl", '"only a text"\n', ["b.jsonl:1", "string", "a JSON object"]),
        ("b.json", '[{"question": "a"},\n {"question": }]', ["b.json", "line 2", "not JSON"]),
        ("b.json", '[{"question": "a"}, 7]', ["b.json, item 2", "int"]),
        ("b.jsonl", "", ["b.jsonl", "no item"]),
        ("b.jsonl.gz", "not packed", ["b.jsonl.gz", "cannot be read"]),
    ],
)
def test_a_bad_file_is_one_message_with_place_and_what_was_expected(tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(UserError) as caught:
        read_benchmarks([str(tmp_path / name)])
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_lesson_that_comes_near_an_item_is_refused_with_file_and_line(tmp_path):
    path = tmp_path / "gsm8k.jsonl"
    question = "Ann has 17 pens and gives 5 of them to Bo. How many pens does she have left?"
    path.write_text(json.dumps({"question": "Bo has 4 pens."}) + "\n" + json.dumps({"question": question}) + "\n")
    with ExampleStore(RunDirectory.at(tmp_path, "r"), EMBEDDER) as store:
        store.guard_texts(read_benchmarks([str(path)]))
        hits = store.check(
            [question.replace("gives", "hands"), question.replace("17", "18"), question.replace("Ann", "Eve")]
        )
    assert hits[1] is None
    assert [hit.reason for hit in (hits[0], hits[2])] == [RefusalReason.CONTAMINATED] * 2
    assert hits[0].detail.startswith(f"too close to {path}:2 (MinHash, similarity 0.")


@needs_published_files
def test_the_published_files_are_read_and_recognise_their_own_items(tmp_path):
    files = sorted(PUBLISHED.glob("*.jsonl"))
    found = read_benchmarks(list(map(str, files)))
    records = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(found) == sum(len(record.get("turns", [record])) for record in records) > 0
    assert not any("Please reason step by step" in text for text in found.values())
    sample = dict(list(found.items())[::97])
    with ExampleStore(RunDirectory.at(tmp_path, "r"), EMBEDDER) as store:
        store.guard_texts(found)
        hits = store.check(list(sample.values()))
    assert all(hit is not None and hit.method == "exact" for hit in hits)
