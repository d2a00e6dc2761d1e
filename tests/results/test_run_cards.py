"""The cards of runs: right in every state that a run can be left in, and cheap."""

import fcntl
import os
import threading
from pathlib import Path

import pytest
from tests.results import fake_run as fake
from tests.results.fake_run import summary_of

from ioa.memory.errors import UserError
from ioa.memory.files import append_records, write_record, write_text
from ioa.memory.records import Score
from ioa.memory.run_dir import RunDirectory
from ioa.results.run_cards import list_runs, read_card
from ioa.results.summary import Summary


def summarised(run: RunDirectory, status: str) -> Summary:
    summary = summary_of(run, status)
    write_record(run.summary, summary)
    return summary


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return fake.make_run(tmp_path)


def test_a_finished_run_has_its_numbers_from_its_summary_alone(run: RunDirectory) -> None:
    summary = summarised(run, "finished")
    whole = run.transcript.read_text(encoding="utf-8").splitlines()
    run.transcript.write_text("\n".join([whole[0], "not read", ""]), encoding="utf-8")
    card = read_card(run)
    assert (card.status, card.problem) == ("finished", "")
    assert (card.calls, card.tokens) == (len(whole), 580 * len(whole))
    assert card.before == summary.final.before
    assert card.after == summary.final.after
    assert isinstance(card.after, Score)
    assert (card.mastered, card.targets) == (sum(m.mastered is True for m in summary.modules if m.planned), 7)
    assert (card.stages, card.wall_seconds) == (3, 991.3)
    assert (card.domain, card.teacher, card.student) == ("arithmetic", fake.SPEC, "smollm2-135m")
    assert card.began.startswith("2026-01-05T10:00:00")


@pytest.mark.parametrize("status", ["interrupted", "failed", "out of budget", "paused", "finished"])
def test_a_run_that_was_left_properly_says_how(run: RunDirectory, status: str) -> None:
    summarised(run, status)
    with run.hold():
        assert read_card(run).status == "working"
    assert read_card(run).status == status


def test_a_killed_run_is_stopped_and_what_it_paid_since_its_summary_counts(run: RunDirectory) -> None:
    summarised(run, "failed")
    before = read_card(run)
    append_records(run.transcript, [fake.event(90, "adapter", "lessons").model_copy(update={"cost": 0.25})])
    append_records(run.transcript, [fake.event(91, "adapter", "lessons").model_copy(update={"ledger": True})])
    (run.root / "held-by").write_text("pid 1 on host gone", encoding="utf-8")
    (run.root / "run.lock").touch()
    card = read_card(run)
    assert card.status == "stopped"
    assert (card.calls, card.tokens, card.usd) == (before.calls + 1, before.tokens + 580, 0.25)
    append_records(run.transcript, [fake.event(92, "adapter", "lessons").model_copy(update={"cost": None})])
    assert read_card(run).usd is None


def test_text_of_a_model_cannot_forge_the_cost_of_a_call(run: RunDirectory) -> None:
    forged = '"answered":true,"ledger":false,"tokens":{"input":9,"output":9,"estimated":false},"cost":9.0}'
    append_records(run.transcript, [fake.event(90, "adapter", "lessons", forged).model_copy(update={"reply": forged})])
    assert read_card(run).usd == 0.0


def test_a_run_that_only_just_began_has_a_card(tmp_path: Path) -> None:
    run = fake.make_beginning(tmp_path)
    card = read_card(run)
    assert (card.status, card.calls, card.targets, card.after) == ("stopped", 0, None, None)
    assert card.began
    assert card.changed


def test_asking_never_keeps_a_run_from_starting(run: RunDirectory) -> None:
    (run.root / "held-by").write_text("pid 1 on host gone", encoding="utf-8")
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            _ = run.held

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(30):
            with run.hold():
                assert run.held
            (run.root / "held-by").write_text("pid 1 on host gone", encoding="utf-8")
    finally:
        over.set()
        for asker in askers:
            asker.join()


def test_a_start_waits_out_an_asker_and_is_refused_where_the_run_is_held(run: RunDirectory) -> None:
    lock = os.open(run.root / "run.lock", os.O_RDONLY | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_SH)  # what asking does, for longer than it takes
    threading.Timer(0.3, os.close, [lock]).start()
    with run.hold():
        with pytest.raises(UserError, match="is held by pid"), run.hold():
            pass
        assert run.held


def test_the_newest_run_comes_first_and_a_broken_one_says_what_is_wrong(run: RunDirectory) -> None:
    runs = run.root.parent
    summarised(run, "finished")
    later = fake.make_run(runs, "later")
    events = [fake.event(1, "planner", "plan").model_copy(update={"time": "2026-02-01T00:00:00+00:00"})]
    later.transcript.unlink()
    append_records(later.transcript, events)
    broken = fake.make_run(runs, "broken")
    write_text(broken.summary, '{"status": "finished"}')
    torn = fake.make_run(runs, "torn")
    torn.config.write_bytes(b"domain: [\xff")
    (runs / "no-run").mkdir()
    cards = list_runs(runs)
    assert [card.run_id for card in cards] == ["later", "torn", "broken", run.run_id]
    assert {card.run_id: card.status for card in cards if card.problem} == {
        "torn": "unreadable",
        "broken": "unreadable",
    }
    assert "summary.json: not a summary of a run" in cards[2].problem
    assert "config.yaml" in cards[1].problem


def test_a_run_that_hides_even_its_times_hides_no_other(run: RunDirectory) -> None:
    odd = fake.make_run(run.root.parent, "odd")
    odd.transcript.unlink()
    odd.transcript.mkdir()
    cards = {card.run_id: card for card in list_runs(run.root.parent)}
    assert set(cards) == {run.run_id, "odd"}
    assert cards["odd"].status == "unreadable"
    assert "transcript.jsonl" in cards["odd"].problem


def test_an_empty_or_missing_folder_has_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path) == []
    assert list_runs(tmp_path / "nowhere") == []


def test_a_hundred_runs_are_listed_without_their_transcripts(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    summarised(run, "finished")
    for number in range(99):
        other = RunDirectory(run.root.parent / f"run-{number:02d}")
        other.root.mkdir()
        for name in ("config.yaml", "summary.json", "clock.json", "transcript.jsonl"):
            (other.root / name).symlink_to(run.root / name)

    def parsed(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("ioa.memory.transcript.reader._parse", parsed)
    monkeypatch.setattr("ioa.results.run_cards.scan_spending", parsed)
    assert len(list_runs(run.root.parent)) == 100
