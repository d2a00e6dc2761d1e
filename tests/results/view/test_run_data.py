import asyncio
import sqlite3

import pytest
from tests.results.fake_run import event, make_beginning, make_run

from ioa.memory.errors import UserError
from ioa.memory.files import append_records, write_records
from ioa.memory.run_dir import RunDirectory
from ioa.results.remarks import remarks
from ioa.results.view import run_data as module
from ioa.results.view.run_data import RunData, Runs


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Every look is a new one."""
    monkeypatch.setattr(module, "EVERY", 0.0)
    monkeypatch.setattr(module, "_SHARE", 0)


def test_a_transcript_is_followed_and_never_read_twice(tmp_path):
    run = make_run(tmp_path)

    async def follow():
        data = RunData(run)
        assert await data.refresh() == 1
        before, facts = list(data.events), data.facts
        assert await data.refresh() == 1  # nothing is new
        append_records(run.transcript, [event(90, "planner", "plan")])
        with run.transcript.open("ab") as file:
            file.write(b'{"torn')
        assert await data.refresh() == 2
        assert [one.id for one in data.events[len(before) :]] == ["000090"]
        assert all(new is old for new, old in zip(data.events, before, strict=False))
        assert data.facts_version == 1
        assert data.facts.transcript == tuple(data.events)
        assert data.facts.examples is facts.examples
        return data

    assert not asyncio.run(follow()).problem


def test_other_files_are_read_again_when_they_change(tmp_path):
    run = make_run(tmp_path)

    async def follow():
        data = RunData(run)
        await data.refresh()
        run.assessment(3, 0).unlink()
        assert await data.refresh() == 2
        assert data.facts_version == 2
        assert {one.stage for one in data.facts.assessments} == {1, 2}

    asyncio.run(follow())


def test_a_file_that_cannot_be_read_is_told_and_what_was_read_stays(tmp_path):
    run = make_run(tmp_path)

    async def follow():
        data = RunData(run)
        await data.refresh()
        whole = run.diagnosis.read_bytes()
        run.diagnosis.write_bytes(b"{")
        append_records(run.transcript, [event(91, "planner", "plan")])
        await data.refresh()
        assert "diagnosis.json" in data.problem
        assert data.facts.diagnosis is not None
        run.diagnosis.write_bytes(whole)
        await data.refresh()
        assert not data.problem
        assert data.events[-1].id == "000091"

    asyncio.run(follow())


def test_a_run_that_cannot_be_read_at_all_says_why(tmp_path):
    run = make_run(tmp_path)
    run.diagnosis.write_bytes(b"{")

    async def follow():
        data = RunData(run)
        await data.refresh()
        assert not data.readable
        with pytest.raises(UserError, match=r"diagnosis\.json"):
            _ = data.facts

    asyncio.run(follow())


def test_a_replaced_transcript_is_a_new_list(tmp_path):
    run = make_run(tmp_path)

    async def follow():
        data = RunData(run)
        await data.refresh()
        old = data.events
        write_records(run.transcript, [event(7, "planner", "plan")])
        await data.refresh()
        assert [one.id for one in data.events] == ["000007"]
        assert data.events is not old
        assert len(await data.search_texts()) == 1
        run.transcript.unlink()
        write_records(run.transcript, [event(8000 + i, "planner", "plan") for i in range(9)])  # longer, another run's
        await data.refresh()
        assert [one.id for one in data.events] == [f"{8000 + i:06d}" for i in range(9)]
        assert not data.problem

    asyncio.run(follow())


def test_a_transcript_that_is_replaced_while_another_file_cannot_be_read_is_still_read_once(tmp_path):
    run = make_run(tmp_path)

    async def follow():
        data = RunData(run)
        await data.refresh()
        whole = run.diagnosis.read_bytes()
        run.diagnosis.write_bytes(b"{")
        write_records(run.transcript, [event(7, "planner", "plan")])
        await data.refresh()
        assert data.problem
        run.diagnosis.write_bytes(whole)
        await data.refresh()
        assert [one.id for one in data.events] == ["000007"]

    asyncio.run(follow())


def test_events_before_a_broken_line_are_not_lost(tmp_path):
    run = make_run(tmp_path)

    async def follow():
        data = RunData(run)
        await data.refresh()
        there, whole = len(data.events), run.transcript.read_bytes()
        append_records(run.transcript, [event(91, "planner", "plan")])
        added = run.transcript.read_bytes()[len(whole) :]
        run.transcript.write_bytes(whole + added + b"{}\n")
        await data.refresh()
        assert "not an event" in data.problem
        run.transcript.write_bytes(whole + added)
        await data.refresh()
        assert not data.problem
        assert [one.id for one in data.events[there:]] == ["000091"]

    asyncio.run(follow())


def test_a_run_that_is_killed_is_no_longer_said_to_go_on(tmp_path):
    run = make_run(tmp_path)

    async def follow():
        data = RunData(run)
        with run.hold():
            await data.refresh()
            assert data.facts.status == "working"
            assert "still going on" in remarks(data.facts)[0]
        (run.root / "held-by").write_text("pid 1 on host gone", encoding="utf-8")
        await data.refresh()
        assert data.facts.status == data.card.status == "stopped"
        assert "Nobody works on the run any more" in remarks(data.facts)[0]

    asyncio.run(follow())


def test_search_texts_are_lower_case_and_grow(tmp_path):
    run = make_beginning(tmp_path)
    append_records(run.transcript, [event(1, "planner", "plan", "NEEDLE")])

    async def follow():
        data = RunData(run)
        await data.refresh()
        assert "needle" in (await data.search_texts())[0]
        append_records(run.transcript, [event(2, "planner", "plan", "Haystack")])
        await data.refresh()
        texts = await data.search_texts()
        assert len(texts) == 2
        assert "haystack" in texts[1]

    asyncio.run(follow())


def test_many_who_ask_at_once_make_one_look(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "EVERY", 60.0)
    run, looks = make_run(tmp_path), []
    look = RunData._look
    monkeypatch.setattr(RunData, "_look", lambda self: looks.append(1) or look(self))

    async def ask():
        data = RunData(run)
        assert await asyncio.gather(*(data.refresh() for _ in range(20))) == [1] * 20

    asyncio.run(ask())
    assert looks == [1]


def test_only_names_of_runs_are_runs(tmp_path):
    make_beginning(tmp_path / "runs", "a-run")
    make_beginning(tmp_path, "outside")
    runs = Runs(tmp_path / "runs")
    assert runs.get("a-run") is runs.get("a-run")
    for evil in ("../outside", "..", ".", "", "a/b", "nothing", "a-run/../../outside"):
        with pytest.raises(UserError):
            runs.get(evil)
    (tmp_path / "runs" / "a-run").rename(tmp_path / "runs" / "<b>a copy\n(2)")
    assert runs.get("<b>a copy\n(2)").run.config.is_file()
    with pytest.raises(UserError, match="Only run"):
        Runs(tmp_path / "runs", only="a-run").get("b-run")


def test_looking_writes_nothing(tmp_path):
    run = make_run(tmp_path)
    # as an interrupted run has it: checkpoints of SQLite in the mode of a write-ahead log
    connection = sqlite3.connect(run.checkpoints)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE checkpoints (checkpoint_id TEXT, type TEXT, checkpoint BLOB)")
    connection.commit()
    connection.close()

    def state():
        return {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in (tmp_path, *tmp_path.rglob("*"))}

    before = state()

    async def look():
        data = RunData(RunDirectory.at(tmp_path, run.run_id))
        await data.refresh()
        assert data.readable
        assert await Runs(tmp_path).cards()

    asyncio.run(look())
    assert state() == before
