from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioa.memory import files
from ioa.memory.errors import UserError
from ioa.memory.records import Record


class Word(Record):
    text: str


WORDS = [Word(text="one"), Word(text="zwölf"), Word(text="line\nend\u2028")]


def test_appending_and_reading_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "words.jsonl"
    files.append_records(path, WORDS[:1])
    files.append_records(path, WORDS[1:])
    assert files.read_records(path, Word) == WORDS
    assert files.read_records(tmp_path / "missing.jsonl", Word) == []


@given(st.data())
def test_a_file_cut_anywhere_reads_as_its_complete_lines_and_can_be_appended_to(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("torn") / "words.jsonl"
    files.append_records(path, WORDS)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    complete = WORDS[: whole[:cut].count(b"\n")]
    assert files.read_records(path, Word) == complete
    files.append_records(path, WORDS[:1])
    assert files.read_records(path, Word) == [*complete, WORDS[0]]
    torn = path.with_name("words.jsonl.torn")
    rest = whole[:cut].rpartition(b"\n")[2]
    assert (torn.read_bytes() if torn.exists() else b"") == (rest + b"\n" if rest else b"")


def test_a_bad_complete_line_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "words.jsonl"
    path.write_bytes(b'{"text": "one"}\n{"txet": "two"}\n')
    with pytest.raises(UserError, match=r"words\.jsonl, line 2: not a Word record"):
        files.read_records(path, Word)
    path.write_bytes(b'{"text": "one"}\n\xff\xfe\n')
    with pytest.raises(UserError, match=r"words\.jsonl, line 2: not UTF-8"):
        files.read_records(path, Word)


def test_mending_says_whether_it_did(tmp_path: Path) -> None:
    path = tmp_path / "words.jsonl"
    assert not files.mend_last_line(path)
    path.write_bytes(b"whole\n")
    assert not files.mend_last_line(path)
    path.write_bytes(b"whole\ntorn")
    assert files.mend_last_line(path)
    assert path.read_bytes() == b"whole\n"


def test_a_write_that_fails_leaves_the_old_content_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "word.json"
    files.write_record(path, WORDS[0])

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_record(path, WORDS[1])
    assert files.read_record(path, Word) == WORDS[0]
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_no_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "word.json"
    path.write_text('{"text": 3}', encoding="utf-8")
    with pytest.raises(UserError, match=r"word\.json: not a Word record"):
        files.read_record(path, Word)
