import subprocess
import sys
from pathlib import Path

import pytest

from ioa.memory.errors import UserError
from ioa.memory.run_dir import RunDirectory, check_run_id

HOLDER = """
import sys
from pathlib import Path
from ioa.memory.run_dir import RunDirectory

with RunDirectory.at(Path(sys.argv[1]), "r1").hold():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("run_id", ["..", "../../x", "a/b", "a\\b", "", ".hidden", "-x", "a..b", "a" * 81, "r1\n", "ä"])
def test_an_id_that_could_name_another_folder_is_refused_before_any_write(tmp_path: Path, run_id: str) -> None:
    with pytest.raises(UserError, match="is not allowed"):
        RunDirectory.at(tmp_path, run_id)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("run_id", ["r1", "2025-01-31_12.00", "A" * 80])
def test_plain_names_are_allowed(run_id: str) -> None:
    assert check_run_id(run_id) == run_id


def test_a_run_that_another_process_holds_names_it(tmp_path: Path) -> None:
    run = RunDirectory.at(tmp_path, "r1")
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=rf"Run r1 is held by pid {other.pid} on host"), run.hold():
            pass
        other.kill()
    # A killed holder's note is left behind, but its lock is not.
    with run.hold():
        pass
    assert not (run.root / "held-by").exists()


def test_a_folder_that_cannot_be_made_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with (
        pytest.raises(UserError, match="cannot be written to"),
        RunDirectory.at(tmp_path / "file", "r1").hold(),
    ):
        pass


def test_a_missing_run_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There are no runs there yet"):
        RunDirectory.at(tmp_path, "r2").require()
    there = RunDirectory.at(tmp_path, "r1")
    there.root.mkdir()
    there.config.write_text("", encoding="utf-8")
    assert there.require() is there
    with pytest.raises(UserError, match=r"No run 'r2' .*Runs there: r1\."):
        RunDirectory.at(tmp_path, "r2").require()
