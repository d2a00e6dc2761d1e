"""What a server refuses is found out by leaving out one part at a time, whatever words it has for it."""

import json

import pytest
from tests import fault_server as play
from tests.fault_server import Play, serve_script

from ioa.agents.exchange import SolveBrief
from ioa.agents.teacher import Call, Teacher
from ioa.agents.teachers import CallDesk, Endpoint, Learned, TeacherError, TeacherSettings
from ioa.agents.teachers import endpoint as endpoint_module
from ioa.agents.teachers.dialect import Form
from ioa.agents.teachers.opening import open_model
from ioa.memory.transcript import CallContext, Transcript

GOOD = '{"steps": ["1+1=2"], "answer": "2"}'


class Scene:
    """Endpoints on one desk, and what a person was told."""

    def __init__(self, folder):
        self.desk = CallDesk(Transcript(folder / "transcript.jsonl"))
        self.said = []

    def endpoint(self, server, learned=None, **settings):
        made = TeacherSettings(**{"model": "openai:m", "base_url": server.base_url, "concurrency": 1} | settings)
        return Endpoint(open_model(made), made, notice=self.said.append, learned=learned)

    def ask(self, endpoint, count=1):
        calls = [
            Call(SolveBrief(problem=str(number)), CallContext(node="n", agent="examinee", task="solve"))
            for number in range(count)
        ]
        return Teacher([endpoint], self.desk).ask(calls)


@pytest.fixture
def scene(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-these-tests")
    monkeypatch.setattr(endpoint_module, "BACK_OFF", 0.01)
    made = Scene(tmp_path)
    yield made
    made.desk.close()


def form(body):
    return body.get("response_format", {}).get("type", "")


HAS = {
    "schema": lambda body: form(body) == "json_schema",
    "any form": lambda body: bool(form(body)),
    "temperature": lambda body: "temperature" in body,
    "max_tokens": lambda body: "max_tokens" in body,
    "any limit": lambda body: bool(body.keys() & {"max_tokens", "max_completion_tokens"}),
    "system": lambda body: body["messages"][0]["role"] == "system",
    "seed": lambda body: "seed" in body,
    "stop": lambda body: "stop" in body,
    "top_k": lambda body: "top_k" in body,
    "reasoning_effort": lambda body: "reasoning_effort" in body,
}
OPTIONS = {"seed": 7, "stop": ["END"], "reasoning_effort": "low", "extra_body": {"top_k": 3}}
FULL = {"temperature": 0.3, "max_tokens": 99, "options": OPTIONS}


def plain(status, message):
    return Play("refused", status, json.dumps(message))


COMPLAINTS = [
    ("schema", plain(400, {"error": {"message": "Provider returned error", "code": 400}})),
    ("schema", plain(400, [{"error": {"code": 400, "message": "Request contains an invalid argument."}}])),
    ("schema", plain(422, {"detail": [{"loc": ["body", "response_format"], "msg": "Extra inputs"}]})),
    ("schema", plain(400, {"error": {"message": "context: the schema is too deep for the model's context size"}})),
    ("schema", plain(400, {"error": {"message": "the model's grammar has a rule that was not found"}})),
    ("any form", plain(400, {"message": "Failed to initialize samplers: failed to parse grammar"})),
    ("any form", plain(500, {"error": {"code": 500, "message": "failed to parse grammar", "type": "server_error"}})),
    ("any form", plain(501, {"error": "not implemented"})),
    ("any form", plain(404, {"error": {"message": "unknown field 'response_format'"}})),
    ("any form", plain(400, {"error": {"message": '{"error":{"message":"Invalid input"}}'}})),
    ("temperature", plain(400, {"error": {"message": "`top_p` and this cannot both be specified"}})),
    ("temperature", plain(415, {"detail": "das ist nicht erlaubt"})),
    ("max_tokens", plain(400, {"error": {"message": "this parameter has another name now"}})),
    ("any limit", plain(400, {"error": {"message": "max_tokens is too large: 99"}})),
    ("any limit", plain(400, {"error": {"message": "This model's maximum context length is 512 tokens. However, you "
                              "requested 530 tokens (431 in the messages, 99 in the completion)."}})),
    ("any limit", plain(400, {"error": {"message": "prompt and max_tokens exceed context limit: 431 + 99 > 512",
                                        "code": "context_length_exceeded"}})),
    ("any form", plain(200, {"detail": "response_format is not supported by this worker"})),
    ("system", plain(400, {"error": {"message": "Developer instruction is not enabled for models/m"}})),
    ("system", plain(400, {"error": {"message": "Conversation roles must alternate"}})),
    ("seed", plain(400, {"error": {"message": "property 'seed' is unsupported"}})),
    ("stop", plain(400, {"error": {"message": "Argument not supported on this model: stop"}})),
    ("top_k", plain(400, {"error": {"message": "Unrecognized request argument supplied: top_k"}})),
    ("reasoning_effort", plain(400, {"error": {"message": "nope"}})),
]  # fmt: skip


@pytest.mark.parametrize(
    ("part", "complaint"), COMPLAINTS, ids=[f"{part}-{number}" for number, (part, _) in enumerate(COMPLAINTS)]
)
def test_the_part_that_is_refused_is_left_out_and_no_other(scene, part, complaint):
    with serve_script([], then=lambda body: complaint if HAS[part](body) else play.ok(GOOD)) as server:
        endpoint = scene.endpoint(server, **FULL)
        outcomes = scene.ask(endpoint, 3)
        assert all(outcome.reply for outcome in outcomes)
        assert len(server.requests) <= 14
        sent = server.requests[-1]
        assert sum(HAS[part](body) for body in server.requests[-2:]) == 0  # found out once
    gone = {name for name, has in HAS.items() if not has(sent)}
    implied = {"any form": {"schema"}, "any limit": {"max_tokens"}}
    assert gone == {part} | implied.get(part, set())
    assert len(scene.said) == 1
    assert "going on with" in scene.said[0]


def test_several_parts_are_found_though_the_words_are_the_same_for_all(scene):
    refused = plain(400, {"error": {"message": "Invalid request."}})

    def pick(body):
        return refused if HAS["any form"](body) or HAS["seed"](body) else play.ok(GOOD)

    with serve_script([], then=pick) as server:
        endpoint = scene.endpoint(server, **FULL)
        (outcome,) = scene.ask(endpoint)
        assert outcome.reply is not None
        assert len(server.requests) <= 20
    dialect = endpoint.dialect
    assert (dialect.form, dialect.temperature, dialect.system, dialect.without) == (Form.TEXT, 0.3, True, {"seed"})


def test_a_limit_is_told_under_its_other_name_rather_than_lost(scene):
    def pick(body):
        if "max_tokens" in body:
            return play.bad_request("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        return play.bad_request("Unsupported value: 'temperature'") if "temperature" in body else play.ok(GOOD)

    for given in ({"max_tokens": 80}, {"options": {"max_tokens": 80}}, {"options": {"max_completion_tokens": 80}}):
        with serve_script([], then=pick) as server:
            (outcome,) = scene.ask(scene.endpoint(server, temperature=0.0, **given))
            assert outcome.reply is not None
            assert len(server.requests) == 3
            assert server.requests[-1]["max_completion_tokens"] == 80


@pytest.mark.parametrize("status", [400, 422])
def test_where_nothing_helps_the_first_complaint_is_told_and_nothing_is_given_up(scene, status):
    numbers = iter(range(1000))

    def pick(body):
        return play.bad_request(f"request req_{next(numbers)}a9: messages: bad tokens", status=status)

    with serve_script([], then=pick) as server:
        endpoint = scene.endpoint(server, **FULL)
        first, second = scene.ask(endpoint, 2)
        assert (first.category, second.category) == ("bad request", "bad request")
        assert "req_0a9" in first.error
        assert len(server.requests) <= 14
    assert (endpoint.dialect.form, endpoint.dialect.temperature) == (Form.SCHEMA, 0.3)
    assert scene.said == []


def test_a_prompt_that_is_too_long_is_asked_without_its_limit_once_and_not_for_every_call(scene):
    words = "maximum context length is 512 tokens, you requested 911 (812 in the messages, 99 in the completion)"
    with serve_script([], then=play.bad_request(words, code="context_length_exceeded")) as server:
        outcomes = scene.ask(scene.endpoint(server, **FULL), 4)
        assert {outcome.category for outcome in outcomes} == {"context overflow"}
        assert len(server.requests) <= 6
    assert scene.said == []


@pytest.mark.parametrize(
    ("complaint", "kind"),
    [
        (play.bad_request("model `json-schema-7b` was not found", status=404), "unknown model"),
        (play.bad_request("The model json_schema-mini does not exist"), "unknown model"),
    ],
)
def test_a_model_whose_name_is_the_word_of_a_part_is_still_unknown(scene, complaint, kind):
    with serve_script([], then=complaint) as server:
        with pytest.raises(TeacherError, match=kind):
            scene.ask(scene.endpoint(server))
        assert len(server.requests) <= 3


def test_what_one_role_finds_out_another_knows(scene):
    def pick(body):
        return play.bad_request("no") if HAS["schema"](body) else play.ok(GOOD)

    learned = Learned()
    with serve_script([], then=pick) as server:
        scene.ask(scene.endpoint(server, learned))
        asked = len(server.requests)
        other = scene.endpoint(server, learned, temperature=0.9)
        scene.ask(other)
        assert len(server.requests) == asked + 1
    assert other.dialect.form is Form.JSON
    assert len(scene.said) == 1


def test_calls_in_flight_together_find_it_out_once(scene):
    def pick(body):
        return play.bad_request("no") if HAS["any form"](body) else play.ok(GOOD, latency=0.02)

    with serve_script([], then=pick) as server:
        outcomes = scene.ask(scene.endpoint(server, concurrency=8), 16)
        assert all(outcome.reply for outcome in outcomes)
        assert len(server.requests) == 18
    assert len(scene.said) == 1


def test_a_server_that_was_down_for_a_moment_keeps_its_schema(scene):
    with serve_script([play.server_error(500)] * 2, then=play.ok(GOOD)) as server:
        endpoint = scene.endpoint(server)
        outcomes = scene.ask(endpoint, 3)
        assert all(outcome.reply for outcome in outcomes)
        assert len(server.requests) == 5
    assert endpoint.dialect.form is Form.SCHEMA
