"""Addresses of servers as people type and copy them, brought into the one form that clients understand."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit, urlunsplit

_AROUND = " \t\r\n\f\v\ufeff\u200b\u200c\u200d\u2060\u00a0\"'`<>,;\u201c\u201d\u2018\u2019\xab\xbb"
"""White space, marks that nobody sees, quotes and what stands behind an address in a list: no part of one."""
_SCHEME = re.compile(r"(https?)(?::/*|/{2,})", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_TAILS = {
    "ollama": ("/v1/chat/completions", "/api/chat", "/api/generate", "/api/tags", "/api", "/v1"),
    "anthropic": ("/v1/messages", "/messages", "/v1"),
    "openai": (*("/chat/completions", "/completions", "/responses", "/api/chat", "/api/generate", "/api/tags"),),
}
"""What clients add themselves; the longest first."""
_BELOW = re.compile(r"(/v\d\w*)/(?:chat|models|embeddings)$", re.IGNORECASE)
"""Taken off only behind a version: `/models` alone is the true address of some providers."""
_TWICE = re.compile(r"(/v\d\w*)\1$", re.IGNORECASE)
_VERSION = re.compile(r"/v\d+\w*(?:/|$)", re.IGNORECASE)
_PRIVATE = (".local", ".localhost", ".internal", ".lan", ".home", ".home.arpa", ".svc")
OLLAMA_PORT = 11434
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where servers listen, not where they are reached


@dataclass(frozen=True)
class Address:
    """Where a server is reached."""

    url: str
    """Scheme, host and path, without a slash at the end."""
    query: tuple[tuple[str, str], ...] = ()
    """What stood behind a question mark; clients send it with every request."""
    changes: tuple[str, ...] = ()
    """What was done to what had been typed, for a person; not of white space, quotes and a slash at the end."""

    @property
    def with_version(self) -> str | None:
        """The address with `/v1` behind it; none where it names a version already."""
        return None if _VERSION.search(urlsplit(self.url).path) else f"{self.url}/v1"

    @property
    def remark(self) -> str:
        """What was done to it, in a sentence; empty where nothing was."""
        return f"address {self.url}: {', '.join(self.changes)}" if self.changes else ""


def tidy(typed: str) -> str:
    """An address without what cannot be part of one: white space, quotes, a slash at the end.

    Raises:
        ValueError: it is none.
    """
    bare = _bare(typed)
    if not bare:
        raise ValueError("is empty: give the address of a server, such as http://127.0.0.1:8000/v1, or leave it out")
    if any(letter.isspace() or not letter.isprintable() for letter in bare):
        raise ValueError(f"has white space inside ({bare!r}): expected an address such as http://127.0.0.1:8000/v1")
    read_address(bare)
    return bare.rstrip("/")


def _bare(typed: str) -> str:
    return unicodedata.normalize("NFKC", typed).strip(_AROUND).replace("\\", "/")


@lru_cache(maxsize=64)  # each call asks for it
def read_address(typed: str, provider: str = "openai") -> Address:
    """What an address is taken to mean.

    Args:
        typed: As somebody typed it.
        provider: Whose client is to use it; each adds other paths to it.

    Raises:
        ValueError: it is none.
    """
    bare = _bare(typed)
    scheme, rest, changes = _scheme(bare)
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"{bare!r} is no address ({error}): expected one such as http://127.0.0.1:8000/v1") from None
    if not host or not _plausible(host):
        raise ValueError(f"{bare!r} names no host: expected an address such as http://127.0.0.1:8000/v1")
    netloc = parts.netloc
    if provider == "ollama" and port is None and changes and "://" not in bare:  # as its own client completes it
        port, netloc = OLLAMA_PORT, f"{netloc}:{OLLAMA_PORT}"
        changes.append(f"and port {OLLAMA_PORT}")
    if host in _ANY_HOST:
        reached = _ANY_HOST[host]
        reached = f"[{reached}]" if ":" in reached else reached
        netloc = reached if port is None else f"{reached}:{port}"
        changes.append(f"{host} is where a server listens, it is reached at {reached}")
    path, cut = _without_tail(re.sub(r"/{2,}", "/", parts.path).rstrip("/"), provider)
    changes += [f"{cut} at the end taken off"] if cut else []
    query = tuple(parse_qsl(parts.query))
    changes += ["what stands behind # left out"] if parts.fragment else []
    return Address(urlunsplit((scheme, netloc, path, "", "")), query, tuple(changes))


def _scheme(bare: str) -> tuple[str, str, list[str]]:
    """(scheme, what follows it, what was done)."""
    found = _SCHEME.match(bare)
    if found:
        scheme, rest, said = found.group(1).lower(), bare[found.end() :], found.group(0)
        while twice := _SCHEME.match(rest):
            scheme, rest, said = twice.group(1).lower(), rest[twice.end() :], said + twice.group(0)
        return scheme, rest, [f"{said} read as {scheme}://"] if said.lower() != f"{scheme}://" else []
    if _OTHER_SCHEME.match(bare):
        raise ValueError(f"{bare!r} is no address of a web server: it begins with http:// or https://")
    if bare.startswith("/") and not bare.startswith("//"):
        raise ValueError(f"{bare!r} is a path without a host: expected an address such as http://127.0.0.1:8000/v1")
    rest = bare if bare.startswith("::") else bare.removeprefix(":").lstrip("/")
    rest = f"[{rest}]" if rest.count(":") > 1 and _is_near(rest) and not rest.startswith("[") else rest
    host = (urlsplit(f"//{rest}").hostname or "") if not rest.startswith("[") or "]" in rest else ""
    scheme = "http" if _is_near(host) else "https"
    return scheme, rest, [f"completed with {scheme}://"]


def _is_near(host: str) -> bool:
    """Whether a host is an address, this machine or a name of a private network, where few servers have TLS."""
    if "." not in host and ":" not in host:
        return True
    try:
        ip_address(host)
    except ValueError:
        return host.endswith(_PRIVATE)
    return True


def _plausible(host: str) -> bool:
    return ":" in host or re.fullmatch(r"[\w.-]*\w", host) is not None


def _without_tail(path: str, provider: str) -> tuple[str, str]:
    """(the path without what the client adds itself, what was taken off)."""
    whole = path
    if provider == "azure_openai":  # below its resources the client finds the deployments itself
        path = re.sub(r"/openai(?:/.*)?$", "", path, flags=re.IGNORECASE)
        return path, whole[len(path) :]
    tails = _TAILS.get(provider, _TAILS["openai"])
    while (tail := next((one for one in tails if path.lower().endswith(one)), "")) and tail:
        path = path[: -len(tail)].rstrip("/")
    path = _BELOW.sub(r"\1", path)
    path = _TWICE.sub(r"\1", path)
    return path, whole[len(path) :]
