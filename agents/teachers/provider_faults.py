"""What can go wrong with a call, told apart by what has to be done about it.

LangChain's providers raise their own SDK's exceptions. They share a status code, an error code in the body
and the headers of the response, which is all that is read here; nothing depends on one provider's classes.
"""

import asyncio
import email.utils
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ioa.agents.teachers.answer import BrokenReplyError
from ioa.memory.redaction import redact
from ioa.memory.transcript import Tokens


class FaultKind(StrEnum):
    """Kinds of failure of one attempt."""

    AUTHENTICATION = "authentication"
    """401 or 403: the key is wrong or may not do this. Stops the run."""
    UNKNOWN_MODEL = "unknown model"
    """404 or 405: the model or the address does not exist. Stops the run."""
    QUOTA = "quota"
    """The account has nothing left; it looks like a rate limit, but waiting does not help. Stops the run."""
    RATE_LIMIT = "rate limit"
    """429: too much at once. Waits as long as it was told to."""
    SERVER = "server error"
    """5xx: waits and tries again."""
    CONNECTION = "connection"
    """No connection, or it broke: waits and tries again."""
    TIMEOUT = "timeout"
    """No whole reply before the deadline: tries again."""
    MALFORMED = "malformed response"
    """Not a chat completion: HTML, no choices. Tries again."""
    BROKEN_OFF = "broken off"
    """A success that holds no whole reply: broken off, or an error in the place of one. Tries again."""
    REFUSED = "refusal"
    """The provider's filter does not let this prompt or its reply through. Never repeated."""
    CONTEXT = "context overflow"
    """The prompt does not fit the model. Never repeated as it was."""
    BAD_REQUEST = "bad request"
    """400, 415, 422, 501: something in the request is not understood. Repeated only with that something left out."""


STOPS = frozenset({FaultKind.AUTHENTICATION, FaultKind.UNKNOWN_MODEL, FaultKind.QUOTA})
"""Trying again cannot help, with this call or with any other."""
PASSES = frozenset(
    {
        *(FaultKind.RATE_LIMIT, FaultKind.SERVER, FaultKind.CONNECTION, FaultKind.TIMEOUT, FaultKind.MALFORMED),
        FaultKind.BROKEN_OFF,
    }
)
"""Faults that may pass: trying again may help."""


MAYBE_BILLED = frozenset({FaultKind.TIMEOUT, FaultKind.MALFORMED, FaultKind.BROKEN_OFF})
"""The request was taken, so its prompt at least may be billed, although no answer could be read."""


@dataclass(frozen=True)
class Fault:
    """One failed attempt."""

    kind: FaultKind
    message: str
    """What the provider said, without secrets."""
    retry_after: float | None = None
    """Seconds that the provider asks to wait; none where it does not say."""
    reply: str = ""
    """What had come of a reply that was broken off."""
    tokens: Tokens | None = None
    """What the provider says that cost; none where it says nothing."""

    @property
    def names_model(self) -> bool:
        """Whether it says that it has no such model, which a wrong address does not know."""
        return _MODEL.search(self.message) is not None


class AttemptError(Exception):
    """One attempt failed."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.sent: Any = None
        """How the request was put, for whoever sent it."""


_LONGEST = 500
"""Characters of a body that is no error as the SDK knows them."""
_STATUS = {
    402: FaultKind.QUOTA,
    401: FaultKind.AUTHENTICATION,
    403: FaultKind.AUTHENTICATION,
    404: FaultKind.UNKNOWN_MODEL,
    405: FaultKind.UNKNOWN_MODEL,
    408: FaultKind.TIMEOUT,
    409: FaultKind.SERVER,
    413: FaultKind.CONTEXT,
    425: FaultKind.SERVER,
    429: FaultKind.RATE_LIMIT,
    501: FaultKind.BAD_REQUEST,
}
_QUOTA = re.compile(
    r"insufficient_quota|exceeded your current quota|credit balance|insufficient balance", re.IGNORECASE
)
_CONTEXT = re.compile(
    r"context_length_exceeded|maximum context length|context (?:window|size|length|limit)|prompt is too long"
    r"|exceeds? the available context",
    re.IGNORECASE,
)
_MODEL = re.compile(r"model_not_found|model.{0,80}(?:not exist|not found)", re.IGNORECASE)
_REFUSED = re.compile(
    r"content[_ ]?(?:filter|policy|management policy)|responsible ?ai ?policy|content exists risk|usage guidelines"
    r"|data_?inspection_?failed|inappropriate content|(?:input|prompt|request) (?:was |has been )?(?:flagged|blocked)"
    r"|violat\w+ (?:our|the)? ?(?:usage|safety|content) polic|considered high risk|不安全或敏感",
    re.IGNORECASE,
)
"""Of a prompt or its reply, in a 400, a 403 or what a client makes of a success."""
_BY_WORDS = (
    (_REFUSED, {400, 403, 422, 451}, FaultKind.REFUSED),
    (_CONTEXT, {400, 413, 422, 500}, FaultKind.CONTEXT),  # a 500 may say so, too; no retry makes a prompt shorter
    # Providers send "no credit left" with any of these, 429 included, where waiting would not help.
    (_QUOTA, {400, 402, 403, 429}, FaultKind.QUOTA),
    (_MODEL, {400}, FaultKind.UNKNOWN_MODEL),  # a model that is not there is not always a 404
)
_HEADER = re.compile(
    r"illegal header value|invalid header value|(?:newline|null byte|control char).{0,40}header"
    r"|ascii.{0,20}can't encode",
    re.IGNORECASE,
)
"""What the clients say of a key that no header can hold."""
_NO_TLS = re.compile(r"wrong.version.number|record layer failure|packet length too long", re.IGNORECASE)
"""What the client says of a server that answers without TLS."""
_UNSUPPORTED = re.compile(r"is not supported for", re.IGNORECASE)
_CONNECTION = ("ConnectionError", "APIConnectionError")
_BROKEN = (
    *("ConnectError", "ReadError", "WriteError", "RemoteProtocolError"),  # httpx
    *("ClientOSError", "ClientPayloadError", "ServerDisconnectedError"),  # aiohttp
)
_TIMEOUT = ("APITimeoutError", "TimeoutException", "ReadTimeout", "ConnectTimeout")


def classify(error: BaseException) -> Fault | None:
    """What kind of failure an exception of a chat model is; none where it is a fault of a program.

    Args:
        error: What the model raised.
    """
    chain = list(_causes(error))
    return (
        _broken_off(chain)
        or _unsendable(chain)
        or _broken(chain)
        or _answered(chain)
        or _unanswered(chain)
        or _malformed(error)
    )


def _broken_off(chain: Sequence[BaseException]) -> Fault | None:
    """A success that holds no whole reply. One that holds part of a reply has taken the request."""
    error = next((one for one in chain if isinstance(one, BrokenReplyError)), None)
    if error is None:
        return None
    message = redact(str(error))
    kind = FaultKind.BROKEN_OFF
    if not error.text and error.status is not None:
        kind = _of_status(error.status, message)
    elif not error.text and _QUOTA.search(message):
        kind = FaultKind.QUOTA
    return Fault(kind, message, reply=redact(error.text), tokens=error.tokens)


def _unsendable(chain: Sequence[BaseException]) -> Fault | None:
    """A key that cannot stand in a header, which some clients report as a broken connection."""
    if any(_HEADER.search(str(one)) for one in chain) and not any(_status(one) for one in chain):
        return Fault(FaultKind.AUTHENTICATION, "the key holds characters that no header can hold")
    return None


def _broken(chain: Sequence[BaseException]) -> Fault | None:
    """A connection that could not be made or broke.

    It comes first: some transports report a refused connection as a time-out, and half a body with a status.
    """
    for one in chain:
        names = {base.__name__ for base in type(one).__mro__}
        if isinstance(one, ConnectionError) or names.intersection(_BROKEN):
            message = redact(str(one)) or type(one).__name__
            plain = "the server seems to speak http:// and not https://: " if _NO_TLS.search(message) else ""
            return Fault(FaultKind.CONNECTION, plain + message)
    return None


def _answered(chain: Sequence[BaseException]) -> Fault | None:
    """An error that the server sent."""
    message = redact(_error_text(chain[0]))
    status = next((code for code in map(_status, chain) if code is not None), None)
    wait = next((seconds for seconds in map(_retry_after, chain) if seconds is not None), None)
    if status is not None and status >= 400:
        return Fault(_of_status(status, message), message, wait)
    return None


def _unanswered(chain: Sequence[BaseException]) -> Fault | None:
    message = redact(_error_text(chain[0]))
    names = {base.__name__ for one in chain for base in type(one).__mro__}
    if any(isinstance(one, TimeoutError | asyncio.TimeoutError) for one in chain) or names.intersection(_TIMEOUT):
        return Fault(FaultKind.TIMEOUT, message or "no answer in time")
    if any(isinstance(one, OSError) for one in chain) or names.intersection(_CONNECTION):
        return Fault(FaultKind.CONNECTION, message or type(chain[0]).__name__)
    if any(isinstance(getattr(one, "status_code", None), int) for one in chain):
        # An error in the body of a 200, such as in the stream of Ollama, whose client then says -1.
        return Fault(_of_status(500, message), message)
    if "APIError" in names:  # the same in a stream of OpenAI's
        code = str(getattr(chain[0], "code", ""))
        known = code.isdecimal() and 400 <= int(code) < 600
        return Fault(_of_status(int(code), message) if known else FaultKind.BROKEN_OFF, message)
    return None


def _malformed(error: BaseException) -> Fault | None:
    if not isinstance(error, ValueError | TypeError | KeyError | IndexError | AttributeError):
        return None
    # What the SDKs raise when a 200 holds something that is no completion: HTML, or no choices. Or before they send
    # anything, where they know themselves what a model refuses.
    message = redact(_error_text(error))
    kind = FaultKind.BAD_REQUEST if _UNSUPPORTED.search(message) else FaultKind.MALFORMED
    kind = FaultKind.REFUSED if _REFUSED.search(message) else kind
    return Fault(kind, f"{type(error).__name__}: {message}")


def _of_status(status: int, message: str) -> FaultKind:
    """What the words say goes before the status, where providers are known to send it with that status."""
    for words, statuses, kind in _BY_WORDS:
        if status in statuses and words.search(message):
            return kind
    default = FaultKind.SERVER if status >= 500 else FaultKind.BAD_REQUEST
    return _STATUS.get(status, default)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def _status(error: BaseException) -> int | None:
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "status", "code"):
            value = getattr(holder, name, None)
            if isinstance(value, int) and 100 <= value < 600:
                return value
    return None


def _error_text(error: BaseException) -> str:
    said = str(error).strip() or type(error).__name__
    body = getattr(error, "body", None)
    body = body[0] if isinstance(body, list) and body else body  # Gemini's errors come in a list
    told: Any = body if isinstance(body, Mapping) else {}
    inner = told.get("error")
    told = inner if isinstance(inner, Mapping) else told
    words = (told.get("message") or told.get("detail"), told.get("code"), told.get("param"))
    for more in (*words, getattr(error, "code", None)):
        if more and not isinstance(more, int) and str(more) not in said:  # some SDKs say no more than the status
            said = f"{said} ({more})"
    if re.fullmatch(r"Error code: \d+", said) and body:  # the SDK's whole message, where it does not know the body
        said = f"{said} ({str(body)[:_LONGEST]})"
    return said


def _retry_after(error: BaseException) -> float | None:
    headers: Any = getattr(getattr(error, "response", error), "headers", None)
    if headers is None:
        return None
    milliseconds = headers.get("retry-after-ms")
    if milliseconds is not None:
        return _number(milliseconds, 0.001)
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _number(value, 1.0)
    if seconds is not None:
        return seconds
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _number(text: str, scale: float) -> float | None:
    try:
        return max(0.0, float(text) * scale)
    except ValueError:
        return None
