"""What every road to a teacher promises, whichever provider, server or package is behind it."""

import gc
import importlib
import socket
import sys
import time
from contextlib import ExitStack, nullcontext

import pytest
from langchain_core.language_models import BaseChatModel
from tests import fault_server as play
from tests.roads import SPECS, call, direct, local, plugged_too, smollm2, wired
from tests.wires import READ, WIRES, WRITTEN

from ioa.agents.exchange import SolveBrief
from ioa.agents.prompting import prompt_text
from ioa.agents.teachers import TeacherError, TeacherSettings
from ioa.agents.teachers import endpoint as endpoint_module
from ioa.agents.teachers.gguf import GgufServer
from ioa.agents.teachers.opening import check_teacher, open_model
from ioa.agents.teachers.provider_faults import FaultKind
from ioa.memory import plugins
from ioa.memory.errors import UserError
from ioa.memory.ledger import Ledger
from ioa.memory.transcript import Transcript

GOOD = '{"steps": ["1+1=2"], "answer": "2"}'
KEY = "the-key-of-these-tests-0123"
OTHER_KEY = "the-key-of-another-provider"
VARIABLES = {name: f"{name.upper()}_API_KEY" for name in WIRES}
BROKEN = [
    (FaultKind.CONNECTION, play.reset()),
    (FaultKind.CONNECTION, play.closed()),
    (FaultKind.MALFORMED, play.html()),
    (FaultKind.SERVER, play.html_502()),
    (FaultKind.MALFORMED, play.empty_body()),
]
FAULTS = [
    pytest.param(name, kind, fault, id=f"{name}-{fault.name}")
    for name, wire in WIRES.items()
    for kind, fault in [*wire.faults, *BROKEN]
]


@pytest.fixture(scope="module", autouse=True)
def quick_collection():
    """Sets aside what the imports left, so that collecting garbage after each test takes no time."""
    for provider in WIRES:
        importlib.import_module(f"langchain_{provider}")
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="module")
def llama():
    """Lends out one server, since starting it takes seconds.

    One thread: several wait for each other without sleeping, and make no headway beside other busy processes.
    """
    running = {}

    def lend(path, **options):
        if path not in running:
            running[path] = GgufServer(path, **options | {"threads": 1})
        return nullcontext(running[path])

    yield lend
    for server in running.values():
        server.close()


@pytest.fixture
def road(request, tmp_path, monkeypatch):
    name = request.param
    monkeypatch.setattr(endpoint_module, "BACK_OFF", 0.02)
    monkeypatch.setattr(plugins, "entry_points", plugged_too)
    for provider, variable in VARIABLES.items():
        monkeypatch.setenv(variable, KEY if provider == name else OTHER_KEY)
    transcript = Transcript(tmp_path / "transcript.jsonl")
    with ExitStack() as serving, ExitStack() as teaching:
        if name == "gguf":
            monkeypatch.setattr("ioa.agents.teachers.gguf.GgufServer", request.getfixturevalue("llama"))
            made = local(transcript, teaching)
        else:
            made = wired(name, transcript, serving, teaching) if name in WIRES else direct(name, transcript, teaching)
        yield made
    made.models.clear()
    gc.collect()  # what was left open complains here, and not in a later test
    written = tmp_path / "transcript.jsonl"
    assert not written.exists() or KEY not in written.read_text()


def roads(*names):
    return pytest.mark.parametrize("road", names, indirect=True)


on_the_wire = roads(*WIRES)
everywhere = roads("tutor", "plugged", *WIRES, "gguf")


@pytest.mark.parametrize("spec", [*SPECS.values(), "gguf"])
def test_it_is_opened_by_its_spec_without_a_connection(spec, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("opening a model connected to something")

    monkeypatch.setattr(plugins, "entry_points", plugged_too)
    for variable in VARIABLES.values():
        monkeypatch.setenv(variable, KEY)
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    settings = TeacherSettings(model=f"gguf:{smollm2()}" if spec == "gguf" else spec)
    check_teacher(settings)
    if spec != "gguf":
        assert isinstance(open_model(settings), BaseChatModel)


@everywhere
def test_each_call_has_its_reply_and_its_event(road):
    seen = []
    calls = [call(number, road.brief) for number in (1, 2)]
    outcomes = road.teacher().ask(calls, seen.append)
    assert [outcome.call for outcome in outcomes] == calls
    assert all(isinstance(outcome.reply, road.brief.reply) for outcome in outcomes)
    assert sorted(outcome.event for outcome in seen) == sorted(outcome.event for outcome in outcomes)
    if road.brief is SolveBrief:
        assert [outcome.reply.answer for outcome in outcomes] == ["2", "3"]
    events = {event.id: event for event in road.transcript.attempts()}
    assert len(events) == 2
    for outcome in outcomes:
        event = events[outcome.event]
        assert (event.teacher, event.answered, event.category) == (road.settings["model"], True, "")
        assert event.parsed == outcome.reply.model_dump(mode="json")
        assert event.tokens.input > 0
        assert event.tokens.output > 0
        assert event.tokens.estimated == road.estimated
        assert event.seconds >= 0
        if road.wire:
            assert (event.tokens.input, event.tokens.output) == (READ, WRITTEN)


@roads("tutor", "plugged", *WIRES)
def test_calls_in_flight_together_are_not_mixed_up(road):
    if road.wire:
        road.plays(then=road.wire.tutored(lambda prompt: 0.3 if '"0 + 1' in prompt else 0.05))
    outcomes = road.ask(20, concurrency=10)
    assert [outcome.reply.answer for outcome in outcomes] == [str(number + 1) for number in range(20)]


@roads("plugged", *WIRES)
def test_the_system_message_reaches_the_model(road):
    road.ask()
    if road.wire:
        (sent,) = road.sent()
        roles, texts = zip(*sent.messages, strict=True)
    else:
        (messages,) = road.models[0].calls
        roles, texts = zip(*((message.type, message.text) for message in messages), strict=True)
    assert roles in {("system", "user"), ("system", "human")}
    assert texts[0] == prompt_text("examinee").strip()
    assert "0 + 1 =" in texts[1]


@everywhere
def test_the_same_call_is_paid_for_once(road, tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    road.teaching.callback(ledger.close)
    first, second = road.ask(ledger=ledger), road.ask(ledger=ledger)
    assert first[0].reply == second[0].reply
    assert len(ledger) == (0 if road.free else 1)
    assert [event.ledger for event in road.transcript.attempts()] == [False, not road.free]
    if road.wire:
        assert len(road.server.requests) == 1


@on_the_wire
def test_what_is_set_reaches_the_wire(road):
    road.ask(temperature=0.3, max_tokens=333)
    (sent,) = road.sent()
    assert (sent.temperature, sent.max_tokens) == (0.3, 333)
    assert road.server.requests[0]["model"] == "m"


@on_the_wire
def test_what_is_not_set_is_left_to_the_provider(road):
    road.ask()
    (sent,) = road.sent()
    assert sent.temperature is None
    assert sent.max_tokens is None or road.wire.provider == "anthropic"  # whose requests must have one


@roads("ollama")
def test_options_of_the_model_are_sent_beside_what_is_set(road):
    road.ask(temperature=0.3, options={"num_ctx": 8192})
    assert road.server.requests[0]["options"] == {"num_ctx": 8192, "temperature": 0.3}


@roads("anthropic")
def test_what_the_providers_own_client_refuses_is_left_out(road):
    (outcome,) = road.ask(model="anthropic:claude-sonnet-5-5", temperature=0.3)
    assert outcome.reply.answer == "1"
    assert [sent.temperature for sent in road.sent()] == [None]


@roads("openai", "deepseek", "ollama")
def test_the_form_of_the_reply_reaches_the_wire(road):
    road.ask()
    road.ask(form="json")
    road.ask(form="text")
    by_schema, by_mode, by_prompt = road.server.requests
    assert road.wire.sent(by_schema).schema == call(0).brief.reply_schema()
    assert by_mode.get("format") == "json" or by_mode["response_format"] == {"type": "json_object"}
    assert not {"format", "response_format"} & by_prompt.keys()


@roads("anthropic")
def test_a_provider_without_a_json_mode_has_the_schema_or_the_prompt(road):
    road.ask()
    road.ask(form="json")
    by_schema, by_prompt = road.sent()
    assert by_schema.schema["properties"].keys() == {"steps", "answer"}
    assert by_prompt.schema is None


@pytest.mark.parametrize(("road", "kind", "fault"), FAULTS, indirect=["road"])
def test_a_fault_is_known_for_what_it_is_after_one_request(road, kind, fault):
    road.plays(fault)
    if kind in {FaultKind.CONTEXT, FaultKind.BAD_REQUEST}:
        (outcome,) = road.ask(attempts=1)
        assert (outcome.reply, outcome.category) == (None, kind.value)
    else:
        with pytest.raises(TeacherError) as caught:
            road.ask(attempts=1)
        assert road.settings["model"] in str(caught.value)
        assert kind.value in str(caught.value)
        assert KEY not in str(caught.value)
    assert {event.category for event in road.transcript.attempts()} == {kind.value}
    assert len(road.server.requests) == 1


@on_the_wire
@pytest.mark.parametrize("kind", [FaultKind.SERVER, FaultKind.CONTEXT])
def test_an_attempt_is_one_event(road, kind):
    road.plays(road.wire.fault(kind))
    road.ask()
    assert len(road.transcript.attempts()) == len(road.server.requests)


@on_the_wire
def test_a_refused_key_is_told_by_its_variable_and_never_by_its_value(road):
    road.plays(then=road.wire.fault(FaultKind.AUTHENTICATION))
    with pytest.raises(TeacherError) as caught:
        road.ask(3, concurrency=1)
    for word in (road.settings["model"], VARIABLES[road.wire.provider], "authentication"):
        assert word in str(caught.value)
    assert KEY not in str(caught.value)
    assert len(road.server.requests) == 1


@on_the_wire
def test_a_wait_that_is_asked_for_is_kept_to(road):
    road.plays(road.wire.fault(FaultKind.RATE_LIMIT))
    (outcome,) = road.ask()
    assert outcome.reply.answer == "1"
    first, second = road.server.arrivals
    assert 1 <= second - first < 3
    assert [event.category for event in road.transcript.attempts()] == ["rate limit", ""]


@on_the_wire
def test_an_attempt_ends_at_its_deadline(road):
    road.plays(play.hanging(20))
    began = time.monotonic()
    (outcome,) = road.ask(timeout=0.5)
    assert outcome.reply.answer == "1"
    assert time.monotonic() - began < 4
    assert [event.category for event in road.transcript.attempts()] == ["timeout", ""]


@on_the_wire
def test_reasoning_is_in_the_event_and_not_in_the_reply(road):
    road.plays(road.wire.reply(GOOD, reasoning="hm"))
    (outcome,) = road.ask(options=road.wire.thinking)
    (event,) = road.transcript.attempts()
    assert (event.reasoning, event.reply) == ("hm", GOOD)
    assert outcome.reply.answer == "2"


@on_the_wire
def test_a_reply_that_was_cut_off_is_known_and_asked_for_with_more_room(road):
    road.plays(road.wire.reply(GOOD[:20], ending="length"))
    (outcome,) = road.ask(max_tokens=16)
    assert outcome.reply.answer == "1"
    assert [event.category for event in road.transcript.attempts()] == ["length", ""]
    first, second = road.sent()
    assert first.max_tokens == 16
    assert second.max_tokens > 16


@roads("gguf")
def test_a_limit_holds_for_a_model_on_this_machine(road):
    (outcome,) = road.ask(max_tokens=10)
    cut, whole = road.transcript.attempts()
    assert (cut.category, cut.tokens.output) == ("length", 10)
    assert whole.tokens.output > 10
    assert outcome.reply is not None


@roads(*(name for name, wire in WIRES.items() if "refusal" in wire.endings))
def test_a_refusal_is_known_and_not_pressed(road):
    road.plays(then=road.wire.reply("I would rather not.", ending="refusal"))
    (outcome,) = road.ask()
    assert (outcome.reply, outcome.category) == (None, "refusal")
    assert len(road.server.requests) == 1


@on_the_wire
@pytest.mark.parametrize(("text", "category"), [("", "empty"), ("I am a poet.", "unreadable")])
def test_a_reply_of_no_use_is_asked_for_again_with_the_reason(road, text, category):
    road.plays(road.wire.reply(text))
    (outcome,) = road.ask()
    assert outcome.reply.answer == "1"
    assert [event.category for event in road.transcript.attempts()] == [category, ""]
    first, second = road.sent()
    assert second.messages[:2] == first.messages
    assert second.messages[-1][0] == "user"


@roads("plugged", *WIRES)
def test_models_of_one_address_share_nothing(road):
    one, other = road.teacher(), road.teacher()
    for number in (1, 2, 3):
        for teacher in (one, other):
            (outcome,) = teacher.ask([call(number)])
            assert outcome.reply.answer == str(number + 1)
    assert len(road.transcript.attempts()) == 6


@on_the_wire
def test_connections_are_closed_at_the_end(road):
    road.plays(then=road.wire.tutored(lambda _: 0.1))
    road.ask(4)
    assert road.server.connections
    road.teaching.close()
    deadline = time.monotonic() + 2
    while road.server.connections and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not road.server.connections


@on_the_wire
@pytest.mark.parametrize("source", ["usual variable", "named variable", "file"])
def test_the_key_is_sent_in_the_providers_header(road, source, tmp_path, monkeypatch):
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv("A_KEY_OF_MINE", KEY)
    named = {"named variable": {"api_key_env": "A_KEY_OF_MINE"}, "file": {"api_key_file": str(tmp_path / "key")}}
    if source in named:
        monkeypatch.setenv(VARIABLES[road.wire.provider], OTHER_KEY)
    road.ask(**named.get(source, {}))
    assert road.server.authorizations == [f"Bearer {KEY}"]


@on_the_wire
def test_a_server_is_asked_without_a_key_and_never_with_another_providers(road, monkeypatch):
    monkeypatch.delenv(VARIABLES[road.wire.provider])
    (outcome,) = road.ask()
    assert outcome.reply is not None
    assert road.server.authorizations[0] in {"", "Bearer none"}


@pytest.mark.parametrize("provider", ["openai", "deepseek", "anthropic"])
def test_a_missing_key_is_told_before_anything_is_sent(provider, monkeypatch):
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UserError, match=VARIABLES[provider]) as caught:
        open_model(TeacherSettings(model=SPECS[provider]))
    assert SPECS[provider] in str(caught.value)


def test_a_provider_that_is_not_installed_is_told_by_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "langchain_mistralai", None)
    for opens in (open_model, check_teacher):
        with pytest.raises(UserError, match=r"mistralai:x: .*pip install langchain-mistralai"):
            opens(TeacherSettings(model="mistralai:x"))
