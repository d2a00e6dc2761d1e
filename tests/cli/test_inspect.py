"""The commands that look at runs, as a user types them."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.results import fake_run as fake
from tests.results.fake_run import summary_of
from typer.testing import CliRunner

from ioa.cli.main import app
from ioa.memory.errors import UserError
from ioa.memory.files import append_records, write_record
from ioa.memory.run_dir import RunDirectory
from ioa.memory.transcript import reader as reading
from ioa.results.event_stream import Show
from ioa.results.selection import Selection
from ioa.results.terminal.pager import pager_command

IOA = [sys.executable, "-m", "ioa.cli.main"]
RUN = "arithmetic-demo"
UNSEEN = "\u202e\u2066\u200f\u200b\U000e0041\x9b31m\x1b[2J\x1b]0;title\x07"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with hostile text and decisions, its twin without, and one that only began."""
    folder = tmp_path_factory.mktemp("runs")
    made = fake.make_run(folder, RUN, fake.HOSTILE + UNSEEN)
    append_records(made.transcript, fake.decisions(fake.HOSTILE + UNSEEN))
    failed = {"error": f"no JSON {UNSEEN}", "category": "unreadable", "parsed": None}
    append_records(made.transcript, [fake.event(50, "verifier", "solve").model_copy(update=failed)])
    twin = fake.make_run(folder, "twin")
    for run in (made, twin):
        write_record(run.summary, summary_of(run, "finished"))
    fake.make_beginning(folder, "begun")
    return folder


def ioa(*arguments: object) -> str:
    """What the command prints, on either stream; its errors come through."""
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(one) for one in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def transcript(runs: Path, *arguments: object) -> str:
    return ioa("transcript", RUN, "--runs-dir", runs, *arguments)


def ids(text: str) -> list[str]:
    return [json.loads(line)["id"] for line in text.splitlines()]


def test_filters_choose_the_events(runs: Path) -> None:
    assert ids(transcript(runs, "--json", "--kind", "decision")) == ["accepted01", "refused001", "visit00001"]
    assert ids(transcript(runs, "--json", "--node", "draft")) == ["visit00001"]
    assert ids(transcript(runs, "--json", "--rejected")) == ["refused001", "000050"]
    assert ids(transcript(runs, "--json", "--grep", "CARRIES are hard")) == ["visit00001"]
    assert ids(transcript(runs, "--json", "--stage", 1, "--round", 1)) == ["000011"]
    assert ids(transcript(runs, "--json", "--limit", 2)) == ["000001", "000002"]
    assert ids(transcript(runs, "--json", "--last", 2)) == ["visit00001", "000050"]
    assert ids(transcript(runs, "--json", "--event", "visit")) == ["visit00001"]
    assert ids(transcript(runs, "--json", "--event", "refused001", "--family")) == ["000004", "refused001"]


def test_what_is_shown_is_counted(runs: Path) -> None:
    assert transcript(runs, "--kind", "decision").splitlines()[-1] == "3 of 20 events"
    assert transcript(runs).splitlines()[-1] == "20 events"
    assert transcript(runs, "--limit", 2).splitlines()[-1] == "The first 2 that match; there may be more."
    assert transcript(runs, "--grep", "zebra") == "None of 20 events matches.\n"
    assert transcript(runs, "--agent", "judge") == "None of 20 events matches.\n"
    assert transcript(runs, "--module", "algebra/linear-equations") == "None of 20 events matches.\n"
    assert ioa("transcript", "begun", "--runs-dir", runs) == "Nothing was said or decided yet.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--agent", "plannr"), "--agent plannr: .* There are: adapter, diagnoser, planner, verifier"),
        (("--node", "drafd"), "--node drafd: .* There are: .*draft"),
        (("--module", "sums"), "--module sums: .* There are: .*sums/carrying"),
        (("--stage", "9"), r"--stage 9: .* There are: 1, 2, 3\."),
        (("--round", "7"), r"--round 7: .* There are: 0, 1\."),
        (("--event", "f00"), "--event f00: there is none of that id"),
        (("--event", "00000"), "--event 00000: several events begin so: 000001, 000002"),
        (("--grep", "("), "not a regular expression"),
        (("--limit", "1", "--last", "1"), "give one of them"),
        (("--family",), "--family: name the event .* --event ID"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(runs: Path, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        transcript(runs, *arguments)


def test_a_mistake_ends_with_one_message_and_exit_code_2(runs: Path) -> None:
    done = subprocess.run(
        [*IOA, "transcript", RUN, "--runs-dir", runs, "--stage", "9", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: --stage 9")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", ["--limit", "--last"])
def test_a_number_that_no_machine_can_hold_is_refused(runs: Path, option: str) -> None:
    done = CliRunner().invoke(app, ["transcript", RUN, "--runs-dir", str(runs), option, "9" * 30])
    assert done.exit_code == 2
    assert option in done.stderr


def test_a_folder_of_runs_that_is_none_is_named(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such folder"):
        ioa("runs", "--runs-dir", tmp_path / "nowhere")
    one = CliRunner().invoke(app, ["runs", "--runs-dir", str(runs / "twin")])
    assert "is a run, not a folder of runs: ioa show" in one.stderr


def test_a_path_that_is_no_run_is_told_what_there_is(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs)
    with pytest.raises(UserError, match=r"No run 'none' in .*Runs there: "):
        ioa("show", "./none")
    with pytest.raises(UserError, match="no such person"):
        ioa("show", "~nobody-of-that-name/x")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_summary_that_cannot_be_read_is_written_again_by_a_report(tmp_path: Path, content: str) -> None:
    run = fake.make_run(tmp_path, "broken")
    run.summary.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"summary.json: .* ioa report"):
        ioa("show", "broken", "--runs-dir", tmp_path)
    ioa("report", "broken", "--runs-dir", tmp_path)
    assert "interrupted" in ioa("show", "broken", "--runs-dir", tmp_path)


def test_a_run_is_found_by_its_id_or_its_path_with_or_without_a_slash(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(runs / "twin")
    for name in ("twin/", runs / "twin", f"{runs / 'twin'}/", tmp_path / "elsewhere"):
        assert ioa("transcript", name, "--runs-dir", runs, "--limit", 1, "--json").startswith('{"schema_version"')
    for name in ("none", runs / "none"):
        with pytest.raises(UserError, match=r"No run 'none' in .*Runs there: arithmetic-demo, begun, twin"):
            ioa("show", name, "--runs-dir", runs)
    with pytest.raises(UserError, match="is not allowed"):
        ioa("show", "..", "--runs-dir", runs)


def test_hostile_text_is_harmless_on_a_terminal(runs: Path) -> None:
    commands = (("transcript", RUN, "--full"), ("transcript", RUN), ("show", RUN), ("runs",), ("diff", RUN, "twin"))
    text = on_terminal(*([*command, "--runs-dir", str(runs)] for command in commands), PAGER="")
    assert text.count("[bold]not bold[/bold]") > 20
    for part in ("000001", "School arithmetic.", "B: twin"):
        assert part in text
    assert not {"\u202e", "\u2066", "\u200f", "\u200b", "\U000e0041", "\x9b", "\x07"} & set(text)
    assert "\x1b[2J" not in text
    assert "\x1b[31mred" not in text


@pytest.mark.parametrize("command", [("transcript", RUN), ("show", RUN), ("runs",), ("diff", RUN, "twin")])
def test_json_is_valid_and_carries_hostile_text_escaped(runs: Path, command: tuple[str, ...]) -> None:
    text = ioa(*command, "--runs-dir", runs, "--json")
    assert text.isascii()
    assert all(c == "\n" or c.isprintable() for c in text)
    whole = [json.loads(line) for line in text.splitlines()] if command[0] == "transcript" else json.loads(text)
    assert whole
    if command[0] == "transcript":
        assert fake.HOSTILE in whole[0]["messages"][1]["content"]


def on_terminal(*commands: list[str], **environment: str) -> str:
    """What these commands write to a terminal of their own, one after the other."""
    leader, follower = pty.openpty()
    each = (
        "import json, sys; from ioa.cli.main import app\n"
        "for one in json.loads(sys.argv[1]): app(one, standalone_mode=False)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", each, json.dumps(commands)],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "COLUMNS": "300", "TERM": "xterm-256color", **environment},
    )
    os.close(follower)
    written = b""
    with suppress(OSError):  # the terminal is gone when the last one who had it is
        while new := os.read(leader, 65536):
            written += new
    os.close(leader)
    assert process.wait(timeout=60) == 0, written
    return written.decode()


def test_a_terminal_pages_and_a_pipe_does_not(runs: Path, tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text(f"#!/bin/sh\nhead -n 1 >> {tmp_path}/paged\n", encoding="utf-8")
    pager.chmod(0o755)
    command = ["transcript", RUN, "--runs-dir", str(runs), "--limit", "3"]
    text = on_terminal(command, [*command, "--no-pager"], [*command, "--json"], PAGER=str(pager))
    assert text.count("The first 3 that match") == 1
    assert len(ids("\n".join(line for line in text.splitlines() if line.startswith("{")))) == 3
    paged = (tmp_path / "paged").read_text(encoding="utf-8")
    assert "000001" in paged
    assert len(paged.splitlines()) == 1
    assert "000001" in on_terminal(command, PAGER="/no/such/pager")
    environment = {**os.environ, "PAGER": str(pager)}
    piped = subprocess.run([*IOA, *command], env=environment, capture_output=True, text=True, check=True)
    assert "000001" in piped.stdout
    assert "\x1b" not in piped.stdout
    assert (tmp_path / "paged").read_text(encoding="utf-8") == paged


def test_what_a_person_set_for_a_pager_counts() -> None:
    assert pager_command({}) == ["less", "-R"]
    assert pager_command({"PAGER": "most -w"}) == ["most", "-w"]
    assert pager_command({"PAGER": ""}) == pager_command({"PAGER": "cat"}) == []


def test_the_first_event_comes_before_the_rest_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fake.make_beginning(tmp_path)
    append_records(run.transcript, [fake.event(i, "adapter", "lessons") for i in range(10_000)], sync=False)
    parsed = []
    real = reading._parse
    monkeypatch.setattr(reading, "_parse", lambda *place: parsed.append(place) or real(*place))
    events = Show(run, Selection()).events()
    assert next(events).id == "000000"
    assert len(parsed) == 1
    assert sum(1 for _ in events) == 9_999


@pytest.fixture
def working(tmp_path: Path) -> RunDirectory:
    return fake.make_run(tmp_path / "runs", RUN)


def test_following_shows_what_comes_and_ends_with_the_run(working: RunDirectory) -> None:
    command = [*IOA, "transcript", RUN, "--runs-dir", str(working.root.parent), "--follow", "--last", "1", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with working.hold():
            lines = [process.stdout.readline()]
            for number in (70, 71):
                append_records(working.transcript, [fake.event(number, "adapter", "lessons")])
                lines.append(process.stdout.readline())
            assert process.poll() is None
            append_records(working.transcript, [fake.event(72, "adapter", "lessons")])
        lines += process.stdout.readlines()
        assert process.wait(timeout=30) == 0
    assert ids("".join(lines)) == ["000016", "000070", "000071", "000072"]


def test_ctrl_c_ends_following_as_it_ends_everything_else(working: RunDirectory) -> None:
    command = [*IOA, "transcript", RUN, "--runs-dir", str(working.root.parent), "-f", "--last", "1"]
    with working.hold(), subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"000016" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in errors


def test_a_stage_that_may_still_come_is_waited_for_and_a_wrong_agent_is_not(working: RunDirectory) -> None:
    with working.hold():
        with pytest.raises(UserError, match="--agent plannr"):
            list(Show(working, Selection(agent="plannr"), follow=True).events())
        append = threading.Timer(
            0.5, append_records, [working.transcript, [fake.event(80, "adapter", "lessons", stage=7)]]
        )
        append.start()
        began = time.monotonic()
        assert next(Show(working, Selection(stage=7), follow=True).events()).id == "000080"
        assert time.monotonic() - began < 20
        append.join()
