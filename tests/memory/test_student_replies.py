"""What untaught students replied, kept for the runs of a folder."""

from pathlib import Path

from ioa.memory.student_replies import StudentReplies, now

ENDS = dict.fromkeys("abcd", "any tokens")


def asked(*questions: str, ends: str = "any tokens") -> dict[str, str]:
    return dict.fromkeys(questions, ends)


def test_a_run_finds_what_was_there_when_it_began_and_what_it_added_itself_whenever_it_looks(tmp_path: Path) -> None:
    path = tmp_path / "student-replies" / "key.jsonl"
    first = StudentReplies(path, "first", now())
    assert first.find(asked("a")) == {}
    first.add({"a": "1", "b": "2"}, ENDS)
    second = StudentReplies(path, "second", now())
    first.add({"c": "3"}, ENDS)
    for _ in range(2):  # as before and after a kill
        assert second.find(asked("a", "c", "d")) == {"a": "1"}
        second.add({"d": "4"}, ENDS)
        second = StudentReplies(path, "second", second._until)
        assert second.find(asked("d")) == {"d": "4"}
        path.write_text(path.read_text(encoding="utf-8").rsplit("\n", 2)[0] + "\n", encoding="utf-8")
    assert first.find(asked("a", "b", "c")) == {"a": "1", "b": "2", "c": "3"}


def test_of_two_replies_to_a_question_the_older_counts(tmp_path: Path) -> None:
    replies = StudentReplies(tmp_path / "key.jsonl", "run", now())
    replies.add({"a": "1"}, ENDS)
    replies.add({"a": "2"}, ENDS)
    assert replies.find(asked("a")) == {"a": "1"}


def test_a_reply_that_ended_elsewhere_is_another(tmp_path: Path) -> None:
    replies = StudentReplies(tmp_path / "key.jsonl", "run", now())
    replies.add({"a": "1"}, ENDS)
    assert replies.find(asked("a", ends="64 tokens")) == {}
