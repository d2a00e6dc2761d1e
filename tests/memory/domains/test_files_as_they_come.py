"""Nothing of a file is lost or changed without a word: it is read completely, or the fault is named with its line."""

import codecs
import gzip
import json

import pytest

from ioa.memory.domains.item_sets import ItemSetSource, read_item_set
from ioa.memory.errors import UserError

ROWS = [{"question": f"Halve {2 * n}.", "answer": str(n), "id": f"h{n}"} for n in (3, 5, 8)]
LINES = [json.dumps(row) for row in ROWS]
ODD = {"question": "a\u2028b\u0085c\u2029d\x1ce", "answer": "1\u20282", "id": "odd"}
HEAD = "question,answer,id"
CELLS = [f"{row['question']},{row['answer']},{row['id']}" for row in ROWS]
MARK = codecs.BOM_UTF8


def text(*lines, end="\n"):
    return end.join(lines).encode()


WHOLE = {
    "one mark.jsonl": MARK + text(*LINES),
    "joined.jsonl": text(LINES[0]) + b"\n" + MARK + text(*LINES[1:]),
    "joined without a line end.jsonl": text(LINES[0]) + MARK + text(*LINES[1:]),
    "two marks.jsonl": MARK + MARK + text(*LINES),
    "macintosh.jsonl": text(*LINES, end="\r"),
    "windows.jsonl": text(*LINES, "", end="\r\n"),
    "both ends.jsonl": text(*LINES[:2]) + b"\r\n\r\n" + text(LINES[2]),
    "on one line.jsonl": "".join(LINES).encode(),
    "indented.jsonl": text(*(json.dumps(row, indent=4) for row in ROWS)),
    "indented.json": text(*(json.dumps(row, indent=4) for row in ROWS), end="\r\n"),
    "list on one line.jsonl": json.dumps(ROWS).encode(),
    "list on lines.jsonl": MARK + json.dumps(ROWS, indent=1).encode(),
    "lines.json": text(*LINES),
    "records.json": "\x1e".join(["", *LINES]).encode(),
    "no ending": text(*LINES),
    "packed.jsonl": gzip.compress(text(*LINES)),
    "unpacked.jsonl.gz": text(*LINES),
    "two packed.jsonl.gz": gzip.compress(text(LINES[0], "")) + gzip.compress(text(*LINES[1:])),
    "lines.csv": text(*LINES),
    "mark.csv": MARK + text(HEAD, *CELLS),
    "joined.csv": text(HEAD, CELLS[0], "") + MARK + text(HEAD, *CELLS[1:]),
    "macintosh.csv": text(HEAD, *CELLS, end="\r"),
    "semicolons.csv": text(HEAD, *CELLS).replace(b",", b";"),
    "tabs.csv": text(HEAD, *CELLS).replace(b",", b"\t"),
    "tabs.tsv": text(HEAD, *CELLS, end="\r\n").replace(b",", b"\t"),
    "bars.csv": text(HEAD, *CELLS).replace(b",", b"|"),
    "excel.csv": MARK + text("sep=;", HEAD, *CELLS, end="\r\n").replace(b",", b";"),
    "empty columns.csv": text(HEAD, *(f"{cells},," for cells in CELLS)),
    "empty lines.csv": text("", HEAD, "", *CELLS, ",,", ""),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_is_read_completely_however_it_was_written(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(WHOLE[name])
    found = read_item_set(path)
    assert [(item.question, item.answer, item.id) for item in found.items] == [tuple(row.values()) for row in ROWS]
    assert not found.skipped


@pytest.mark.parametrize("ascii_", [True, False])
@pytest.mark.parametrize("kind", ["jsonl", "json", "csv"])
def test_unicode_line_ends_inside_a_text_are_characters_of_it(tmp_path, kind, ascii_):
    path = tmp_path / f"a.{kind}"
    rows = [*ROWS, ODD]
    if kind == "csv":
        rows[-1] = ODD | {"question": ODD["question"] + '\n"x", y', "answer": "=1+1"}
        quoted = [[str(value).replace('"', '""') for value in row.values()] for row in rows]
        path.write_bytes(text(HEAD, *(",".join(f'"{cell}"' for cell in row) for row in quoted)))
    else:
        told = rows if kind == "json" else None
        path.write_bytes(
            json.dumps(told, ensure_ascii=ascii_).encode()
            if told
            else text(*(json.dumps(row, ensure_ascii=ascii_) for row in rows))
        )
    last = read_item_set(path).items[-1]
    assert (last.question, last.answer) == (rows[-1]["question"], rows[-1]["answer"])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("18.0", "18.0"),
        ("1e3", "1e3"),
        ("-0.0", "-0.0"),
        ("9007199254740993", "9007199254740993"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("3.14159265358979323846264338", "3.14159265358979323846264338"),
        ("0.10", "0.10"),
    ],
)
def test_a_number_keeps_its_digits_as_answer_and_as_id(tmp_path, written, read):
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"question": "q", "answer": {written}, "id": {written}}}\n')
    (item,) = read_item_set(path).items
    assert (item.answer, item.id) == (read, read)


BAD = {
    "NaN": ('{"question": "q", "answer": NaN}', "NaN is no JSON number"),
    "NaN elsewhere": ('{"question": "q", "answer": "1", "id": NaN}', "NaN is no JSON number"),
    "infinity": ('{"question": "q", "answer": Infinity}', "Infinity is no JSON number"),
    "minus infinity": ('{"question": "q", "answer": -Infinity}', "-Infinity is no JSON number"),
    "too large": ('{"question": "q", "answer": 1e999}', "the number 1e999 is too large"),
    "twice": ('{"question": "q", "answer": "1", "answer": "2"}', "the key 'answer' stands twice"),
    "case": ('{"question": "q", "answer": "1", "Answer": "2"}', "in upper and in lower case"),
    "true": ('{"question": "q", "answer": true}', "answer: expected a string or a number (got True)"),
    "a list": ('{"question": "q", "answer": ["1", "2"]}', "answer: expected a string or a number"),
    "an object": ('{"question": "q", "answer": {"value": 1}}', "answer: expected a string or a number"),
    "null": ('{"question": "q", "answer": null}', "answer: empty"),
    "half an escape": ('{"question": "\\ud83d", "answer": "1"}', "half a character"),
}


@pytest.mark.parametrize("form", ["lines", "a document", "indented"])
@pytest.mark.parametrize("name", BAD)
def test_a_value_that_is_no_answer_is_told_and_the_others_can_be_read(tmp_path, name, form):
    bad, words = BAD[name]
    path = tmp_path / ("a.json" if form == "a document" else "a.jsonl")
    items = [LINES[0], bad, *LINES[1:]]
    if form == "a document":
        path.write_text(f"[{', '.join(items)}]")
    else:
        path.write_text("\n".join(line.replace("{", "{\n  ") if form == "indented" else line for line in items))
    place = {"lines": ":2: ", "a document": ", item 2: ", "indented": ":3: "}[form]
    with pytest.raises(UserError) as caught:
        read_item_set(path)
    (message,) = str(caught.value).splitlines()
    assert message.startswith(f"{path}{place}")
    assert words in message
    found = read_item_set(ItemSetSource(file=str(path), skip_bad=True))
    assert [item.id for item in found.items] == ["h3", "h5", "h8"]
    assert len(found.skipped) == 1


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("torn.jsonl", text(*LINES)[:-5], ":3: not JSON"),
        ("zero.jsonl", text(LINES[0], LINES[1].replace("Halve", "\0alve"), LINES[2]), ":2: not JSON"),
        ("latin.jsonl", text(*LINES[:2]) + '\n{"question": "für", "answer": "1"}'.encode("latin-1"), ":3: not UTF-8"),
        ("latin.csv", text(HEAD, *CELLS, "") + "für,1,x".encode("latin-1"), ":5: not UTF-8"),
        ("head.csv", "frage,wörter\nx,y".encode("latin-1"), ":1: not UTF-8"),
        ("twice.jsonl", text(*LINES, LINES[0]), ":4: id: 'h3' is also the id of line 1"),
        ("ragged.csv", text(HEAD, *CELLS, "What, now?,1,x"), ":5: 4 columns. Expected 3"),
        ("short.csv", text(HEAD, *CELLS, "What,1"), ":5: 2 columns. Expected 3"),
        ("turned.csv", text(HEAD, *CELLS, "answer,question,id", "1,q,x"), ":5: names the columns in another order"),
        ("wide.jsonl", text(*LINES).decode().encode("utf-16"), ": UTF-16 text"),
        ("wide.csv", text(HEAD, *CELLS).decode().encode("utf-16-le"), ": a binary file, or UTF-16"),
        ("sheet.csv", b"PK\x03\x04\x14\0\x06\0", ": a ZIP archive (Excel's .xlsx is one)"),
        (
            "pointer.jsonl",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n",
            ": a pointer of Git LFS",
        ),
        ("page.json", b"<!DOCTYPE html><html>404</html>", ": an HTML page"),
        ("packed.jsonl.zst", b"\x28\xb5\x2f\xfd\x04\0", ": packed with zstd"),
        ("only a mark.jsonl", MARK, ": holds no item"),
        ("only a mark.json", MARK, ": holds no item"),
        ("only a mark.csv", MARK + b"\r\n", ": holds no item"),
        ("empty.json", b"", ": holds no item"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path, name, content, told):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_item_set(path)
    assert str(caught.value).startswith(f"{path}{told}")


@pytest.mark.parametrize("name", ["latin.csv", "latin.jsonl", "zero.csv", "zero.jsonl"])
def test_the_lines_beside_one_that_is_no_text_can_be_read(tmp_path, name):
    path = tmp_path / name
    rows = CELLS if name.endswith("csv") else LINES
    bad = rows[1].replace("Halve", "H\xe4lfte" if name.startswith("latin") else "\0").replace("h5", "bad")
    content = "\n".join([*([HEAD] if name.endswith("csv") else []), rows[0], bad, *rows[1:]])
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(UserError, match=f"{path}:{3 if name.endswith('csv') else 2}: "):
        read_item_set(path)
    found = read_item_set(ItemSetSource(file=str(path), skip_bad=True))
    assert [item.id for item in found.items] == ["h3", "h5", "h8"]


@pytest.mark.parametrize("answer", ["NA", "null", "NaN", "None", "TRUE", "-", "1,5", "=1+1", "007", "1e3"])
def test_a_cell_of_a_table_is_the_text_that_stands_there(tmp_path, answer):
    """OasisLMF/OasisLMF#307, pandas-dev/pandas#48712: words that a reader of tables takes for a missing value."""
    path = tmp_path / "a.csv"
    path.write_text(f'question,answer\nWhat?,"{answer}"\n')
    assert read_item_set(path).items[0].answer == answer


def test_parquet_is_known_by_its_content_and_keeps_numbers_of_32_bits(tmp_path):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    table = pa.table(
        {
            "question": ["a", "b", "c"],
            "answer": pa.array([0.1, 2.5, float("nan")], pa.float32()),
            "id": pa.array([2**53 + 1, 2, 3], pa.int64()),
        }
    )
    path = tmp_path / "train.jsonl"
    pq.write_table(table, path)
    with pytest.raises(UserError, match="item 3: answer: empty"):
        read_item_set(path)
    found = read_item_set(ItemSetSource(file=str(path), skip_bad=True)).items
    assert [(item.answer, item.id) for item in found] == [("0.1", "9007199254740993"), ("2.5", "2")]
