"""The name of all that decides a student's replies, and the replies that are kept under it."""

import os
import shutil

import pytest
from tests.training.tiny import make_tiny_student

from ioa.memory.student_replies import StudentReplies, now
from ioa.training import Remembered, Student, StudentSettings, reply_key
from ioa.training.reply_key import hash_file


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("student") / "weights"
    make_tiny_student(made)
    return made


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IOA_CACHE", str(tmp_path / "cache"))


def key(folder, **settings):
    return reply_key(Student.load(StudentSettings(model=str(folder), **settings)))


def test_the_same_weights_asked_the_same_have_one_name_wherever_they_are_and_other_settings_another(folder, tmp_path):
    moved = shutil.copytree(folder, tmp_path / "moved")
    own = key(folder)
    assert key(moved) == own
    assert key(folder, batch_size=4) == own
    others = [{"max_new_tokens": 7}, {"system_prompt": "Be brief."}, {"dtype": "bfloat16"}, {"dtype": "float32"}]
    assert len({own, *(key(folder, **other) for other in others)}) == 4  # one of the formats is its own


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer_config.json"])
def test_other_weights_or_another_form_of_prompts_have_another_name(folder, tmp_path, name):
    student = Student.load(StudentSettings(model=str(shutil.copytree(folder, tmp_path / "changed"))))
    before = reply_key(student)
    with (tmp_path / "changed" / name).open("r+b") as handle:
        handle.seek(-2, os.SEEK_END)
        handle.write(b" }")
    assert reply_key(student) != before


def test_a_file_is_read_once_until_it_changes(tmp_path, monkeypatch):
    path, reads = tmp_path / "weights", []
    path.write_bytes(b"one")
    real = hash_file.__globals__["hashlib"].file_digest
    monkeypatch.setattr("hashlib.file_digest", lambda *given: reads.append(1) or real(*given))
    assert hash_file(path) == hash_file(path)
    assert len(reads) == 1
    first = hash_file(path)
    path.write_bytes(b"other")
    assert hash_file(path) != first
    assert len(reads) == 2


def test_a_student_is_asked_what_it_was_not_asked_before_and_the_rest_is_told(folder, tmp_path):
    student, told, shown = Student.load(StudentSettings(model=str(folder), max_new_tokens=5)), [], []
    path = tmp_path / "replies.jsonl"
    questions = [f"What is {n} + 1?" for n in range(6)]
    ends = dict.fromkeys(questions, "any tokens")
    fresh = Remembered(student, StudentReplies(path, "first", now()), ends, lambda *known: told.append(known))
    written = fresh.answer(questions[:4])
    assert told == []
    StudentReplies(path, "other", now()).add({questions[4]: "of another run"}, ends)
    again = Remembered(student, StudentReplies(path, "second", now()), ends, lambda *known: told.append(known))
    replies = again.answer(questions, lambda *done: shown.append(done))
    assert replies[:5] == [*written, "of another run"]
    assert replies[5:] == student.answer(questions[5:])
    assert (told, shown) == ([(5, 6)], [(6, 6)])
    assert again.answer(questions) == replies
    assert told[-1] == (6, 6)
