"""What is found out about a teacher, on servers that behave as real ones do."""

import json

import pytest
from tests import fault_server as play
from tests.fault_server import serve_script

from ioa.agents.checkup import check_up
from ioa.agents.teachers import Price, TeacherSettings
from ioa.agents.teachers.opening import open_model

PROSE = play.ok("The sea is wide.")


def findings(server, pick, **settings):
    server.then = pick
    made = TeacherSettings(**{"model": "openai:m", "base_url": server.base_url, "timeout": 5} | settings)
    found = check_up(open_model(made), made, Price(input=1, output=2))
    return {finding.name: finding for finding in found.findings}, found


def form_of(body):
    return body.get("response_format", {}).get("type", "")


def test_a_strict_server(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)

    def strict(body):
        form = form_of(body)
        return play.ok(json.dumps({"colour": "red", "count": 1})) if form else play.ok("BANANA")

    with serve_script() as server:
        found, whole = findings(server, strict)
        assert len(server.requests) <= 7
    assert all(
        found[name].good for name in ("reachable", "usage", "system role", "temperature", "JSON schema", "price")
    )
    assert found["JSON schema"].detail == "enforced"
    assert whole.recommended == {"form": "schema"}


def test_a_server_that_ignores_the_schema_and_reports_nothing():
    with serve_script() as server:
        found, whole = findings(server, lambda _: play.no_usage("The sea is wide."))
    assert "ignored" in found["JSON schema"].detail
    assert not found["usage"].good
    assert whole.recommended == {"form": "text"}


def test_a_reasoning_model_that_takes_neither_temperature_nor_system():
    def picky(body):
        if "temperature" in body:
            return play.bad_request("Unsupported value: 'temperature'")
        if body["messages"][0]["role"] == "system":
            return play.bad_request("this model does not support the system role")
        return play.reasoned("1 2 3", "counting")

    with serve_script() as server:
        found, whole = findings(server, picky, temperature=0.7)
    assert "field" in found["reasoning"].detail
    assert not found["temperature"].good
    assert not found["system role"].good
    assert whole.recommended["temperature"] is None
    assert whole.recommended["timeout"] >= 300


@pytest.mark.parametrize(
    "fault", [play.unauthorized(), play.reset(), play.unknown_model()], ids=lambda fault: fault.name
)
def test_one_that_cannot_be_reached_is_asked_once(fault):
    with serve_script([], then=fault) as server:
        found, whole = findings(server, fault)
        assert len(server.requests) == 1
    assert not whole.reachable
    assert list(found) == ["reachable"]


def test_the_embedded_tutor_passes():
    settings = TeacherSettings(model="tutor:arithmetic")
    found = check_up(open_model(settings), settings, Price(input=0, output=0))
    assert found.reachable
    assert found.recommended == {"form": "text"}


def test_the_context_limit_is_read_from_the_servers_list(monkeypatch):
    listing = {"data": [{"id": "other", "max_model_len": 1}, {"id": "m", "meta": {"n_ctx_train": 8192}}]}
    monkeypatch.setattr(play, "LISTING", listing)
    with serve_script() as server:
        found, _ = findings(server, PROSE)
    assert found["context limit"].detail == "8,192 tokens"


def test_nobody_at_the_address_is_said_in_so_many_words():
    settings = TeacherSettings(model="openai:m", base_url="http://127.0.0.1:9/v1")
    found = check_up(open_model(settings), settings, None)
    assert found.findings[0].detail.startswith("connection: ")
    assert "127.0.0.1" in found.findings[0].detail
