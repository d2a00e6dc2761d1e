import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from types import SimpleNamespace

import pytest

from ioa.memory.errors import UserError
from ioa.memory.ledger import Ledger, ledger_key
from ioa.memory.transcript import Message, Tokens

PROMPT = (Message(role="user", content="1+1"),)


def test_an_answer_is_found_again_also_by_another_process(tmp_path):
    first, second = Ledger(tmp_path / "l.sqlite"), Ledger(tmp_path / "l.sqlite")
    first.put("key", "a:b", Tokens(input=3))
    assert second.get("key", Tokens) == Tokens(input=3)
    assert second.get("other", Tokens) is None
    first.put("key", "a:b", Tokens(input=4))
    assert second.get("key", Tokens) == Tokens(input=4)
    assert len(second) == 1
    first.close()
    second.close()


def test_everything_that_decides_an_answer_is_in_its_name():
    usual = ledger_key("a:b", {"temperature": 0.5}, PROMPT, 0)
    assert usual == ledger_key("a:b", {"temperature": 0.5}, PROMPT, 0)
    others = {
        ledger_key("a:c", {"temperature": 0.5}, PROMPT, 0),
        ledger_key("a:b", {"temperature": 0.6}, PROMPT, 0),
        ledger_key("a:b", {"temperature": 0.5}, (Message(role="system", content="1+1"),), 0),
        ledger_key("a:b", {"temperature": 0.5}, (*PROMPT, *PROMPT), 0),
        ledger_key("a:b", {"temperature": 0.5}, PROMPT, 1),
    }
    assert len(others) == 5
    assert usual not in others


@pytest.mark.parametrize("said", ["def check_password(text): ...", "a key is sk-abcdefghijklmnop1234", "[REDACTED]"])
def test_an_answer_is_kept_word_for_word(tmp_path, monkeypatch, said):
    monkeypatch.setenv("DB_PASSWORD", "password")
    ledger = Ledger(tmp_path / "l.sqlite")
    ledger.put("key", "a:b", Message(role="assistant", content=said))
    assert ledger.get("key", Message).content == said
    ledger.close()


def test_an_answer_of_which_an_earlier_version_struck_a_word_out_is_paid_for_again(tmp_path):
    ledger = Ledger(tmp_path / "l.sqlite")
    ledger.put("key", "a:b", Message(role="assistant", content="def check_[REDACTED](text): ..."))
    with sqlite3.connect(tmp_path / "l.sqlite") as file:
        file.execute("DROP TABLE verbatim")
    ledger.close()
    ledger = Ledger(tmp_path / "l.sqlite")
    assert ledger.get("key", Message) is None
    ledger.close()


def test_kill_minus_nine_loses_nothing_that_was_put(tmp_path):
    path = tmp_path / "l.sqlite"
    script = (
        "import sys\nfrom pathlib import Path\nfrom ioa.memory.ledger import Ledger\n"
        "from ioa.memory.transcript import Tokens\nledger = Ledger(Path(sys.argv[1]))\n"
        "for i in range(50): ledger.put(str(i), 'a:b', Tokens(input=i))\n"
        "print('put', flush=True)\nsys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"put\n"
        os.kill(process.pid, signal.SIGKILL)
    ledger = Ledger(path)
    assert [ledger.get(str(i), Tokens).input for i in range(50)] == list(range(50))
    ledger.close()


def test_a_file_that_is_no_ledger_is_named(tmp_path):
    path = tmp_path / "l.sqlite"
    path.write_bytes(b"not a database, but long enough to be taken for one " * 40)
    with pytest.raises(UserError, match=r"l\.sqlite"):
        Ledger(path)
    assert path.read_bytes().startswith(b"not a database")


def test_it_is_an_ordinary_sqlite_file(tmp_path):
    ledger = Ledger(tmp_path / "l.sqlite")
    ledger.put("key", "a:b", Tokens(input=3))
    ledger.close()
    with sqlite3.connect(tmp_path / "l.sqlite") as connection:
        rows = connection.execute("SELECT key, teacher FROM answers").fetchall()
    connection.close()
    assert rows == [("key", "a:b")]


def test_what_was_kept_before_a_time_does_not_count_and_a_row_of_another_version_is_paid_for_again(tmp_path):
    ledger = Ledger(tmp_path / "l.sqlite")
    ledger.put("key", "a:b", Tokens(input=3))
    assert ledger.get("key", Tokens, "2020-01-01T00:00:00+00:00") == Tokens(input=3)
    assert ledger.get("key", Tokens, "2120-01-01T00:00:00+00:00") is None
    assert ledger.get("key", Message) is None
    ledger.close()


def test_what_was_in_flight_when_a_run_was_killed_is_counted_once(tmp_path):
    ledger = Ledger(tmp_path / "l.sqlite")
    for key in ("one", "two", "three"):
        ledger.begin(key, "mine")
    ledger.begin("one", "theirs")
    ledger.end("two", "mine")
    assert ledger.count_abandoned("mine") == 2
    assert ledger.count_abandoned("mine") == 0
    assert ledger.count_abandoned("theirs") == 1
    ledger.close()


@pytest.mark.parametrize(("kind", "mode"), [("ext4", "wal"), ("nfs4", "delete"), ("fuse.sshfs", "delete")])
def test_where_several_machines_may_have_the_file_they_need_not_share_memory(tmp_path, monkeypatch, kind, mode):
    disks = [SimpleNamespace(mountpoint=str(place), fstype=type_) for place, type_ in (("/", "xfs"), (tmp_path, kind))]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: disks)  # noqa: A006 - as psutil calls it
    first, second = Ledger(tmp_path / "l.sqlite"), Ledger(tmp_path / "l.sqlite")
    first.put("key", "a:b", Tokens(input=3))
    second.put("other", "a:b", Tokens(input=4))
    assert (second.get("key", Tokens), first.get("other", Tokens)) == (Tokens(input=3), Tokens(input=4))
    first.close()
    second.close()
    with closing(sqlite3.connect(tmp_path / "l.sqlite")) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == (mode,)
