"""A real HTTP server that plays an OpenAI-compatible endpoint which misbehaves as its script says.

`serve_script([rate_limited(1), server_error(), ok("4")])` limits the first request, fails at the second and answers
the third.
"""

import json
import math
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

MODEL = "m"
JSON = "application/json"
HTML = "text/html; charset=utf-8"
KEY = "{the key of the request}"
"""Where a body says this, the client finds its own key."""
DRIP_INTERVAL = 0.2
"""Seconds between two drips."""
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}

LISTING = {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "tests"}]}

REASONS = {500: "Internal server error", 502: "Bad gateway", 503: "Service unavailable", 504: "Gateway timeout"}


@dataclass(frozen=True)
class RetryAfter:
    """When the client may come back, in one of the three ways that endpoints say so."""

    seconds: float
    style: Literal["seconds", "date", "milliseconds"] = "seconds"

    def header(self) -> tuple[str, str]:
        """Name and value; a date counts from now and is rounded up to the whole second that HTTP knows."""
        match self.style:
            case "seconds":
                return "Retry-After", f"{self.seconds:g}"
            case "date":
                return "Retry-After", formatdate(math.ceil(time.time() + self.seconds), usegmt=True)
            case "milliseconds":
                return "retry-after-ms", f"{self.seconds * 1000:g}"


@dataclass(frozen=True)
class Play:
    """What the server does with one request."""

    name: str
    status: int = 200
    body: str = ""
    content_type: str = JSON
    retry_after: RetryAfter | None = None
    silence: float = 0.0
    """Seconds between the request and the first byte."""
    drips: int = 0
    """Bytes at the start of the body that are sent `drip_size` at a time, one drip every 0.2 s."""
    drip_size: int = 1
    ending: Literal["whole", "reset", "half", "nothing"] = "whole"
    """All is sent; or a RST, or a FIN ("nothing"), before a byte; or the full Content-Length and half of the body."""


Cue = Play | Callable[[dict], Play]
"""What is played; a function is asked with the request's body."""


# Replies


def ok(
    text: str | None,
    *,
    usage: bool | dict = True,
    finish_reason: str | None = "stop",
    reasoning_content: str | None = None,
    refusal: str | None = None,
    latency: float = 0.0,
    name: str = "ok",
) -> Play:
    """A completion as OpenAI sends it; `reasoning_content` as DeepSeek and vLLM add it; `usage` may be one's own."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    if reasoning_content is not None:
        message["reasoning_content"] = reasoning_content
    choices = [{"index": 0, "finish_reason": finish_reason, "logprobs": None, "message": message}]
    return _completion(name, choices, usage=usage, silence=latency)


def no_usage(text: str) -> Play:
    """A good reply that does not say what it cost."""
    return ok(text, usage=False, name="no_usage")


def think(text: str, thought: str = "hm") -> Play:
    """A reply with the reasoning in its text."""
    return ok(f"<think>{thought}</think>\n{text}", name="think")


def reasoned(text: str, thought: str = "hm") -> Play:
    """A reply with the reasoning in a field of its own."""
    return ok(text, reasoning_content=thought, name="reasoned")


def length(text: str) -> Play:
    """The first half of `text`, cut by the limit on tokens."""
    return ok(_half(text), finish_reason="length", name="length")


def filtered(text: str | None = None) -> Play:
    """A reply that the provider's content filter stopped."""
    return ok(text, finish_reason="content_filter", name="filtered")


def refused(reason: str = "I'm sorry, I can't help with that.") -> Play:
    """A refusal in OpenAI's field for it."""
    return ok(None, refusal=reason, name="refused")


def truncated_json_text(text: str = '{"steps": ["1+1=2"], "answer": "2"}') -> Play:
    """JSON that the model itself left unfinished: half of `text`, finish_reason stop."""
    return ok(_half(text), name="truncated_json_text")


def null_content() -> Play:
    """A message whose content is null."""
    return ok(None, name="null_content")


def empty_choices() -> Play:
    """A completion with no choices, which still cost its prompt."""
    return _completion("empty_choices", [])


def null_choices() -> Play:
    """A completion whose choices are null."""
    return _completion("null_choices", None)


# Errors as JSON


def rate_limited(
    retry_after: float | None = None, style: Literal["seconds", "date", "milliseconds"] = "seconds"
) -> Play:
    """Too many requests for now."""
    message = f"Rate limit reached for {MODEL} on requests per min (RPM): Limit 3, Used 3, Requested 1."
    after = None if retry_after is None else RetryAfter(retry_after, style)
    return _error("rate_limited", 429, message, type_="requests", code="rate_limit_exceeded", retry_after=after)


def quota_exhausted() -> Play:
    """The account has no money left: a 429 that no waiting cures."""
    message = "You exceeded your current quota, please check your plan and billing details."
    return _error("quota_exhausted", 429, message, type_="insufficient_quota", code="insufficient_quota")


def unauthorized() -> Play:
    """A key that is not known, with the key in the message."""
    message = f"Incorrect API key provided: {KEY}. You can find your API key at https://platform.openai.com."
    return _error("unauthorized", 401, message, code="invalid_api_key")


def forbidden() -> Play:
    """A key that may not do this."""
    message = "You are not allowed to sample from this model"
    return _error("forbidden", 403, message, code="model_not_allowed")


def unknown_model() -> Play:
    """A model that the endpoint has not got."""
    message = f"The model `{MODEL}` does not exist or you do not have access to it."
    return _error("unknown_model", 404, message, code="model_not_found")


def bad_request(message: str, param: str | None = None, code: str | None = None, status: int = 400) -> Play:
    """A request that the endpoint does not accept."""
    return _error("bad_request", status, message, param=param, code=code)


def context_overflow() -> Play:
    """A prompt that does not fit, as OpenAI says it."""
    message = (
        "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens. "
        "Please reduce the length of the messages."
    )
    return _error("context_overflow", 400, message, param="messages", code="context_length_exceeded")


def context_overflow_vllm() -> Play:
    """A prompt that does not fit, as vLLM says it: only the message tells, and the code is a number."""
    message = (
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens "
        "(4500 in the messages, 500 in the completion). Please reduce the length of the messages or completion."
    )
    body = {"object": "error", "message": message, "type": "BadRequestError", "param": None, "code": 400}
    return Play("context_overflow_vllm", 400, json.dumps(body))


def server_error(status: int = 500) -> Play:
    """The endpoint failed."""
    return _error("server_error", status, f"{REASONS[status]}.", type_="server_error")


def overloaded() -> Play:
    """The endpoint has too much to do, in Anthropic's words and status."""
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    return Play("overloaded", 529, json.dumps(body))


def error_in_200(message: str = "Provider returned error", code: int = 502) -> Play:
    """An error in the body of a success, as some routers send it."""
    return Play("error_in_200", 200, json.dumps({"error": {"message": message, "code": code}}))


# Bodies that are no JSON


def html() -> Play:
    """A web page instead of a reply: a wrong base URL or a captive portal."""
    return Play("html", 200, "<!doctype html><html><body>Welcome</body></html>", HTML)


def html_502() -> Play:
    """A proxy's page for an endpoint that is down."""
    return Play("html_502", 502, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", HTML)


def empty_body() -> Play:
    """A success of no bytes."""
    return Play("empty_body")


def broken_json() -> Play:
    """A whole response whose body is JSON cut in half."""
    return Play("broken_json", body=_half(ok("never seen").body))


# Connections that go wrong


def reset() -> Play:
    """The connection is reset before a byte."""
    return Play("reset", ending="reset")


def closed() -> Play:
    """The connection is closed in an orderly way before a byte."""
    return Play("closed", ending="nothing")


def cut_off() -> Play:
    """The connection is closed after half of the body that was announced."""
    return Play("cut_off", body=ok("never whole").body, ending="half")


def dripping(seconds: float, text: str = "late", drip_size: int = 1) -> Play:
    """A good reply that takes `seconds`, though a byte comes every 0.2 s (blanks, which JSON may begin with)."""
    drips = math.ceil(seconds / DRIP_INTERVAL) * drip_size
    return Play("dripping", body=" " * drips + ok(text).body, drips=drips, drip_size=drip_size)


def hanging(seconds: float) -> Play:
    """Nothing for `seconds`, then the end of the connection."""
    return Play("hanging", silence=seconds, ending="nothing")


def _half(text: str) -> str:
    return text[: len(text) // 2]


def _completion(name: str, choices: list | None, *, usage: bool | dict = True, silence: float = 0.0) -> Play:
    body = {"id": "chatcmpl-x", "object": "chat.completion", "created": 0, "model": MODEL, "choices": choices}
    if usage is not False:
        body["usage"] = dict(USAGE) if usage is True else usage
    return Play(name, body=json.dumps(body), silence=silence)


def _error(name, status, message, *, type_="invalid_request_error", param=None, code=None, retry_after=None) -> Play:
    body = {"error": {"message": message, "type": type_, "param": param, "code": code}}
    return Play(name, status, json.dumps(body), retry_after=retry_after)


FINE = ok("ok")


# The server


@dataclass
class FaultServer:
    """What was asked, in the order in which it came."""

    script: list[Cue]
    then: Cue
    base_url: str = ""
    requests: list[dict] = field(default_factory=list)
    """The bodies of POST to the handler's `chat`."""
    arrivals: list[float] = field(default_factory=list)
    """When each of them had come, by time.monotonic()."""
    authorizations: list[str] = field(default_factory=list)
    listings: int = 0
    """How often GET /v1/models was asked."""
    failures: list[BaseException] = field(default_factory=list)
    """Faults of this server that no script asked for."""
    stopped: threading.Event = field(default_factory=threading.Event)
    connections: set[socket.socket] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, body: dict, authorization: str) -> Play:
        """Note a request and say what is played for it."""
        with self.lock:
            number = len(self.requests)
            self.requests.append(body)
            self.arrivals.append(time.monotonic())
            self.authorizations.append(authorization)
        cue = self.script[number] if number < len(self.script) else self.then
        return cue if isinstance(cue, Play) else cue(body)


class Handler(BaseHTTPRequestHandler):
    """Plays to one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    record: FaultServer
    chat = "/v1/chat/completions"

    def setup(self):
        super().setup()
        with self.record.lock:
            self.record.connections.add(self.connection)

    def finish(self):
        with self.record.lock:
            self.record.connections.discard(self.connection)
        super().finish()

    def do_GET(self):
        if self.path != "/v1/models":
            self.play(_error("no_such_page", 404, f"no {self.path} here"), "")
            return
        with self.record.lock:
            self.record.listings += 1
        self.play(Play("models", body=json.dumps(LISTING)), "")

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != self.chat:
            self.play(_error("no_such_page", 404, f"no {self.path} here"), "")
            return
        authorization = self.headers.get("Authorization", "")
        play = self.record.receive(json.loads(data), authorization)
        self.play(play, authorization.removeprefix("Bearer "))

    def play(self, play: Play, key: str):
        if play.silence and self.record.stopped.wait(play.silence):
            self.close_connection = True
            return
        if play.ending in {"reset", "nothing"}:
            self.close_connection = True
            if play.ending == "reset":
                self.send_reset()
            return
        data = play.body.replace(KEY, key).encode()
        self.send_response(play.status)
        self.send_header("Content-Type", play.content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-request-id", "req_1")
        if play.retry_after:
            self.send_header(*play.retry_after.header())
        self.end_headers()
        for start in range(0, play.drips, play.drip_size):
            self.wfile.write(data[start : start + play.drip_size])
            if self.record.stopped.wait(DRIP_INTERVAL):
                self.close_connection = True
                return
        rest = data[play.drips :]
        if play.ending == "half":
            rest = rest[: len(rest) // 2]
            self.close_connection = True
        self.wfile.write(rest)

    def send_reset(self):
        """RST at once: lingering for 0 s drops the connection, and a detached socket closes though rfile is open."""
        with self.record.lock:
            self.record.connections.discard(self.connection)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    """Keeps what goes wrong in it, but for clients that went away."""

    daemon_threads = True
    request_queue_size = 128
    record: FaultServer

    def handle_error(self, request, client_address):
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            self.record.failures.append(error)


@contextmanager
def serve_script(script: Iterable[Cue] = (), then: Cue = FINE, handler: type[Handler] = Handler):
    """Serve on loopback: the n-th request gets the n-th play of the script, those after its end get `then`.

    A `handler` of one's own listens at another path.

    Raises:
        ExceptionGroup: this server itself failed, for instance because `then` raised.
    """
    record = FaultServer(list(script), then)
    server = Server(("127.0.0.1", 0), type("ScriptHandler", (handler,), {"record": record}))
    server.record = record
    record.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield record
    finally:
        record.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
        with record.lock:
            for connection in record.connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
    if record.failures:
        raise BaseExceptionGroup("the server of the test failed", record.failures)
