"""What teachers scored, kept for the runs of a folder."""

from pathlib import Path

import pytest

from ioa.memory import teacher_scores
from ioa.memory.files import read_records
from ioa.memory.records import ItemResult
from ioa.memory.teacher_scores import TeacherScores


def result(number: int, module: str = "a/b") -> ItemResult:
    return ItemResult(
        probe=f"gate/{module}/{number:03d}", module=module, question=f"{number} + 1?", expected=str(number + 1),
        reply="#", extracted="", correct=False,
    )  # fmt: skip


def test_the_file_is_read_once_for_all_modules_and_again_when_another_run_has_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scores.jsonl"
    reads = []
    monkeypatch.setattr(
        teacher_scores, "read_records", lambda path, kind: reads.append(path) or read_records(path, kind)
    )
    scores, others = TeacherScores(path), TeacherScores(path)
    assert scores.find_answers("t", "m/0", (), 5) == []
    for number in range(30):
        others.add("t", f"m/{number}", "run", [result(number), result(number + 100)])
    for number in range(30):
        known = scores.find_answers("t", f"m/{number}", [f"{number + 100} + 1?"], 5)
        assert [one.question for one in known] == [f"{number + 100} + 1?", f"{number} + 1?"]
    assert len(reads) == 1
    others.add("t", "m/0", "run", [result(7)])
    scores.add("u", "m/0", "run", [result(8)])
    assert len(scores.find_answers("t", "m/0", (), 5)) == 3
    assert [one.question for one in scores.find_answers("u", "m/0", (), 5)] == ["8 + 1?"]
    assert len(reads) == 2
