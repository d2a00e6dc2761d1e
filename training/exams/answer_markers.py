r"""What marks the final answer in a reply, and what a reply says of its answer behind the mark.

Marks are `Answer:` in many languages, `<answer>`, `####` (GSM8K) and `\boxed{}` (MATH). The last one in the reply
counts, whichever it is. "The answer is" counts where none of these stands; behind one of them it has to say the same.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache

_WORD = (
    r"answer|antwort|r[ée]ponse|respuesta|resposta|risposta|odpowied[źz]|odpověď|odpoveď|antwoord|svar|vastaus|válasz"
    r"|răspuns(?:ul)?|cevap|yan\u0131t|jawaban|đáp\s+án|ответ|відповідь|απάντηση|उत्तर|الجواب|الإجابة"
)
_CJK = "答案|答え|答|정답|답"
_BOLD = r"(?:\*\*|__|[*_])?"
_QUOTE = r"[\"']"
_MARKER = re.compile(
    rf"(?P<boxed>\\f?box(?:ed)?(?![a-zA-Z])\s*)|(?P<tag><answer>)|(?P<hash>\#{{4}}(?!\#))"
    rf"|{_BOLD}(?:(?<![^\W_])(?:{_WORD})(?:\s*\(s\))?|(?:{_CJK})){_QUOTE}?{_BOLD}\s*[:\uff1a]{_BOLD}",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"^[ \t*#]*(?:final[ \t]+)?answer[ \t]+[-–—][ \t]+"
    r"|\banswer\s+(?:is|must\s+be|should\s+be|would\s+be|has\s+to\s+be)\b\s*:?"
    r"|\bantwort\s+(?:ist|lautet)\b\s*:?|\br[ée]ponse\s+(?:\w+\s+)?est\b\s*:?|\brespuesta\s+(?:\w+\s+)?es\b\s*:?"
    r"|\bresposta\s+(?:\w+\s+)?é\b\s*:?|\brisposta\s+(?:\w+\s+)?è\b\s*:?|\bantwoord\s+is\b\s*:?|\bsvaret\s+[äe]r\b\s*:?"
    r"|\bodpowied[źz]\w*\s+(?:to|jest)\b\s*:?|\b\u043eтв\u0435т\w*\s*(?:[-–—]|будет)\s*:?|\bđáp\s+án\s+là\b\s*:?"
    r"|答案(?:应该|應該|就)?(?:是|为|為|选|選)\s*[:\uff1a]?|答えは|정답은|답은",
    re.IGNORECASE | re.MULTILINE,
)
_CHANGED = re.compile(
    r"^\W*(?:(?:oh|but|hmm+|no)\W+)*(?:wait|hmm|hold\s+on|actually|correction|oops|sorry|scratch\s+that"
    r"|(?:up)?on\s+(?:second\s+thought|(?:further\s+|closer\s+)?(?:reflection|review|inspection))"
    r"|i\s+(?:meant|was\s+wrong|made\s+a\s+mistake)|my\s+mistake|that(?:'s|\s+is)\s+(?:wrong|not\s+right|incorrect)"
    r"|moment\s+mal|attends|espera|attendi|等等|不对|不對)",
    re.IGNORECASE | re.MULTILINE,
)
_LINE = re.compile(
    rf"^[ \t*_#>-]*(?:final[ \t]+)?(?:(?:{_WORD})(?:\s*\(s\))?|(?:{_CJK})){_BOLD}[ \t]*[:\uff1a]{_BOLD}"
    r"[^\n\w]*\w[^\n]*\n",
    re.IGNORECASE | re.MULTILINE,
)
_LESSON_ANSWER = re.compile(r"^Answer:[ \t]*", re.MULTILINE)
_TOKEN = re.compile(r"[^\s$]+")
_HEADING = re.compile(r"[ \t]*[^\W\d_]{2}[^\n]*\n\s*\S")
_BETWEEN_BOXES = re.compile(
    r"\s*\$*\s*(?:,|;|/|\bor\b|\band\b|\boder\b|\bou\b|或|\\text\{\s*(?:or|and)\s*\})+\s*\$*(?:[a-zA-Z]\w*\s*=\s*)?"
)


def stated(reply: str, lines: int = 1) -> str | None:
    """What stands behind the marker that counts; none where the reply has no marker.

    Args:
        reply: The whole reply.
        lines: How many lines an answer has; what is boxed ends with its brace.

    Returns:
        The answer, stripped; empty where nothing stands behind the marker.
    """
    markers = _markers(reply)
    said = [] if markers else list(_SAID.finditer(reply))
    if not markers and not said:
        return None
    last = (markers or said)[-1]
    return _behind(reply, last, lines, markers[:-1])


def has_marker(reply: str) -> bool:
    """Whether the answer is marked, by more than words such as "the answer is"."""
    return bool(_markers(reply))


def has_answer_line(reply: str) -> bool:
    """Whether a line such as `Answer: 42`, which begins with the mark in words, stands there up to its line feed."""
    return _LINE.search(reply) is not None


def first_marker(reply: str) -> int | None:
    """Where the first marker ends."""
    markers = _markers(reply)
    return markers[0].end() if markers else None


def split_solution(reply: str) -> tuple[tuple[str, ...], str]:
    """Steps and answer of a reply in the form of a lesson: lines, then `Answer:` at the beginning of one.

    Both are empty where there is no such line; an answer of several lines, such as code, goes on to the end.
    """
    found = _LESSON_ANSWER.search(reply)
    if found is None:
        return (), ""
    steps = tuple(line.rstrip() for line in reply[: found.start()].splitlines() if line.strip())
    return steps, reply[found.end() :].strip()


def first_marker_start(reply: str) -> int | None:
    """Where the first marker begins."""
    markers = _markers(reply)
    return markers[0].start() if markers else None


def said_later(reply: str) -> list[str]:
    """What a reply says to be the answer behind the last marker, in words."""
    markers = _markers(reply)
    return (
        [_first_lines(reply[said.end() :], 1) for said in _SAID.finditer(reply, markers[-1].end())] if markers else []
    )


def is_withdrawn(reply: str) -> bool:
    """Whether the reply goes on behind its marked answer with words such as "Wait" or "Actually"."""
    markers = _markers(reply)
    if not markers:
        return False
    _, _, behind = reply[markers[-1].end() :].lstrip().partition("\n")
    return _CHANGED.search(behind) is not None


def last_lines(reply: str, count: int = 1) -> str:
    """The last lines that are not blank, stripped."""
    return "\n".join(_lines(reply)[-count:]).strip()


@lru_cache(maxsize=4)
def _markers(reply: str) -> tuple[re.Match[str], ...]:
    """Four marks before words, with text below them, are a heading. Kept, as a grade asks several times for them."""
    marks = _MARKER.finditer(reply)
    return tuple(found for found in marks if not (found.group("hash") and _HEADING.match(reply, found.end())))


def _behind(reply: str, marker: re.Match[str], lines: int, earlier: Sequence[re.Match[str]]) -> str:
    rest = reply[marker.end() :]
    groups = marker.groupdict()
    if groups.get("boxed"):
        return _joined_boxes(reply, marker, earlier)
    if marker.group().rstrip(":\uff1a ").endswith('"') and (value := _json_text(rest)) is not None:
        return value
    if groups.get("tag"):
        return _first_lines(re.split(r"</answer", rest, maxsplit=1, flags=re.IGNORECASE)[0], lines)
    return _first_lines(rest, lines)


def _json_text(rest: str) -> str | None:
    """The text that is the value of a JSON object's key, as in `"answer": "Paris"}`."""
    try:
        value, _ = json.JSONDecoder().raw_decode(rest.lstrip())
    except (ValueError, RecursionError):
        return None
    return value.strip() if isinstance(value, str) else None


def _joined_boxes(reply: str, marker: re.Match[str], earlier: Sequence[re.Match[str]]) -> str:
    """What is boxed; with the box before it where the two are given together, as in `17 or 18`."""
    content, _ = _boxed(reply, marker.end())
    for before in earlier[-1:]:
        if before.groupdict().get("boxed"):
            other, end = _boxed(reply, before.end())
            between = reply[end : marker.start()]
            if _BETWEEN_BOXES.fullmatch(between) and other != content:
                word = ", " if re.match(r"\s*\$*\s*(?:,|;|and|\\text\{\s*and)", between) else " or "
                return f"{other}{word}{content}"
    return content


def _first_lines(text: str, count: int) -> str:
    return "\n".join(_lines(text)[:count]).strip()


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


def _boxed(reply: str, start: int) -> tuple[str, int]:
    """What is in the braces that open here, nested ones included, and where they end; one token where none opens."""
    if not reply.startswith("{", start):
        token = _TOKEN.match(reply, start)
        return (token.group(), token.end()) if token else ("", start)
    depth = 0
    for brace in re.compile(r"(?<!\\)[{}]").finditer(reply, start):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return reply[start + 1 : brace.start()].strip(), brace.end()
    rest, _, below = reply[start + 1 :].partition("\n")
    if "$" not in rest and not below.strip():
        return "", len(reply)  # the reply was cut off in the middle of its answer
    return rest.rstrip("$. ").strip(), start + 1 + len(rest)
