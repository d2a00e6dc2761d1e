import json
from pathlib import Path

import pandas
import pytest

from ioa.memory import Note, UserError, read_frame
from ioa.memory.transcript import (
    AttemptEvent,
    CallContext,
    DecisionEvent,
    Message,
    Tokens,
    Transcript,
    TranscriptReader,
    read_attempts,
    read_decisions,
    read_transcript,
)
from ioa.memory.transcript.data_frame import columns

DOCS = Path(__file__).parents[2] / "docs" / "transcript.md"
PLAN = CallContext(node="plan", agent="planner", task="plan")


def ask(transcript: Transcript, text: str = "Plan.", **fields: object) -> AttemptEvent:
    message = Message(role="user", content=text)
    return transcript.record(context=PLAN, messages=(message,), teacher="test:model", reply="{}", **fields)


def test_calls_belong_to_the_visit_in_which_they_are_made_and_a_repair_to_what_it_repairs(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path / "t.jsonl", "run-1")
    before = ask(transcript, "before")
    with transcript.visit(PLAN, {"stages": 0}) as visit:
        first = ask(transcript)
        second = ask(transcript, attempt=2, parent=first.id)
        visit.wrote = {"stages": 3}
        visit.notes = [Note(sender="planner", receiver="adapter", text="Begin with sums.")]
        visit.lines.append("Stage 1: sums")
    assert (before.parent, first.parent, second.parent) == ("", visit.id, first.id)
    (decision,) = read_decisions(tmp_path / "t.jsonl")
    assert (decision.id, decision.run, decision.parent) == (visit.id, "run-1", "")
    assert (decision.read, decision.wrote, decision.text) == ({"stages": 0}, {"stages": 3}, "Stage 1: sums")
    assert [note.text for note in decision.notes] == ["Begin with sums."]
    assert read_attempts(tmp_path / "t.jsonl") == [before, first, second]


def test_a_visit_that_is_made_again_is_written_once_and_one_that_fails_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with pytest.raises(RuntimeError), Transcript(path).visit(PLAN, {"stage": 1}):
        raise RuntimeError
    ids = set()
    for _ in range(2):
        with Transcript(path).visit(PLAN, {"stage": 1}) as visit:
            ids.add(visit.id)
    with Transcript(path).visit(PLAN, {"stage": 2}):
        pass
    assert len(ids) == 1
    assert [event.read for event in read_decisions(path)] == [{"stage": 1}, {"stage": 2}]


def test_what_is_decided_about_a_lesson_is_written_once(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path / "t.jsonl")
    good, bad = (PLAN, "a1", "e1", "", ""), (PLAN, "b2", "e1", "answer", "two solvers say 3")
    transcript.judge([good, bad])
    transcript.judge([bad])
    Transcript(tmp_path / "t.jsonl").judge([good])
    accepted, refused = read_decisions(tmp_path / "t.jsonl")
    assert (accepted.subject, accepted.parent, accepted.rejected) == ("a1", "e1", False)
    assert (refused.subject, refused.category, refused.error) == ("b2", "answer", "two solvers say 3")


def test_secrets_are_struck_out_of_decisions(tmp_path: Path) -> None:
    with Transcript(tmp_path / "t.jsonl").visit(PLAN, {"stage": 1}) as visit:
        visit.lines.append("the key is sk-abcdefghijklmnopqrstuvwxyz")
    assert "sk-abc" not in (tmp_path / "t.jsonl").read_text()


def test_a_reader_gives_what_is_new_and_waits_for_the_end_of_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    reader, transcript = TranscriptReader(path), Transcript(path)
    assert reader.read() == []
    first = ask(transcript)
    assert reader.read() == [first]
    line = first.model_copy(update={"id": "ffffffffff"}).model_dump_json() + "\n"
    with path.open("a") as handle:
        handle.write(line[:40])
    assert reader.read() == []
    assert read_transcript(path) == [first]
    with path.open("a") as handle:
        handle.write(line[40:])
    assert [event.id for event in reader.read()] == ["ffffffffff"]


def test_a_reader_that_meets_a_line_that_is_no_event_loses_none_of_those_before_it(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    event = ask(Transcript(path))
    line = path.read_bytes()
    path.write_bytes(line + b"rubbish\n")
    reader = TranscriptReader(path)
    with pytest.raises(UserError, match=r"line 2: not an event of a transcript \(the line: "):
        reader.read()
    path.write_bytes(line)
    assert reader.read() == [event]


def test_appending_mends_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    first = ask(Transcript(path))
    with path.open("a") as handle:
        handle.write('{"schema_version":2,"id":"x')
    second = ask(Transcript(path), "again")
    assert read_transcript(path) == [first, second]


def test_a_transcript_of_schema_1_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    line = ask(Transcript(path)).model_dump(mode="json")
    old = {key: value for key, value in line.items() if key not in {"kind", "run", "parent"}} | {"schema_version": 1}
    path.write_text(json.dumps(old) + "\n")
    (event,) = read_attempts(path)
    assert (event.schema_version, event.run, event.parent, event.reply) == (1, "", "", "{}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"schema_version": 3, "kind": "dream", "id": "x"}', "schema 3 of the transcript.*Update ioa"),
        ('{"schema_version": 2, "kind": "attempt", "id": "x"}', "line 1: not an event.*Restore the line"),
        ('{"schema_version": 2, "kind": "dream"}', "line 1: not an event"),
        ("[]", "line 1: not an event"),
        ("nonsense", "line 1: not an event"),
    ],
)
def test_what_is_no_event_is_named_by_its_line(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(UserError, match=f"(?s){said}"):
        read_transcript(path)
    with pytest.raises(UserError, match=f"(?s){said}"):
        Transcript(path)


def test_a_transcript_is_a_table(tmp_path: Path) -> None:
    transcript = Transcript(tmp_path / "transcript.jsonl", "run-1")
    with transcript.visit(PLAN, {"stage": 1}) as visit:
        ask(transcript, tokens=Tokens(input=7, output=3), cost=0.5, seconds=1.5, parsed={"note": "n"})
        visit.wrote = {"stages": 2}
    frame = read_frame(tmp_path)
    assert tuple(frame.columns) == columns()
    assert list(frame["kind"]) == ["attempt", "decision"]
    assert list(frame["agent"]) == ["planner", "planner"]
    assert frame["tokens_input"].sum() == 7
    assert frame["cost"].sum() == 0.5
    assert frame["parsed"][0] == {"note": "n"}
    assert frame["wrote"][1] == {"stages": 2}
    assert isinstance(frame["time"].dtype, pandas.DatetimeTZDtype)
    assert frame["stage"].isna().all()


def test_an_empty_transcript_is_an_empty_table_and_a_missing_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no transcript"):
        read_frame(tmp_path)
    (tmp_path / "transcript.jsonl").touch()
    assert read_frame(tmp_path).empty


def test_the_documentation_names_every_field() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for kind in (AttemptEvent, DecisionEvent, CallContext, Tokens):
        missing = [name for name in kind.model_fields if f"`{name}`" not in text]
        assert not missing, f"{kind.__name__}: {missing}"
    for name in columns():
        assert f"`{name}`" in text, name
