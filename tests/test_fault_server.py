"""The faults are real: seen with bare HTTP, and as what ChatOpenAI makes of them."""

import asyncio
import json
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected

import httpx2
import openai
import pytest
from langchain_core.exceptions import (
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelInvalidRequestError,
    ModelNotFoundError,
    ModelPermissionDeniedError,
    ModelRateLimitError,
    ModelTimeoutError,
)
from langchain_openai import ChatOpenAI

from tests import fault_server as plays
from tests.fault_server import Play, serve_script

API_KEY = "sk-test-0123456789abcdef"
GOOD = '{"steps": ["1+1=2"], "answer": "2"}'
CUT = GOOD[: len(GOOD) // 2]
SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "reply", "schema": SCHEMA, "strict": False}}


def connect(server, timeout=30.0):
    return HTTPConnection(server.base_url.split("/")[2], timeout=timeout)


def post(connection, path="/v1/chat/completions", **body):
    connection.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {API_KEY}"})
    response = connection.getresponse()
    return response, response.read()


def post_once(server, timeout=30.0, **body):
    connection = connect(server, timeout)
    try:
        return post(connection, **body)
    finally:
        connection.close()


def play_once(play: Play):
    with serve_script([play]) as server:
        return post_once(server)


# The server


def test_the_script_is_played_in_order_and_then_its_sequel():
    with serve_script([plays.server_error(503), plays.ok("a")], then=plays.ok("z")) as server:
        answers = [post_once(server, number=number) for number in range(4)]
        assert [response.status for response, _ in answers] == [503, 200, 200, 200]
        texts = [json.loads(data)["choices"][0]["message"]["content"] for _, data in answers[1:]]
        assert texts == ["a", "z", "z"]
        assert [body["number"] for body in server.requests] == [0, 1, 2, 3]
        assert server.arrivals == sorted(server.arrivals)
        assert server.authorizations == [f"Bearer {API_KEY}"] * 4


def test_a_play_may_depend_on_the_request():
    with serve_script([lambda body: plays.ok(body["say"])], then=lambda body: plays.ok(2 * body["say"])) as server:
        texts = [json.loads(post_once(server, say="x")[1])["choices"][0]["message"]["content"] for _ in range(2)]
    assert texts == ["x", "xx"]


def test_every_play_is_played_once_to_many_clients_at_a_time():
    script = [plays.server_error(status) for status in (500, 502, 503, 504) for _ in range(8)]
    with serve_script(script) as server, ThreadPoolExecutor(32) as pool:
        statuses = list(pool.map(lambda number: post_once(server, number=number)[0].status, range(40)))
        assert Counter(statuses) == {500: 8, 502: 8, 503: 8, 504: 8, 200: 8}
        assert sorted(body["number"] for body in server.requests) == list(range(40))


def test_a_connection_outlives_an_error():
    with serve_script([plays.rate_limited(), plays.html_502()]) as server:
        connection = connect(server)
        assert [post(connection)[0].status for _ in range(3)] == [429, 502, 200]
        connection.close()


def test_models_are_listed_and_other_pages_are_not_there():
    with serve_script() as server:
        connection = connect(server)
        connection.request("GET", "/v1/models")
        assert json.loads(connection.getresponse().read())["data"][0]["id"] == plays.MODEL
        assert post(connection, "/v1/completions")[0].status == 404
        connection.request("GET", "/v1/model")
        assert connection.getresponse().status == 404
        connection.close()
        assert server.listings == 1
        assert server.requests == []


@pytest.mark.parametrize("play", [plays.hanging(60), plays.dripping(60), plays.ok("late", latency=60)])
def test_the_server_ends_at_once_though_it_is_busy(play):
    before = set(threading.enumerate())
    with serve_script([play]) as server:
        client = socket.create_connection(server.base_url.split("/")[2].split(":"))
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        while not server.requests:
            time.sleep(0.01)
        start = time.monotonic()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()
    assert time.monotonic() - start < 5
    client.close()


def test_the_servers_own_fault_is_not_taken_for_a_scripted_one():
    def broken(body):
        raise KeyError("a bug of the test")

    with (
        pytest.raises(ExceptionGroup) as caught,
        serve_script(then=broken) as server,
        pytest.raises(RemoteDisconnected),
    ):
        post_once(server)
    assert caught.group_contains(KeyError)


def test_a_client_that_leaves_is_not_a_fault_of_the_server():
    with serve_script([plays.dripping(0.6)]) as server:
        with pytest.raises(TimeoutError):
            post_once(server, timeout=0.05)
        time.sleep(1)


# The plays, as bare HTTP


@pytest.mark.parametrize(
    ("play", "status", "type_", "code"),
    [
        (plays.rate_limited(), 429, "requests", "rate_limit_exceeded"),
        (plays.quota_exhausted(), 429, "insufficient_quota", "insufficient_quota"),
        (plays.unauthorized(), 401, "invalid_request_error", "invalid_api_key"),
        (plays.forbidden(), 403, "invalid_request_error", "model_not_allowed"),
        (plays.unknown_model(), 404, "invalid_request_error", "model_not_found"),
        (
            plays.bad_request("no", "temperature", "unsupported_value"),
            400,
            "invalid_request_error",
            "unsupported_value",
        ),
        (plays.bad_request("no", status=422), 422, "invalid_request_error", None),
        (plays.context_overflow(), 400, "invalid_request_error", "context_length_exceeded"),
        (plays.server_error(), 500, "server_error", None),
        (plays.server_error(502), 502, "server_error", None),
        (plays.server_error(503), 503, "server_error", None),
        (plays.overloaded(), 529, "overloaded_error", None),
        (plays.error_in_200(), 200, None, 502),
    ],
    ids=lambda value: value.name if isinstance(value, Play) else "",
)
def test_an_error_has_its_status_and_its_code(play, status, type_, code):
    response, data = play_once(play)
    error = json.loads(data)["error"]
    assert (response.status, error.get("type"), error.get("code")) == (status, type_, code)
    assert error["message"]
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Retry-After"] is None


def test_an_unknown_key_is_echoed():
    assert API_KEY in json.loads(play_once(plays.unauthorized())[1])["error"]["message"]


def test_a_bad_request_names_its_parameter():
    error = json.loads(play_once(plays.bad_request("no", "response_format"))[1])["error"]
    assert (error["message"], error["param"]) == ("no", "response_format")


def test_vllm_tells_an_overflow_by_its_message_alone():
    response, data = play_once(plays.context_overflow_vllm())
    body = json.loads(data)
    assert (response.status, body["code"], "error" in body) == (400, 400, False)
    assert "maximum context length is 4096 tokens" in body["message"]


def test_how_long_to_wait_is_said_in_three_ways():
    seconds, milliseconds, date = (
        play_once(plays.rate_limited(1.5, style))[0].headers for style in ("seconds", "milliseconds", "date")
    )
    assert seconds["Retry-After"] == "1.5"
    assert (milliseconds["retry-after-ms"], milliseconds["Retry-After"]) == ("1500", None)
    due = parsedate_to_datetime(date["Retry-After"]).timestamp() - time.time()
    assert -5 < due <= 2.5


def test_a_date_counts_from_the_request_not_from_the_script():
    play = plays.rate_limited(60, "date")
    time.sleep(1.1)
    before = time.time()
    assert parsedate_to_datetime(play_once(play)[0].headers["Retry-After"]).timestamp() >= before + 60


@pytest.mark.parametrize(
    ("play", "message", "finish"),
    [
        (plays.ok(GOOD), {"content": GOOD, "refusal": None}, "stop"),
        (plays.no_usage(GOOD), {"content": GOOD, "refusal": None}, "stop"),
        (plays.think(GOOD), {"content": f"<think>hm</think>\n{GOOD}", "refusal": None}, "stop"),
        (plays.reasoned(GOOD), {"content": GOOD, "refusal": None, "reasoning_content": "hm"}, "stop"),
        (plays.length(GOOD), {"content": CUT, "refusal": None}, "length"),
        (plays.filtered(), {"content": None, "refusal": None}, "content_filter"),
        (plays.refused("no"), {"content": None, "refusal": "no"}, "stop"),
        (plays.truncated_json_text(GOOD), {"content": CUT, "refusal": None}, "stop"),
        (plays.null_content(), {"content": None, "refusal": None}, "stop"),
    ],
    ids=lambda value: value.name if isinstance(value, Play) else "",
)
def test_a_reply_has_its_message(play, message, finish):
    response, data = play_once(play)
    body = json.loads(data)
    assert response.status == 200
    assert body["choices"][0]["message"] == {"role": "assistant", **message}
    assert body["choices"][0]["finish_reason"] == finish
    assert ("usage" in body) == (play.name != "no_usage")


def test_usage_may_be_empty():
    assert json.loads(play_once(plays.ok("x", usage={}))[1])["usage"] == {}


@pytest.mark.parametrize(("play", "choices"), [(plays.empty_choices(), []), (plays.null_choices(), None)])
def test_a_completion_may_have_no_choices(play, choices):
    assert json.loads(play_once(play)[1])["choices"] == choices


@pytest.mark.parametrize(
    ("play", "status", "type_", "start"),
    [
        (plays.html(), 200, "text/html; charset=utf-8", b"<!doctype html>"),
        (plays.html_502(), 502, "text/html; charset=utf-8", b"<html>"),
        (plays.empty_body(), 200, "application/json", b""),
        (plays.broken_json(), 200, "application/json", b'{"id"'),
    ],
)
def test_a_body_may_be_no_json(play, status, type_, start):
    response, data = play_once(play)
    assert (response.status, response.headers["Content-Type"]) == (status, type_)
    assert data.startswith(start)
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(data)


def test_a_reset_is_a_reset():
    with serve_script([plays.reset()]) as server:
        with pytest.raises(ConnectionResetError, match="reset by peer"):
            post_once(server)
        assert post_once(server)[0].status == 200


def test_a_closed_connection_is_an_orderly_end():
    with serve_script([plays.closed()]) as server, pytest.raises(RemoteDisconnected):
        post_once(server)


def test_a_body_that_is_cut_off_is_half_of_what_was_announced():
    with pytest.raises(IncompleteRead) as caught:
        play_once(plays.cut_off())
    assert len(caught.value.partial) == pytest.approx(caught.value.expected, abs=1)
    assert caught.value.partial.startswith(b'{"id"')


def test_a_dripping_body_takes_its_time_and_comes_in_pieces():
    with serve_script([plays.dripping(2, GOOD, drip_size=2)]) as server:
        start = time.monotonic()
        connection = connect(server)
        connection.request("POST", "/v1/chat/completions", "{}")
        response = connection.getresponse()
        pieces = list(iter(response.read1, b""))
        took = time.monotonic() - start
        connection.close()
    assert took >= 2
    assert len(pieces) > 1
    data = b"".join(pieces)
    assert data.startswith(b" " * 20 + b"{")
    assert json.loads(data)["choices"][0]["message"]["content"] == GOOD


def test_a_hanging_server_sends_nothing():
    with serve_script([plays.hanging(60)]) as server, pytest.raises(TimeoutError):
        post_once(server, timeout=0.3)
    start = time.monotonic()
    with pytest.raises(RemoteDisconnected):
        play_once(plays.hanging(0.5))
    assert time.monotonic() - start >= 0.5


def test_a_late_reply_comes():
    start = time.monotonic()
    assert play_once(plays.ok("late", latency=0.5))[0].status == 200
    assert time.monotonic() - start >= 0.5


# What comes out of ChatOpenAI: our classification rests on it


def ask(play, *, bound, timeout=30.0):
    """One attempt, with its client closed."""

    async def attempt():
        with serve_script([play]) as server:
            async with httpx2.AsyncClient() as client:
                model = ChatOpenAI(
                    model=plays.MODEL,
                    base_url=server.base_url,
                    api_key=API_KEY,
                    max_retries=0,
                    timeout=timeout,
                    http_async_client=client,
                )
                asked = model.bind(response_format=JSON_SCHEMA) if bound else model
                try:
                    return await asked.ainvoke("1+1")
                finally:
                    assert len(server.requests) <= 1  # no retries; 0 where the time was up before the server ran

    return asyncio.run(attempt())


either = pytest.mark.parametrize("bound", [False, True], ids=["plain", "schema"])


def named(value):
    return value.name if isinstance(value, Play) else ""


@either
@pytest.mark.parametrize(
    ("play", "content", "finish"),
    [
        (plays.ok(GOOD), GOOD, "stop"),
        (plays.think(GOOD), f"<think>hm</think>\n{GOOD}", "stop"),
        (plays.reasoned(GOOD), GOOD, "stop"),
        (plays.truncated_json_text(GOOD), CUT, "stop"),
        (plays.null_content(), "", "stop"),
        (plays.refused("no"), "", "stop"),
        (plays.ok(GOOD, finish_reason=None), GOOD, None),
    ],
    ids=named,
)
def test_chat_openai_returns(play, content, finish, bound):
    message = ask(play, bound=bound)
    assert message.content == content
    assert message.response_metadata["finish_reason"] == finish
    assert message.additional_kwargs["refusal"] == ("no" if play.name == "refused" else None)
    assert "reasoning_content" not in message.additional_kwargs
    assert message.usage_metadata["total_tokens"] == 18


@either
def test_chat_openai_has_no_usage_when_none_came_and_zeros_when_it_came_empty(bound):
    assert ask(plays.no_usage(GOOD), bound=bound).usage_metadata is None
    assert ask(plays.ok(GOOD, usage={}), bound=bound).usage_metadata["total_tokens"] == 0


def test_chat_openai_returns_what_was_cut_unless_a_schema_was_asked():
    message = ask(plays.length(GOOD), bound=False)
    assert (message.content, message.response_metadata["finish_reason"]) == (CUT, "length")
    with pytest.raises(openai.LengthFinishReasonError) as caught:
        ask(plays.length(GOOD), bound=True)
    assert caught.value.completion.choices[0].message.content == CUT
    assert caught.value.completion.usage.total_tokens == 18


def test_chat_openai_returns_what_was_filtered_unless_a_schema_was_asked():
    message = ask(plays.filtered("half"), bound=False)
    assert (message.content, message.response_metadata["finish_reason"]) == ("half", "content_filter")
    with pytest.raises(openai.ContentFilterFinishReasonError):
        ask(plays.filtered("half"), bound=True)


@either
@pytest.mark.parametrize(
    ("play", "error", "status", "code"),
    [
        (plays.rate_limited(), ModelRateLimitError, 429, "rate_limit_exceeded"),
        (plays.quota_exhausted(), ModelRateLimitError, 429, "insufficient_quota"),
        (plays.unauthorized(), ModelAuthenticationError, 401, "invalid_api_key"),
        (plays.forbidden(), ModelPermissionDeniedError, 403, "model_not_allowed"),
        (plays.unknown_model(), ModelNotFoundError, 404, "model_not_found"),
        (
            plays.bad_request("no", "temperature", "unsupported_value"),
            ModelInvalidRequestError,
            400,
            "unsupported_value",
        ),
        (plays.bad_request("no", status=422), openai.UnprocessableEntityError, 422, None),
        (plays.context_overflow(), ModelInvalidRequestError, 400, "context_length_exceeded"),
        (plays.context_overflow_vllm(), ModelInvalidRequestError, 400, "400"),
        (plays.server_error(), ModelAPIError, 500, None),
        (plays.server_error(502), ModelAPIError, 502, None),
        (plays.overloaded(), ModelAPIError, 529, None),
        (plays.html_502(), ModelAPIError, 502, None),
    ],
    ids=named,
)
def test_chat_openai_raises_a_status(play, error, status, code, bound):
    with pytest.raises(error) as caught:
        ask(play, bound=bound)
    assert isinstance(caught.value, openai.APIStatusError)
    assert (caught.value.status_code, caught.value.code) == (status, code)


@either
def test_chat_openai_passes_on_how_long_to_wait_and_the_key_that_was_echoed(bound):
    with pytest.raises(openai.RateLimitError) as limited:
        ask(plays.rate_limited(7), bound=bound)
    assert limited.value.response.headers["Retry-After"] == "7"
    with pytest.raises(openai.AuthenticationError, match=API_KEY):
        ask(plays.unauthorized(), bound=bound)


@either
@pytest.mark.parametrize("play", [plays.reset(), plays.closed(), plays.cut_off()], ids=named)
def test_chat_openai_raises_a_broken_connection(play, bound):
    with pytest.raises(ModelConnectionError) as caught:
        ask(play, bound=bound)
    assert isinstance(caught.value, openai.APIConnectionError)


@either
def test_chat_openai_gives_up_on_a_silence(bound):
    with pytest.raises(ModelTimeoutError) as caught:
        ask(plays.hanging(60), bound=bound, timeout=0.5)
    assert isinstance(caught.value, openai.APITimeoutError)


def test_chat_openai_does_not_give_up_on_a_drip():
    start = time.monotonic()
    assert ask(plays.dripping(5, GOOD), bound=False, timeout=4).content == GOOD
    assert time.monotonic() - start >= 5


@pytest.mark.parametrize(
    ("play", "plain", "with_schema"),
    [
        (plays.empty_choices(), IndexError, IndexError),
        (plays.null_choices(), TypeError, TypeError),
        (plays.error_in_200(), ValueError, TypeError),
        (plays.html(), ValueError, AttributeError),
        (plays.empty_body(), json.JSONDecodeError, json.JSONDecodeError),
        (plays.broken_json(), json.JSONDecodeError, json.JSONDecodeError),
    ],
    ids=named,
)
def test_chat_openai_trips_over_a_200_that_is_no_completion(play, plain, with_schema):
    with pytest.raises(plain):
        ask(play, bound=False)
    with pytest.raises(with_schema):
        ask(play, bound=True)
