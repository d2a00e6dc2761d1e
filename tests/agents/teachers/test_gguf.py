import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from tests.roads import smollm2

from ioa.agents.teachers.gguf import GgufServer, check_gguf
from ioa.memory.errors import UserError

pytestmark = pytest.mark.slow
SCHEMA = {
    "type": "object",
    "properties": {
        "steps": {"type": "array", "items": {"type": "string", "maxLength": 20}, "maxItems": 2},
        "answer": {"type": "integer", "minimum": 0, "maximum": 99},
    },
    "required": ["steps", "answer"],
    "additionalProperties": False,
}


def request(server, method, path, body=None):
    where = urlsplit(server.base_url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=300)  # on a busy machine
    try:
        connection.request(method, where.path + path, body and json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def ask(server, *messages, **options):
    sent = [{"role": role, "content": content} for role, content in messages]
    return request(server, "POST", "/chat/completions", {"messages": sent, "temperature": 0, **options})


def is_running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone_within(seconds, pid):
    deadline = time.monotonic() + seconds
    while is_running(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def no_child_stays():
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.fixture(scope="module")
def server():
    with GgufServer(smollm2(), context=1024, parallel=2) as running:
        yield running


def test_a_chat_is_answered_with_its_usage(server):
    status, answer = ask(server, ("system", "You are terse."), ("user", "What is 2 + 3?"), max_tokens=8)
    assert status == 200
    assert answer["choices"][0]["message"]["content"]
    assert answer["usage"]["prompt_tokens"] > 10
    assert 0 < answer["usage"]["completion_tokens"] <= 8
    assert answer["model"] == server.path.stem


def test_a_schema_is_obeyed(server):
    form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA, "strict": True}}
    _, answer = ask(server, ("user", "What is 12 + 30?"), max_tokens=120, response_format=form)
    reply = json.loads(answer["choices"][0]["message"]["content"])
    assert set(reply) == {"steps", "answer"}
    assert len(reply["steps"]) <= 2
    assert 0 <= reply["answer"] <= 99


def test_each_request_has_the_whole_context(server):
    _, models = request(server, "GET", "/models")
    assert models["data"][0]["meta"]["n_ctx"] == 1024
    status, answer = ask(server, ("user", "word " * 1100), max_tokens=1)
    assert status == 400
    assert answer["error"]["type"] == "exceed_context_size_error"


@pytest.mark.usefixtures("no_child_stays")
def test_it_is_gone_after_close_and_a_crash_can_be_told():
    opened = GgufServer(smollm2(), context=512, parallel=1)
    assert opened.ended() is None
    os.kill(opened.pid, signal.SIGKILL)
    assert gone_within(5, opened.pid)
    deadline = time.monotonic() + 5
    while opened.ended() is None and time.monotonic() < deadline:  # its threads end after the first of them
        time.sleep(0.01)
    assert "ended by SIGKILL" in opened.ended()
    opened.close()
    opened.close()


@pytest.mark.usefixtures("no_child_stays")
def test_the_with_block_ends_it():
    with GgufServer(smollm2(), context=512, parallel=1) as opened:
        assert is_running(opened.pid)
        assert os.getpgid(opened.pid) == opened.pid
    assert not is_running(opened.pid)
    with pytest.raises(ConnectionRefusedError):
        request(opened, "GET", "/models")


def test_it_dies_with_its_parent():
    code = (
        "import sys, time; from pathlib import Path; from ioa.agents.teachers.gguf import GgufServer\n"
        "server = GgufServer(Path(sys.argv[1]), context=512, parallel=1)\n"
        "print(server.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, smollm2()], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    assert gone_within(10, pid)


@pytest.mark.usefixtures("no_child_stays")
@pytest.mark.parametrize("open_", [GgufServer, check_gguf])
def test_a_missing_file_is_told(open_):
    with pytest.raises(UserError, match=r"gguf:/no/such\.gguf: there is no such file"):
        open_(Path("/no/such.gguf"))


def test_checking_a_good_file_says_nothing_and_knows_the_users_home(monkeypatch):
    file = smollm2()
    monkeypatch.setenv("HOME", str(file.parent))
    check_gguf(Path("~") / file.name)


@pytest.mark.usefixtures("no_child_stays")
def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        GgufServer(tmp_path)


@pytest.mark.usefixtures("no_child_stays")
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip"])
def test_a_file_of_another_kind_is_told(tmp_path, content):
    (tmp_path / "model.gguf").write_bytes(content)
    with pytest.raises(UserError, match="not a GGUF file"):
        GgufServer(tmp_path / "model.gguf")


@pytest.mark.usefixtures("no_child_stays")
def test_the_missing_package_is_told_with_its_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    with pytest.raises(UserError, match=r"pip install 'ioa\[gguf\]'"):
        GgufServer(tmp_path / "model.gguf")


@pytest.mark.usefixtures("no_child_stays")
def test_a_damaged_file_is_told_in_the_words_of_the_server(tmp_path):
    pytest.importorskip("xllamacpp")
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(UserError, match="ended with exit status 1") as caught:
        GgufServer(tmp_path / "model.gguf")
    assert "failed to load model" in str(caught.value)
    assert "Traceback" not in str(caught.value)


@pytest.mark.usefixtures("no_child_stays")
def test_a_server_that_is_not_ready_in_time_is_ended():
    with pytest.raises(UserError, match=r"not ready within 0\.01 s"):
        GgufServer(smollm2(), timeout=0.01)
