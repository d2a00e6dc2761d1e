"""The HTTP client below OpenAI's, with less to do a request."""

from functools import lru_cache
from typing import Any

import httpx2
import openai

_PLAIN = {"content", "headers", "timeout", "files", "params"}
"""What the SDK has a request of JSON built from; it gives no files and no parameters."""


class LeanClient(openai.DefaultAioHttpClient):
    """The SDK's client over aiohttp; a request of JSON is built in a third of the time.

    `httpx2` reads the address anew, and merges, encodes and decodes the headers several times for each request. What is
    not the plain case is left to it: query parameters, files, a header that is there twice, and a server that sets
    cookies.
    """

    def build_request(self, method: str, url: httpx2.URL | str, **given: Any) -> httpx2.Request:
        """The request that the base class would build of the same."""
        content, headers = given.get("content"), given.get("headers")
        more = given.keys() - _PLAIN or given.get("files") or given.get("params") or self.params or self.cookies.jar
        if more or not (isinstance(content, bytes) and isinstance(headers, list) and isinstance(url, str)):
            return super().build_request(method, url, **given)
        to = _parse(url)
        own = {name.lower(): (name, value) for name, value in headers}
        if to.is_relative_url or len(own) < len(headers):
            return super().build_request(method, url, **given)
        sent = {"host": ("Host", to.netloc.decode("ascii")), "content-length": ("Content-Length", str(len(content)))}
        sent |= {name: (name, value) for name, value in self.headers.items()} | own
        extensions = {"timeout": httpx2.Timeout(given["timeout"]).as_dict()} if "timeout" in given else None
        # As a stream: of a content, the headers would be completed once more.
        stream = httpx2.ByteStream(content)
        request = httpx2.Request(method, to, headers=list(sent.values()), stream=stream, extensions=extensions)
        request.read()
        return request


@lru_cache(maxsize=64)
def _parse(url: str) -> httpx2.URL:
    return httpx2.URL(url)
