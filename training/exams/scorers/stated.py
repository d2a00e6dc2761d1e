r"""Where in a reply its final answer stands.

Three markers say it: `Answer:`, `####` (GSM8K) and `\boxed{}` (MATH). The last one in the reply counts, whichever it
is. "The answer is" counts only where none of these stands.

A reply ends where the model goes on to somebody else's turn: at a chat template's mark of the end, or, behind a marked
answer, at the next `Question:`, as where lm-evaluation-harness stops generating for GSM8K.
"""

import re

from ioa.memory.spoken_text import own_turn

_MARKER = re.compile(
    r"(?P<boxed>\\f?box(?:ed)?(?![a-zA-Z])\s*)|####|(?:\*\*|__)?\banswer(?:\*\*|__)?\s*:(?:\*\*|__)?", re.IGNORECASE
)
_SAID = re.compile(r"\banswer\s+is\b\s*:?", re.IGNORECASE)
_TOKEN = re.compile(r"[^\s$]+")
_QUESTION = re.compile(r"^[ \t*#]*question\b[ \t\d*]*:", re.IGNORECASE | re.MULTILINE)


def own_answer(reply: str) -> str:
    """The reply up to where its turn is over, or the next question begins behind a marked answer."""
    reply = own_turn(reply)
    marked = _MARKER.search(reply)
    following = _QUESTION.search(reply, marked.end()) if marked else None
    return reply[: following.start()] if following else reply


def stated(reply: str, lines: int = 1) -> str | None:
    """What stands behind the marker that counts; none where the reply has no marker.

    Args:
        reply: The whole reply.
        lines: How many lines an answer has; what is boxed ends with its brace.

    Returns:
        The answer, stripped; empty where nothing stands behind the marker.
    """
    markers = list(_MARKER.finditer(reply)) or list(_SAID.finditer(reply))
    if not markers:
        return None
    last = markers[-1]
    rest = reply[last.end() :]
    if last.groupdict().get("boxed"):
        return _boxed(rest)
    return "\n".join(_lines(rest)[:lines]).strip()


def last_lines(reply: str, count: int = 1) -> str:
    """The last lines that are not blank, stripped."""
    return "\n".join(_lines(reply)[-count:]).strip()


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _boxed(rest: str) -> str:
    """What is in the braces that open here, nested ones included; one token where none opens."""
    if not rest.startswith("{"):
        token = _TOKEN.match(rest)
        return token.group() if token else ""
    depth = 0
    for brace in re.finditer(r"(?<!\\)[{}]", rest):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return rest[1 : brace.start()].strip()
    return rest[1:].partition("\n")[0].strip()  # it was cut off
