"""Addresses as people type them are read as what they mean, and what was done to them is said."""

import pytest
from pydantic import ValidationError
from tests import fault_server as play
from tests.fault_server import HTML, Handler, Play, serve_script

from ioa.agents.checkup import check_up
from ioa.agents.settings.address import read_address
from ioa.agents.teachers import CallDesk, Endpoint, TeacherError, TeacherSettings
from ioa.agents.teachers import endpoint as endpoint_module
from ioa.agents.teachers.opening import open_model
from ioa.memory.errors import UserError
from ioa.memory.transcript import CallContext, Message, Transcript

READ = [
    # (typed, meant, words about it)
    ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1", ""),
    ("\thttps://gw.example.org/v1//\n", "https://gw.example.org/v1", ""),
    ("'http://gpu7:8000/v1'", "http://gpu7:8000/v1", ""),
    ("\u201chttps://gw.example.org/v1\u201d,", "https://gw.example.org/v1", ""),
    ("<https://gw.example.org/v1>", "https://gw.example.org/v1", ""),
    ("HTTPS://gw.example.org/v1", "https://gw.example.org/v1", ""),
    ("\ufeffhttp://gpu7:8000/v1\u200b", "http://gpu7:8000/v1", ""),
    ("http:\\\\gpu7:8000\\v1", "http://gpu7:8000/v1", ""),
    ("http\uff1a//gpu7\uff1a8000/v1", "http://gpu7:8000/v1", ""),
    ("localhost:1234/v1", "http://localhost:1234/v1", "http://"),
    ("192.168.1.20:8080", "http://192.168.1.20:8080", "http://"),
    ("[::1]:8000/v1", "http://[::1]:8000/v1", "http://"),
    ("::1", "http://[::1]", "http://"),
    ("gpu7:8000/v1", "http://gpu7:8000/v1", "http://"),
    ("llm.internal/v1", "http://llm.internal/v1", "http://"),
    ("//gpu7:8000/v1", "http://gpu7:8000/v1", "http://"),
    ("gw.example.org/v1", "https://gw.example.org/v1", "https://"),
    ("http:/gpu7:8000/v1", "http://gpu7:8000/v1", "read as"),
    ("https//gw.example.org/v1", "https://gw.example.org/v1", "read as"),
    ("http://http://gpu7:8000/v1", "http://gpu7:8000/v1", "read as"),
    ("http://0.0.0.0:8000/v1", "http://127.0.0.1:8000/v1", "0.0.0.0"),
    ("https://gw.example.org/v1/chat/completions", "https://gw.example.org/v1", "/chat/completions"),
    ("https://gw.example.org/v1/Chat/Completions/", "https://gw.example.org/v1", "/Chat/Completions"),
    ("https://gw.example.org/v1/completions", "https://gw.example.org/v1", "/completions"),
    ("https://gw.example.org/v1/responses", "https://gw.example.org/v1", "/responses"),
    ("https://gw.example.org/v1/models", "https://gw.example.org/v1", "/models"),
    ("https://gw.example.org/v1/v1", "https://gw.example.org/v1", "/v1"),
    ("https://gw.example.org/v1#note", "https://gw.example.org/v1", "#"),
    ("http://localhost:11434/api/chat", "http://localhost:11434", "/api/chat"),
    ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1", ""),
    ("https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1", ""),
    (
        "https://generativelanguage.googleapis.com/v1beta/openai/",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "",
    ),
    ("https://me.services.ai.azure.com/models", "https://me.services.ai.azure.com/models", ""),
    ("https://open.bigmodel.cn/api/paas/v4/", "https://open.bigmodel.cn/api/paas/v4", ""),
]


@pytest.mark.parametrize(("typed", "meant", "words"), READ)
def test_an_address_is_read_as_what_it_means(typed, meant, words):
    address = TeacherSettings(model="openai:m", base_url=typed).address
    assert address.url == meant
    assert bool(address.remark) == bool(words)
    assert words in address.remark


@pytest.mark.parametrize(
    ("provider", "typed", "meant"),
    [
        ("ollama", "http://localhost:11434/v1", "http://localhost:11434"),
        ("ollama", "localhost", "http://localhost:11434"),
        ("ollama", "0.0.0.0", "http://127.0.0.1:11434"),
        ("ollama", "192.168.1.20:8080", "http://192.168.1.20:8080"),
        ("ollama", "localhost:11434/api/generate", "http://localhost:11434"),
        ("anthropic", "https://api.anthropic.com/v1/messages", "https://api.anthropic.com"),
        ("anthropic", "https://gw.example.org/anthropic/v1", "https://gw.example.org/anthropic"),
        (
            "azure_openai",
            "https://me.openai.azure.com/openai/deployments/a/chat/completions",
            "https://me.openai.azure.com",
        ),
    ],
)
def test_each_providers_client_adds_a_path_of_its_own(provider, typed, meant):
    assert read_address(typed, provider).url == meant


@pytest.mark.parametrize(
    "typed",
    ["", "  ", "http://", "ftp://gpu7/v1", "http://gpu7: 8000/v1", "http://gpu7:99999", "gpu7:80:80", "???", "/v1"],
)
def test_what_is_no_address_is_refused_with_an_example(typed):
    with pytest.raises(ValidationError, match="address"):
        TeacherSettings(model="openai:m", base_url=typed)


def test_the_query_of_an_address_goes_with_every_request(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-these-tests")
    model = open_model(TeacherSettings(model="openai:m", base_url="gw.example.org/v1?api-version=2"))
    assert (model.openai_api_base, model.default_query) == ("https://gw.example.org/v1", {"api-version": "2"})


@pytest.mark.parametrize("name", ["base_url", "openai_api_base"])
def test_an_address_among_the_options_is_read_alike(monkeypatch, name):
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-these-tests")
    model = open_model(TeacherSettings(model="openai:m", options={name: " gpu7:8000/v1/ "}))
    assert model.openai_api_base == "http://gpu7:8000/v1"


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
def test_an_address_in_the_environment_is_read_alike(monkeypatch, variable):
    monkeypatch.setenv(variable, " gpu7:8000/v1/chat/completions\n")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    settings = TeacherSettings(model="openai:m")
    assert open_model(settings).openai_api_base == "http://gpu7:8000/v1"
    monkeypatch.setenv(variable, "not an address")
    with pytest.raises(UserError, match=variable):
        open_model(settings)


class Elsewhere(Handler):
    """Knows /v1/chat/completions alone; what it does with other paths is `play` of the record."""

    other = play.bad_request("Not Found", status=404)

    def do_POST(self):  # noqa: N802 - the name that the standard library calls
        if self.path == self.chat:
            super().do_POST()
            return
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.record.lock:
            self.record.listings += 1
        self.play(self.other, "")


OTHERS = {
    "404": play.bad_request("Not Found", status=404),
    "405": Play("no_method", 405, '{"detail": "Method Not Allowed"}'),
    "page": Play("page", 200, "<!doctype html><title>Welcome</title>", HTML),
    "200": Play("anyway", 200, '{"error": "Unexpected endpoint or method. (POST /chat/completions)"}'),
}


@pytest.fixture(params=OTHERS)
def server(request, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-these-tests")
    monkeypatch.setattr(endpoint_module, "BACK_OFF", 0.01)
    handler = type("Here", (Elsewhere,), {"other": OTHERS[request.param]})
    with serve_script(then=play.ok("1 2 3"), handler=handler) as made:
        yield made


def ask(folder, settings, notice):
    from ioa.agents.free_text import FreeText

    desk = CallDesk(Transcript(folder / "transcript.jsonl"))
    try:
        endpoint = Endpoint(open_model(settings), settings, notice=notice)
        free = FreeText(endpoint, desk, CallContext(node="n", agent="examinee", task="answer"))
        return free.say([(Message(role="user", content=str(number)),) for number in range(3)])
    finally:
        desk.close()


def test_a_missing_version_is_tried_once_and_said(server, tmp_path):
    told = []
    settings = TeacherSettings(model="openai:m", base_url=server.base_url.removesuffix("/v1"), form="text")
    said = ask(tmp_path, settings, told.append)
    assert [one.text for one in said] == ["1 2 3"] * 3
    assert (server.listings, len(server.requests)) == (1, 3)
    assert [server.base_url in one for one in told] == [True]


def test_a_missing_version_and_a_refused_part_are_two_matters(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-these-tests")
    told = []

    def pick(body):
        return play.bad_request("no") if "temperature" in body else play.ok("1 2 3")

    with serve_script(then=pick, handler=Elsewhere) as server:
        root = server.base_url.removesuffix("/v1")
        said = ask(tmp_path, TeacherSettings(model="openai:m", base_url=root, form="text", temperature=0), told.append)
    assert [one.text for one in said] == ["1 2 3"] * 3
    assert len(told) == 2


def test_a_server_without_tls_is_told_by_the_word_that_is_wrong(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-these-tests")
    with serve_script() as server:
        settings = TeacherSettings(model="openai:m", base_url=server.base_url.replace("http:", "https:"), timeout=5)
        found = check_up(open_model(settings), settings, None)
    assert "http:// and not https://" in found.findings[0].detail


def test_the_check_tries_it_too_and_recommends_it(server):
    settings = TeacherSettings(model="openai:m", base_url=server.base_url.removesuffix("/v1"), timeout=5)
    found = check_up(open_model(settings), settings, None)
    assert found.reachable
    assert found.recommended["base_url"] == server.base_url
    assert any(server.base_url in finding.detail for finding in found.findings)


def test_an_address_where_nobody_is_found_is_named_in_the_error(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-these-tests")
    with serve_script(handler=type("Nowhere", (Elsewhere,), {"chat": "/nowhere"})) as server:
        root = server.base_url.removesuffix("/v1")
        settings = TeacherSettings(model="openai:m", base_url=root, form="text")
        with pytest.raises(TeacherError) as caught:
            ask(tmp_path, settings, lambda _: None)
        assert server.listings == 2
        found = check_up(open_model(settings), settings, None)
    assert f"at {root}" in str(caught.value)
    assert server.base_url in str(caught.value)
    assert root in found.findings[0].detail


def test_a_model_that_is_not_there_is_no_reason_to_look_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-these-tests")
    missing = play.bad_request("The model `m` does not exist", code="model_not_found", status=404)
    with serve_script(handler=type("Missing", (Elsewhere,), {"other": missing})) as server:
        settings = TeacherSettings(model="openai:m", base_url=server.base_url.removesuffix("/v1"), form="text")
        with pytest.raises(TeacherError, match="unknown model"):
            ask(tmp_path, settings, lambda _: None)
        assert (server.listings, len(server.requests)) == (1, 0)
