import socket

import pytest
from tests.results.fake_run import make_beginning
from tests.results.view.server import serving
from tests.results.view.test_view import ask
from tests.small import ioa

from ioa.cli.view import FIRST_PORT, choose_port
from ioa.memory.errors import UserError
from ioa.results.view.app import find_runs


def test_a_folder_is_one_of_runs_or_of_a_run(tmp_path):
    make_beginning(tmp_path, "a-run")
    assert find_runs(tmp_path) == find_runs(tmp_path)
    assert find_runs(tmp_path).only is None
    assert find_runs(tmp_path / "a-run").only == "a-run"
    with pytest.raises(UserError, match="no such folder"):
        find_runs(tmp_path / "nothing")


def test_a_port_that_is_taken_is_told_and_else_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"Port {port} .* is taken"):
            choose_port("127.0.0.1", port)
    with socket.socket() as first:
        try:
            first.bind(("127.0.0.1", FIRST_PORT))
            first.listen()
        except OSError:
            pass  # somebody else has it: all the better
        assert FIRST_PORT < choose_port("127.0.0.1", None) < FIRST_PORT + 20
    assert choose_port("127.0.0.1", 0) > 0


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(UserError, match="cannot listen there"):
        choose_port("192.0.2.1", 0)


def test_bad_input_is_one_message(tmp_path):
    missing = ioa("view", "nothing", cwd=tmp_path)
    assert missing.returncode == 2
    assert "nothing: there is no such folder" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_an_empty_folder_says_what_to_do_and_ctrl_c_ends_it(tmp_path):
    (tmp_path / "runs").mkdir()
    with serving(cwd=tmp_path) as server:
        status, _ = ask(server.url)
        assert status == 200
        code, error = server.stop()
    assert (code, error) == (0, "")
    assert [path.name for path in tmp_path.rglob("*")] == ["runs"]


def test_another_host_is_warned_of(tmp_path):
    with serving("--host", "0.0.0.0", ".", cwd=tmp_path) as server:
        code, error = server.stop()
    assert code == 0
    assert error.startswith("Warning: whoever can reach 0.0.0.0 can read these runs.")
    assert "Traceback" not in error
