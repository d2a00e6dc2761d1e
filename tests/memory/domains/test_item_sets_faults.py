"""A bad file is told with its place, its field and what was expected; with `skip_bad` the rest of it is read."""

import gzip
import json
import random

import pytest
from tests.memory.published import ADD, DOUBLE, FILES, PLANET

from ioa.memory.domains.item_sets import SHOWN, ItemSetSource, read_item_set
from ioa.memory.domains.packs import load_source
from ioa.memory.errors import UserError

GSM = '{"question": "p", "answer": "It is one.\\n#### 1"}'
PLAIN = '{"question": "p", "answer": "1"}'


def without(record, name, **more):
    return json.dumps({key: value for key, value in record.items() if key != name} | more)


def lines(*parts):
    return "\n".join(part if isinstance(part, str) else json.dumps(part) for part in parts)


BAD_ITEMS = [
    (
        "a.jsonl",
        lines(GSM, '{"question": "q", "answer": "It is two."}', GSM),
        ":2: answer: expected a last line `#### n",
    ),
    (
        "a.jsonl",
        lines(GSM, '{"question": "q", "answer": "So\\n#### many"}', GSM),
        ":2: answer: expected a last line `####",
    ),
    ("a.jsonl", lines(GSM, '{"question": "q"}', GSM), ":2: answer: required, but missing"),
    ("a.jsonl", lines(PLAIN, '{"question": "q", "answer": NaN}'), ":2: not JSON: NaN is no JSON number"),
    ("a.jsonl", lines(PLAIN, '{"question": "q", "answer": null}'), ":2: answer: empty"),
    (
        "a.jsonl",
        lines(PLAIN, '{"question": "q", "answer": true}'),
        ":2: answer: expected a string or a number (got True",
    ),
    ("a.jsonl", lines(PLAIN, "{" + '"a": [' * 5000), ":2: not JSON"),
    ("a.jsonl", lines(FILES["math"][0], without(FILES["math"][1], "solution", solution="2")), ":2: solution: expected"),
    ("a.jsonl", lines(ADD, without(ADD, "test", task_id="b")), ":2: test: required, but missing"),
    ("a.jsonl", lines(ADD, ADD), ":2: task_id: 'Own/0' is also the id of line 1"),
    (
        "a.jsonl",
        lines(DOUBLE, without(DOUBLE, "test_list", test_list="x", task_id=2)),
        ":2: test_list: expected a list",
    ),
    ("a.jsonl", lines(DOUBLE, without(DOUBLE, "test_list", test_list=[], task_id=2)), ":2: test_list: empty"),
    (
        "a.jsonl",
        lines(PLANET, {**PLANET, "Record ID": "2", "Incorrect Answer 1": "Mars"}),
        ":2: Correct Answer: two of",
    ),
    (
        "a.jsonl",
        lines(FILES["mmlu"][0], {**FILES["mmlu"][1], "answer": 7}),
        ":2: answer: expected one of A, B or 0 to 1",
    ),
    ("a.json", json.dumps([FILES["dolly"][0], {"instruction": "Do."}]), ", item 2: response: required"),
    ("a.json", json.dumps([FILES["mt-bench"][0], {"turns": [], "category": "x"}]), ", item 2: turns: empty"),
    ("a.csv", "question,answer\np,1\nq\n", ":3: 1 columns. Expected 2"),
    ("a.csv", "question,answer\np,1\nq,2,3\n", ":3: 3 columns. Expected 2"),
    ("a.csv", "question,answer\np,1\nq,\n", ":3: answer: empty"),
    ("a.csv", 'question,answer\np,1\n"two\nlines",2\n"q" r,3\n', ":5: wrong quoting"),
    ("a.csv", 'question,answer\np,1\n"q,2\nr,3\n', ":3: wrong quoting"),
    ("a.jsonl", lines(PLAIN, {"question": "\ud800", "answer": "1"}), ":2: half a character, '\\ud800'"),
    ("a.jsonl", PLAIN.encode() + b'\n{"question": "caf\xe9", "answer": "1"}', ":2: not UTF-8"),
]
"""Name, content, and what is said of the one item that is bad."""


def put(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(("name", "content", "told"), BAD_ITEMS)
def test_a_bad_item_is_told_with_place_field_and_what_was_expected_and_can_be_left_out(tmp_path, name, content, told):
    path = put(tmp_path, name, content)
    with pytest.raises(UserError) as caught:
        read_item_set(path)
    (message,) = str(caught.value).splitlines()
    assert message.startswith(f"{path}{told}")
    found = read_item_set(ItemSetSource(file=str(path), skip_bad=True))
    assert [str(fault) for fault in found.skipped] == [message]
    assert found.items


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", "", ["a.jsonl: holds no item", "Expected"]),
        ("a.jsonl", "\n\n", ["holds no item"]),
        ("a.json", "[]", ["holds no item"]),
        ("a.csv", "", ["holds no item"]),
        ("a.csv", "question,answer\n", ["holds no item"]),
        ("a.csv", "question,question\n1,2\n", ["a.csv:1: names the column 'question' twice"]),
        ("a.json", '[{"question": 1},\n {]', ["not JSON", "line 2"]),
        ("a.json", '{"one": [1], "two": [2]}', ["several lists (one, two)"]),
        ("a.json", b'[{"question": "caf\xe9"}]', ["a.json:1: not UTF-8"]),
        ("a.jsonl", '{"question": "q", "answer": "a"}'.encode("utf-16"), ["UTF-16", "Expected UTF-8"]),
        ("a.jsonl", b"\x89PNG\r\n\0\0", ["a binary file", "line 2", "Parquet"]),
        ("a.jsonl.gz", b"not packed", ["cannot be read"]),
        ("a.jsonl.gz", gzip.compress(PLAIN.encode(), mtime=0)[:-9], ["cannot be read"]),
        ("a.parquet", b"PAR1 and then nothing of the kind", ["a.parquet", "not a Parquet file"]),
        ("a.parquet", b"", ["a.parquet", "not a Parquet file"]),
        (
            "a.jsonl",
            '{"frage": "q", "antwort": "a"}',
            ["not recognised by its fields (frage, antwort)", "gsm8k", "fields"],
        ),
    ],
)
@pytest.mark.parametrize("skip", [False, True])
def test_a_file_of_which_nothing_can_be_read_is_one_message_even_if_bad_items_are_skipped(
    tmp_path, name, content, words, skip
):
    path = put(tmp_path, name, content)
    with pytest.raises(UserError) as caught:
        read_item_set(ItemSetSource(file=str(path), skip_bad=skip))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_folder_and_a_file_that_is_not_there_are_told(tmp_path):
    with pytest.raises(UserError, match=r"a folder\. Expected a file"):
        read_item_set(tmp_path)
    with pytest.raises(UserError, match=r"no\.jsonl: there is no such file"):
        read_item_set(tmp_path / "no.jsonl")


def test_the_faults_are_counted_and_the_first_of_them_shown(tmp_path):
    path = put(tmp_path, "a.jsonl", lines(*[PLAIN] * 30, *['{"question": "q"}'] * 25))
    with pytest.raises(UserError) as caught:
        read_item_set(path)
    told = str(caught.value).splitlines()
    assert len(told) == SHOWN + 1
    assert told[-1] == "... and 5 more faults, 25 in all."
    assert len(read_item_set(ItemSetSource(file=str(path), skip_bad=True)).skipped) == 25


def test_a_message_shows_no_more_than_the_beginning_of_a_long_value(tmp_path):
    path = put(tmp_path, "a.jsonl", lines(PLAIN, {"question": "q", "answer": ["x" * 10_000_000]}))
    with pytest.raises(UserError) as caught:
        read_item_set(path)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("entry", "line", "words"),
    [
        ("{file: a.jsonl, format: gsm}", 4, ["format", "no such format", "gsm8k"]),
        ("{file: a.jsonl, dataset: b}", 4, ["either `file` or `dataset`"]),
        ("{format: gsm8k}", 4, ["either `file` or `dataset`"]),
        ("{file: a.jsonl, split: test}", 4, ["belong to a `dataset`"]),
        ("{file: a.jsonl, module: s/x, module_from: type}", 4, ["not both"]),
        ("{file: a.jsonl, modul: s/x}", 4, ["modul: unknown field", "module_from"]),
        ("{file: a.jsonl, module: s/x}", 4, ["'s/x' is not the id of a module of the pack"]),
        ("{file: a.jsonl, fields: {question: frage}}", 0, ["fields.question: no item has a field 'frage'", "question"]),
        (
            "{file: a.jsonl, fields: {qustion: question}}",
            0,
            ["fields.qustion: plain has no such field; it has question"],
        ),
    ],
)
def test_a_faulty_entry_of_a_pack_is_told_with_its_line(tmp_path, entry, line, words):
    put(tmp_path, "a.jsonl", PLAIN)
    pack = put(tmp_path, "pack.yaml", f"name: n\ndescription: d\nitems:\n  - {entry}\n")
    with pytest.raises(UserError) as caught:
        load_source(str(pack))
    if line:
        assert str(caught.value).startswith(f"{pack}:{line}: ")
    for word in words:
        assert word in str(caught.value)


def test_what_a_pack_leaves_out_is_a_warning_of_its_source(tmp_path):
    put(tmp_path, "a.jsonl", lines(PLAIN, "{"))
    pack = put(tmp_path, "pack.yaml", "name: n\ndescription: d\nitems:\n  - {file: a.jsonl, skip_bad: true}\n")
    found = load_source(str(pack))
    (warning,) = found.warnings
    assert len(found.items) == 1
    assert warning.startswith("1 faulty item of ")
    assert "a.jsonl:2: not JSON" in warning


def outcome(path):
    """Whether there are items, or a message that names the file."""
    try:
        return bool(read_item_set(ItemSetSource(file=str(path), skip_bad=True)).items)
    except UserError as error:
        return str(path) in str(error)


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "jsonl.gz"])
def test_whatever_is_broken_in_a_file_it_is_items_or_a_message(tmp_path, kind):
    chance = random.Random(kind)
    for name, records in FILES.items():
        text = "\n".join(map(json.dumps, records)) if kind != "json" else json.dumps(records)
        if kind == "csv":
            text = "\n".join([",".join(records[0]), *(json.dumps(list(record.values()))[1:-1] for record in records)])
        for _ in range(20):
            content = bytearray(gzip.compress(text.encode()) if kind == "jsonl.gz" else text.encode())
            for _ in range(chance.randint(1, 4)):
                place = chance.randrange(len(content))
                content[place : place + chance.choice([0, 1, 9])] = chance.choice(
                    [b"", b'"', b"\n", b"\xff", b"{", b","]
                )
            path = put(tmp_path, f"{name}.{kind}", bytes(content))
            assert outcome(path)


@pytest.mark.parametrize("later", ["", 'again "quoted" here,3\n'])
def test_a_quote_that_is_not_closed_costs_its_own_line_and_no_other(tmp_path, later):
    rows = [f"{i} + 1?,{i + 1}\n" for i in range(6)]
    path = tmp_path / "a.csv"
    path.write_text("".join(["question,answer\n", *rows[:2], '"open,1\n', *rows[2:5], later, *rows[5:]]))
    read = read_item_set(ItemSetSource(file=str(path), skip_bad=True))
    assert [item.answer for item in read.items if "+" in item.question] == ["1", "2", "3", "4", "5", "6"]
    (fault,) = read.skipped
    assert f"{path}:4: wrong quoting" in str(fault)


def test_a_quoted_name_of_a_column_does_not_decide_what_separates_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('"question, in words";answer\nWhat is 1 + 1?;2\n')
    read = read_item_set(ItemSetSource(file=str(path), fields={"question": "question, in words"}))
    assert [(item.question, item.answer) for item in read.items] == [("What is 1 + 1?", "2")]


def test_more_choices_than_letters_are_a_fault_of_the_item(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(lines({"question": "q", "choices": [f"c{i}" for i in range(30)], "answer": 27}))
    with pytest.raises(UserError, match=r":1: choices: 30 choices with 26 letters"):
        read_item_set(path)
