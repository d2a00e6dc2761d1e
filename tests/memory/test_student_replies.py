"""What untaught students replied, kept for the runs of a folder."""

from pathlib import Path

from ioa.memory.student_replies import StudentReplies, now


def test_a_run_finds_what_was_there_when_it_began_and_what_it_added_itself_whenever_it_looks(tmp_path: Path) -> None:
    path = tmp_path / "student-replies" / "key.jsonl"
    first = StudentReplies(path, "first", now())
    assert first.find(["a"]) == {}
    first.add({"a": "1", "b": "2"})
    second = StudentReplies(path, "second", now())
    first.add({"c": "3"})
    for _ in range(2):  # as before and after a kill
        assert second.find(["a", "c", "d"]) == {"a": "1"}
        second.add({"d": "4"})
        second = StudentReplies(path, "second", second._until)
        assert second.find(["d"]) == {"d": "4"}
        path.write_text(path.read_text(encoding="utf-8").rsplit("\n", 2)[0] + "\n", encoding="utf-8")
    assert first.find(["a", "b", "c"]) == {"a": "1", "b": "2", "c": "3"}


def test_of_two_replies_to_a_question_the_older_counts(tmp_path: Path) -> None:
    replies = StudentReplies(tmp_path / "key.jsonl", "run", now())
    replies.add({"a": "1"})
    replies.add({"a": "2"})
    assert replies.find(["a"]) == {"a": "1"}
