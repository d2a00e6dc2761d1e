import json

import pytest
from langchain_core.messages import AIMessage
from tests.openai_server import completion, serve

from ioa.agents.exchange import SolveBrief, SolveReply
from ioa.agents.teacher import Call, Teacher
from ioa.agents.teachers import TeacherError, TeacherSettings
from ioa.agents.teachers.opening import open_model
from ioa.agents.teachers.scripted import ScriptedModel
from ioa.memory.errors import UserError
from ioa.memory.transcript import CallContext, Transcript

GOOD = '{"steps": ["1+1=2"], "answer": "2"}'


def solve(problem="1+1"):
    return Call(SolveBrief(problem=problem), CallContext(node="n", agent="examinee", task="solve"))


@pytest.fixture
def transcript(tmp_path):
    return Transcript(tmp_path / "transcript.jsonl")


@pytest.fixture
def teaching(transcript):
    opened = []

    def open_(model, **options):
        opened.append(Teacher.of(model, spec="test:model", transcript=transcript, **options))
        return opened[-1]

    yield open_
    for teacher in opened:
        teacher.close()


def test_a_reply_is_parsed_and_in_the_transcript(teaching, transcript):
    (outcome,) = teaching(ScriptedModel(GOOD)).ask([solve()])
    assert outcome.reply == SolveReply(steps=("1+1=2",), answer="2")
    (event,) = transcript.attempts()
    assert event.id == outcome.event
    assert event.reply == GOOD
    assert event.parsed == {"steps": ["1+1=2"], "answer": "2"}
    assert event.tokens.estimated
    assert "1+1" in event.messages[-1].content


@pytest.mark.parametrize(
    "text",
    [
        f"Here you are:\n```json\n{GOOD}\n```",
        '{"steps": ["1+1=2"], "answer": 2, "confidence": "high",}',
        f"<think>{{not json</think>{GOOD}",
        f"the thought was opened in the prompt</think>\n{GOOD}",
    ],
)
def test_what_models_put_around_their_json_does_no_harm(teaching, transcript, text):
    (outcome,) = teaching(ScriptedModel(text)).ask([solve()])
    assert isinstance(outcome.reply, SolveReply)
    assert outcome.reply.answer == "2"
    assert len(transcript.attempts()) == 1


def test_reasoning_is_kept_in_the_transcript_and_out_of_the_reply(teaching, transcript):
    teaching(ScriptedModel(f"<think>hm</think>{GOOD}")).ask([solve()])
    (event,) = transcript.attempts()
    assert event.reasoning == "hm"
    assert "think" not in event.reply


def test_a_thought_within_the_form_is_not_taught(teaching):
    model = ScriptedModel('{"steps": ["<think>\\nAnswer: 3?\\n</think>1+1=2", "so <think> is a mark"], "answer": "2"}')
    (outcome,) = teaching(model).ask([solve()])
    assert outcome.reply.steps == ("1+1=2", "so <think> is a mark")


def test_a_backslash_that_may_be_two_things_is_asked_about(teaching):
    model = ScriptedModel(
        r'{"steps": ["Let \nu be it."], "answer": "2"}', r'{"steps": ["Let \\nu be it."], "answer": "2"}'
    )
    (outcome,) = teaching(model).ask([solve()])
    assert outcome.reply.steps == (r"Let \nu be it.",)
    assert "twice" in model.calls[1][-1].content


def test_an_unreadable_reply_is_asked_for_once_more_with_the_reason(teaching, transcript):
    model = ScriptedModel('{"steps": []}', GOOD)
    (outcome,) = teaching(model).ask([solve()])
    assert outcome.reply is not None
    assert [event.error == "" for event in transcript.attempts()] == [False, True]
    assert "answer" in model.calls[1][-1].content


def test_a_reply_that_stays_unreadable_is_a_failure_with_its_reason_not_data(teaching, transcript):
    model = ScriptedModel("I would rather not.")
    (outcome,) = teaching(model).ask([solve()])
    assert outcome.reply is None
    assert outcome.error
    assert len(model.calls) == 2


def test_outcomes_come_in_the_order_of_the_calls(teaching):
    def echo(messages):
        brief = json.loads(messages[-1].content.split("```json\n")[1].split("\n```")[0])
        return json.dumps({"steps": [], "answer": brief["problem"]})

    seen = []
    outcomes = teaching(ScriptedModel(echo)).ask([solve(str(i)) for i in range(40)], seen.append)
    assert [o.reply.answer for o in outcomes] == [str(i) for i in range(40)]
    assert sorted(seen, key=lambda o: int(o.reply.answer)) == outcomes


def test_an_exception_of_the_model_stops_the_work_without_the_key(teaching, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "v3rY5ecR3tVa1u3of0nE")
    with pytest.raises(TeacherError) as caught:
        teaching(ScriptedModel(RuntimeError("bad key v3rY5ecR3tVa1u3of0nE"))).ask([solve()])
    assert "test:model" in str(caught.value)
    assert "v3rY5" not in str(caught.value)


def test_usage_that_the_provider_reports_is_taken(teaching, transcript):
    usage = {"input_tokens": 5, "output_tokens": 3, "total_tokens": 8}
    teaching(ScriptedModel(AIMessage(GOOD, usage_metadata=usage))).ask([solve()])
    (event,) = transcript.attempts()
    assert (event.tokens.input, event.tokens.output, event.tokens.estimated) == (5, 3, False)


def test_an_openai_compatible_server_works_by_its_address(teaching, transcript, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serve(lambda _: completion(GOOD)) as server:
        model = open_model(TeacherSettings(model="openai:served", base_url=server.base_url))
        outcomes = teaching(model).ask([solve(str(i)) for i in range(5)])
        assert all(outcome.reply for outcome in outcomes)
        assert len(server.requests) == 5
        assert server.requests[0]["model"] == "served"
        assert server.requests[0]["messages"][0]["role"] == "system"
    assert transcript.attempts()[0].tokens.input == 11


def test_a_key_comes_from_the_variable_that_is_named(teaching, monkeypatch):
    monkeypatch.setenv("MY_KEY", "key-of-mine-123456")
    with serve(lambda _: completion(GOOD)) as server:
        settings = TeacherSettings(model="openai:served", base_url=server.base_url, api_key_env="MY_KEY")
        teaching(open_model(settings)).ask([solve()])
        assert server.authorizations == ["Bearer key-of-mine-123456"]


def test_a_refused_key_stops_after_one_request(teaching, transcript):
    with serve(lambda _: (401, {"error": {"message": "no such key", "code": "invalid_api_key"}})) as server:
        model = open_model(TeacherSettings(model="openai:served", base_url=server.base_url))
        with pytest.raises(TeacherError, match="no such key"):
            teaching(model).ask([solve()])
        assert len(server.requests) == 1
    (event,) = transcript.attempts()
    assert (event.category, event.answered) == ("authentication", False)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"model": "nosuch:thing"}, ["nosuch", "tutor", "openai"]),
        ({"model": "tutor:nosuch"}, ["nosuch", "arithmetic"]),
        ({"model": "openai:gpt-x"}, ["openai:gpt-x", "OPENAI_API_KEY"]),
        ({"model": "openai:gpt-x", "api_key_env": "NO_SUCH_VARIABLE"}, ["NO_SUCH_VARIABLE", "export"]),
        ({"model": "mistralai:x"}, ["langchain-mistralai"]),
    ],
)
def test_a_teacher_that_cannot_be_had_is_one_clear_message(settings, words, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UserError) as caught:
        open_model(TeacherSettings(**settings))
    for word in words:
        assert word in str(caught.value)
