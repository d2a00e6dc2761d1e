"""The short way of a call to OpenAI's chat models does what the long way of LangChain, the SDK and httpx does."""

import asyncio

import httpx2
import openai
import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import set_config_context
from tests import fault_server as play
from tests.fault_server import serve_script

from ioa.agents.teachers.http_client import LeanClient
from ioa.agents.teachers.openai import ReasoningChatOpenAI

BODY = "ä 1 + 1".encode()
HEADERS = [("Accept", "application/json"), ("Authorization", "Bearer none"), ("X-Own", "1")]
URL = "http://127.0.0.1:8000/v1/chat/completions"
PROMPT = [SystemMessage("Be brief."), HumanMessage("1 + 1 =")]


@pytest.mark.parametrize(
    ("url", "given"),
    [
        (URL, {"content": BODY, "headers": HEADERS, "timeout": 3.0, "params": None, "files": None}),
        (URL, {"content": BODY, "headers": HEADERS, "timeout": httpx2.Timeout(9, connect=2)}),
        ("https://[::1]/v1/x?a=b", {"content": b"", "headers": [("user-agent", "own"), ("HOST", "other")]}),
        (URL, {"content": BODY, "headers": HEADERS, "params": {"api-version": "1"}}),
        (URL, {"content": BODY, "headers": [*HEADERS, ("X-Own", "2")]}),
        (URL, {"content": "text", "headers": HEADERS}),
        (URL, {"json": {"a": 1}, "headers": dict(HEADERS)}),
        ("models", {"content": BODY, "headers": HEADERS}),
        (httpx2.URL(URL), {"content": BODY, "headers": HEADERS}),
    ],
)
@pytest.mark.parametrize(
    "more", [{}, {"cookies": {"place": "3"}}, {"params": {"key": "v"}}, {"headers": {"x-all": "1"}}]
)
def test_a_request_is_the_one_that_the_base_class_builds(url, given, more):
    lean, base = (kind(base_url="http://h/v1/", **more) for kind in (LeanClient, openai.DefaultAioHttpClient))
    ours, theirs = (client.build_request("POST", url, **given) for client in (lean, base))
    assert (ours.method, ours.url, ours.content) == (theirs.method, theirs.url, theirs.content)
    assert sorted(ours.headers.multi_items()) == sorted(theirs.headers.multi_items())
    timeout = ours.extensions.get("timeout", lean.timeout.as_dict())  # without one, the client's is filled in when sent
    assert timeout == theirs.extensions["timeout"]


def model(server, **options):
    return ReasoningChatOpenAI(model="m", api_key="none", base_url=server.base_url, max_retries=0, **options)


def ask(asked, config=None, **arguments):
    async def once():
        try:
            return await asked.ainvoke(PROMPT, config, **arguments)
        finally:
            await asked.aclose()

    return asyncio.run(once())


class Listener(BaseCallbackHandler):
    def __init__(self):
        self.heard = []

    def on_chat_model_start(self, serialized, messages, **more):
        self.heard.append(messages[0][-1].content)

    def on_llm_end(self, response, **more):
        self.heard.append(response.generations[0][0].text)


@pytest.mark.parametrize("said", [play.ok("2"), play.no_usage("2"), play.ok("2", reasoning_content="Hm.")])
def test_the_message_is_the_same_whether_somebody_listens_or_nobody(said):
    with serve_script([], then=said) as server:
        short, long = ask(model(server)), ask(model(server), {"callbacks": [Listener()]})
        assert server.requests[0] == server.requests[1]
    for message in (short, long):
        message.id = None
    assert short == long


def in_config(listener, made):
    return ask(made, {"callbacks": [listener]})


def in_context(listener, made):
    """As a node of a graph has it: whoever listens to the graph is in the context of its calls."""
    with set_config_context(RunnableConfig(callbacks=[listener])) as context:
        return context.run(ask, made)


def in_model(listener, made):
    made.callbacks = [listener]
    return ask(made)


@pytest.mark.parametrize("way", [in_config, in_context, in_model])
def test_who_listens_hears_the_call(way):
    listener = Listener()
    with serve_script([], then=play.ok("2")) as server:
        assert way(listener, model(server)).text == "2"
    assert listener.heard == ["1 + 1 =", "2"]


def test_a_limiter_of_langchains_is_asked():
    limiter = InMemoryRateLimiter(requests_per_second=0.001, check_every_n_seconds=0.01)
    with serve_script([], then=play.ok("2")) as server, pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(model(server, rate_limiter=limiter).ainvoke(PROMPT), 0.5))
    assert server.requests == []


def test_what_only_the_sdk_can_write_as_json_is_left_to_it():
    with serve_script([], then=play.ok("2")) as server:
        ask(model(server), extra_body={"logit_bias": {50256: -100}})
    assert server.requests[0]["logit_bias"] == {"50256": -100}
