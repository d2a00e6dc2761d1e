"""Only a whole reply is one: what its provider broke off is tried again and never read."""

import json

import pytest
from langchain_core.messages import AIMessage
from tests import fault_server as play
from tests.fault_server import Play, serve_script

from ioa.agents.free_text import FreeText
from ioa.agents.teachers import Budget, BudgetSettings, CallDesk, Endpoint, TeacherError, TeacherSettings
from ioa.agents.teachers import endpoint as endpoint_module
from ioa.agents.teachers.answer import Answer, BrokenReplyError, UnsaidEndingError, read_answer
from ioa.agents.teachers.finish_reasons import read_ending
from ioa.agents.teachers.opening import open_model
from ioa.agents.teachers.scripted import ScriptedModel
from ioa.memory.transcript import CallContext, Message, Transcript

HALF, WHOLE = "The sum of 17 and 25 is 4", "The sum of 17 and 25 is 42."
ASKED = (Message(role="user", content="17 + 25?"),)


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Asks in free text, as an evaluation does; gives what was said and the transcript's events."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-these-tests")
    monkeypatch.setattr(endpoint_module, "BACK_OFF", 0.01)
    desks = []

    def say(server, count=1, budget=None, **settings):
        made = TeacherSettings(**{"model": "openai:m", "base_url": server.base_url, "form": "text"} | settings)
        transcript = Transcript(tmp_path / f"{len(desks)}.jsonl")
        desks.append(CallDesk(transcript))
        endpoint = Endpoint(open_model(made), made, price=made.price, budget=budget)
        context = CallContext(node="n", agent="examinee", task="answer")
        talks = [(Message(role="user", content=f"{number} + 25?"),) for number in range(count)]
        return FreeText(endpoint, desks[-1], context).say(talks), transcript.attempts()

    yield say
    for desk in desks:
        desk.close()


def completion(text, finish, *, choice=None, message=None, top=None):
    first = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **(message or {})}}
    usage = {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14}
    body = {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "usage": usage}
    return Play("made", body=json.dumps({**body, "choices": [{**first, **(choice or {})}], **(top or {})}))


ERROR = {"message": "upstream went away", "code": 502}
BROKEN = {
    "overloaded": completion(HALF, "engine_overloaded"),
    "cancelled": completion(HALF, "cancelled"),
    "time limit": completion(HALF, "time_limit"),
    "paused": completion(HALF, "pause_turn"),
    "other": completion(HALF, "OTHER"),
    "tools": completion(HALF, "tool_calls"),
    "choice": completion(HALF, "stop", choice={"error": ERROR}),
    "message": completion(HALF, "stop", message={"error": ERROR}),
    "top": completion(HALF, "stop", top={"error": ERROR}),
    "text": completion(HALF, "stop", top={"error": "no worker is left"}),
    "native": completion(HALF, "stop", choice={"native_finish_reason": "MALFORMED_RESPONSE"}),
    "native error": completion(HALF, None, choice={"native_finish_reason": "error"}),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_reply_is_tried_again_kept_and_counted(ask, broken):
    with serve_script([broken], then=completion(WHOLE, "stop")) as server:
        (said,), events = ask(server, price={"input": 1_000_000, "output": 1_000_000})
        assert len(server.requests) == 2
    assert said.text == WHOLE
    assert [(event.answered, event.category, event.reply) for event in events] == [
        (False, "broken off", HALF),
        (True, "", WHOLE),
    ]
    assert events[0].cost == 14
    assert events[0].tokens.output == 5


def test_what_a_broken_reply_costs_is_taken_from_the_budget(ask):
    budget = Budget(BudgetSettings(tokens=100_000))
    with serve_script([BROKEN["other"]], then=completion(WHOLE, "stop")) as server:
        ask(server, budget=budget)
    assert (budget.spent.tokens, budget.spent.calls) == (28, 2)


def test_a_provider_that_breaks_off_every_reply_is_reported(ask):
    with serve_script([], then=BROKEN["overloaded"]) as server:
        with pytest.raises(TeacherError, match="engine_overloaded") as caught:
            ask(server, attempts=3)
        assert len(server.requests) == 3
    assert "broken off" in str(caught.value)


@pytest.mark.parametrize(
    ("body", "category"),
    [
        ({"error": {"message": "slow down", "code": 429}}, "rate limit"),
        ({"error": {"message": "no upstream", "code": 503}, "choices": []}, "server error"),
        ({"error": {"message": "upstream error"}, "choices": None}, "broken off"),
        ({"object": "error", "message": "the worker died", "code": 50004}, "broken off"),
        ({"detail": "the worker died"}, "broken off"),
        ({"code": 503, "msg": "busy", "choices": None}, "server error"),
        ({"error_code": 18, "error_msg": "Open api qps request limit reached"}, "broken off"),
    ],
)
def test_an_error_in_place_of_a_reply_is_known_by_its_code(ask, body, category):
    with serve_script([Play("error", body=json.dumps(body))], then=completion(WHOLE, "stop")) as server:
        (said,), events = ask(server)
    assert said.text == WHOLE
    assert [event.category for event in events] == [category, ""]


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "no credits left", "code": 402}},
        {"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}},
    ],
)
def test_a_provider_without_credit_stops_the_work_also_with_a_success(ask, body):
    body = json.dumps(body)
    with serve_script([], then=Play("broke", body=body)) as server:
        with pytest.raises(TeacherError, match="quota"):
            ask(server)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (
            400,
            "The response was filtered due to the prompt triggering our content management policy.",
            "content_filter",
        ),
        (400, "Content Exists Risk", "invalid_request_error"),
        (403, "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO", None),
    ],
)
def test_a_prompt_that_a_filter_refuses_is_one_request_and_no_grade(ask, status, message, code):
    with serve_script([], then=play.bad_request(message, code=code, status=status)) as server:
        said, _ = ask(server, count=2, temperature=0.0)
        assert len(server.requests) == 2
    assert all(one.error.startswith("refusal") and not one.text for one in said)


def test_an_old_server_that_never_says_why_is_believed_after_a_second_look(ask):
    with serve_script([], then=completion(WHOLE, None)) as server:
        said, _ = ask(server, count=4, concurrency=1)
        assert len(server.requests) == 5
    assert [one.text for one in said] == [WHOLE] * 4


def test_a_server_that_says_why_is_not_believed_where_it_does_not(ask):
    script = [completion(WHOLE, "stop"), completion(HALF, None), completion(HALF, None)]
    with serve_script(script, then=completion(WHOLE, "stop")) as server:
        said, events = ask(server, count=2, concurrency=1)
    assert [one.text for one in said] == [WHOLE] * 2
    assert [event.answered for event in events] == [True, False, False, True]


def stream(*choices, done=True):
    parts = [{"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", **one} for one in choices]
    lines = "".join(f"data: {json.dumps(part)}\n\n" for part in parts)
    return Play("stream", body=lines + ("data: [DONE]\n\n" if done else ""), content_type="text/event-stream")


def part(text, finish=None, **more):
    delta = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish, **more}]}


@pytest.mark.parametrize(
    "broken",
    [
        stream(part(HALF), done=False),
        stream(part(HALF)),
        stream(part(HALF), part("", "error")),
        stream(part(HALF), part("", None, error=ERROR)),
        stream(part(HALF), {"error": ERROR, "choices": []}),
    ],
    ids=["closed", "no reason", "reason", "error in the choice", "error"],
)
def test_a_stream_that_is_broken_off_is_tried_again(ask, broken):
    with serve_script([broken], then=stream(part(WHOLE), part("", "stop"), part("", "stop"))) as server:
        (said,), events = ask(server, options={"streaming": True})
        assert len(server.requests) == 2
    assert said.text == WHOLE
    assert [event.answered for event in events] == [False, True]


@pytest.mark.parametrize("provider", ["deepseek", "openai"])
def test_all_of_openais_family_are_read_so(ask, monkeypatch, provider):
    monkeypatch.setenv("DEEPSEEK_API_KEY", "a-key-of-these-tests")
    with serve_script([BROKEN["choice"]], then=completion(WHOLE, "stop")) as server:
        (said,), events = ask(server, model=f"{provider}:m")
    assert said.text == WHOLE
    assert [event.reply for event in events] == [HALF, WHOLE]


WORDS = {
    "stop": "stop end_turn stop_sequence eos eos_token COMPLETE STOP FinishReason.STOP FINISH_REASON_STOP "
    "done stopstop",
    "length": "length max_tokens MAX_TOKENS model_length maxTokens model_context_window_exceeded max_output_tokens "
    "repetition",
    "refusal": "content_filter refusal SAFETY RECITATION PROHIBITED_CONTENT BLOCKLIST SPII sensitive "
    "guardrail_intervened content_filtered ERROR_TOXIC",
    "broken": "error insufficient_system_resource network_error abort cancelled timeout unknown tool_use pause_turn "
    "MALFORMED_FUNCTION_CALL OTHER LANGUAGE FINISH_REASON_UNSPECIFIED load unload not_finished time_limit user_cancel "
    "ERROR failed incomplete stopped_by_server",
    "unsaid": "null None",
}
ROWS = [(word, ending) for ending, words in WORDS.items() for word in words.split()]


@pytest.mark.parametrize(("word", "ending"), ROWS)
@pytest.mark.parametrize("name", ["finish_reason", "stop_reason", "done_reason"])
def test_the_reasons_are_a_closed_list(name, word, ending):
    assert read_ending({name: word})[0] == ending


@pytest.mark.parametrize(
    ("metadata", "ending"),
    [
        ({}, "unsaid"),
        ({"finish_reason": None}, "unsaid"),
        ({"done": True}, "stop"),
        ({"done": True, "done_reason": "load"}, "broken"),
        ({"status": "completed"}, "stop"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "failed"}, "broken"),
        ({"prompt_feedback": {"block_reason": "SAFETY"}}, "refusal"),
        ({"finish_reason": "stop", "native_finish_reason": "RECITATION"}, "refusal"),
        ({"finish_reason": "stop", "native_finish_reason": "some_word_of_its_own"}, "stop"),
        ({"finish_reason": "error", "native_finish_reason": "stop"}, "broken"),
        ({"finish_reason": 5}, "broken"),
        ({"finish_reason": {"type": "max_tokens"}}, "broken"),
        ({"finish_reason": "stop", "stop_reason": 151645}, "stop"),
    ],
)
def test_the_reason_stands_where_each_protocol_has_it(metadata, ending):
    assert read_ending(metadata)[0] == ending


def test_nothing_at_all_is_no_reply():
    usage = {"input_tokens": 9, "output_tokens": 0, "total_tokens": 9}
    with pytest.raises(BrokenReplyError, match="nothing was generated"):
        read_answer(AIMessage("", response_metadata={"finish_reason": "stop"}, usage_metadata=usage), ASKED)
    kept = read_answer(AIMessage("", response_metadata={"finish_reason": "stop"}), ASKED)
    assert isinstance(kept, Answer)
    with pytest.raises(UnsaidEndingError):
        read_answer(AIMessage(HALF), ASKED)


def test_a_model_of_ones_own_need_not_say_why_it_ended(tmp_path):
    settings = TeacherSettings(model="own:model", form="text")
    desk = CallDesk(Transcript(tmp_path / "transcript.jsonl"))
    context = CallContext(node="n", agent="examinee", task="answer")
    (said,) = FreeText(Endpoint(ScriptedModel(WHOLE), settings), desk, context).say([ASKED])
    desk.close()
    assert said.text == WHOLE
