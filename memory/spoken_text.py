r"""What a model says in a reply: behind the thought that stands before it, and up to where its turn is over.

Where a tokenizer's ids are known, a student's reply is cut at special tokens (`ioa.training.reply_decoding`). Here only
a text is known, and the same signs may be what was asked for: `</s>` is an HTML element, and an answer about chat
templates names `<|im_end|>`. So a mark counts only where it cannot be a part of the answer.
"""

import re
from collections.abc import Iterator
from itertools import islice

_ELEMENTS = ("think", "thinking", "thought", "thoughts", "reasoning", "seed:think", "longcat_think")
_THOUGHTS = (
    *((f"<{name}>", f"</{name}>") for name in _ELEMENTS),
    ("[THINK]", "[/THINK]"),  # Magistral
    ("◁think▷", "◁/think▷"),  # Kimi
    ("<|begin_of_thought|>", "<|end_of_thought|>"),  # OpenThinker
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A
    ("<|channel>thought", "<channel|>"),  # Gemma 4
    ("<unused94>thought", "<unused95>"),  # MedGemma
)
_CHANNELS = ("<|channel|>", "<|message|>", "<|start|>")
"""Of gpt-oss, whose replies are several messages; what is said is in the channel `final`."""
THOUGHT_TOKENS = frozenset(mark for pair in _THOUGHTS for mark in pair) | frozenset(_CHANNELS)
"""The marks of thoughts; some tokenizers have them as special tokens, which a decoded reply must keep."""

_HEAD = re.compile(r"\s*(?:(?:<\|im_start\|>|<\|start\|>)\s*assistant\s*)?", re.IGNORECASE)
_RESPONSE = re.compile(r"\s*(?:<\|begin_of_solution\|>|<\|START_RESPONSE\|>)")
_CHANNEL = re.compile(r"<\|channel\|>")
_FINAL = re.compile(r"<\|channel\|>\s*final\b[^<\n]*(?:<\|message\|>)?")
_CHANNELS_LOST = re.compile(r"\s*analysis(?=\S)(.*?)assistantfinal", re.DOTALL)
"""What is left of gpt-oss's channels where a server drops special tokens."""
_ALONE = r"(?:(?<=\n)|\A){0}|{0}(?=[ \t]*\n|\s*\Z)|(?<=[^\s>]){0}(?=[\w{{*#$\\])|(?<=[.!?]){0}"
"""A closing mark on a line's end or beginning, or right between a thought and a reply; prose that names it has a space
on either side."""
_OPENING = [re.compile(re.escape(opening), re.IGNORECASE) for opening, _ in _THOUGHTS]
_ANY_OPENING = re.compile("|".join(opening.pattern for opening in _OPENING), re.IGNORECASE)
_CLOSING = [re.compile(re.escape(closing), re.IGNORECASE) for _, closing in _THOUGHTS]
_CLOSING_ALONE = [re.compile(_ALONE.format(re.escape(closing)), re.IGNORECASE) for _, closing in _THOUGHTS]

TURN_TOKEN = re.compile(
    r"<\|(?:im_end|im_start|endoftext|end_of_text|eot_id|eom_id|eot|eom|end|user|system|return|call|start_header_id"
    r"|END_OF_TURN_TOKEN|END_RESPONSE|end_of_solution|end[_\u2581]of[_\u2581]sentence|begin[_\u2581]of[_\u2581]text)\|>"
    r"|<\uff5c(?:end\u2581of\u2581sentence|begin\u2581of\u2581sentence|User)\uff5c>|<end_of_turn>|<start_of_turn>|<turn\|>|<eos>|</s>"
)
"""The marks of chat templates with which a turn ends, or another one begins."""
_ANY_TOKEN = r"(?:<[|\uff5c][A-Za-z][\w\u2581]*[|\uff5c]>|<end_of_turn>|<turn\|>|<eos>|</s>)"  # noqa: S105 - of a chat template
_LAST = re.compile(rf"{_ANY_TOKEN}\s*\Z")
_LONGEST_TOKEN = 60
_TURN_OVER = re.compile(
    rf"(?:{TURN_TOKEN.pattern})(?=[ \t]*\n|\s*\Z|\s*{_ANY_TOKEN}|\s*\[INST\])|<\|im_start\|>(?=user|system|assistant)"
)
_MOST_MARKS = 30
"""Of each kind within a reply, so many are looked at: each may be a look at all that stands before it."""
_NAMED = re.compile(r"(?:[:=(\[,]|\b(?:is|are|token|tag|with|by|and|or))\s*\Z", re.IGNORECASE)
"""What stands before a mark that is itself the answer."""
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_STRUCK = re.compile(r"<(/?)s(?:\s[^<>]*)?>", re.IGNORECASE)


def spoken(reply: str) -> str:
    """What a reply says: without a thought before it and what stands behind the end of its turn."""
    return own_turn(split_thought(reply)[0])


def split_thought(text: str) -> tuple[str, str]:
    """Part a reply from the thought that a reasoning model puts before it.

    A thought stands at the reply's beginning. One that was never closed is all there is; of one that the prompt
    opened the reply has the end alone. The same marks further on are the reply's own.

    Returns:
        (reply, thought), both stripped; the reply is empty where nothing stands behind the thought.
    """
    start = _end(_HEAD.match(text))
    if _CHANNEL.match(text, start):
        final = [found for found in _FINAL.finditer(text) if not _is_quoted(text, found)]
        return (text[final[-1].end() :].strip(), text[: final[-1].start()].strip()) if final else ("", text.strip())
    if lost := _CHANNELS_LOST.match(text):
        return text[lost.end() :].strip(), lost.group(1).strip()
    thoughts = []
    while block := _opened_thought(text, start):
        thought, start = block
        thoughts.append(thought.strip())
    if not thoughts and (unopened := _unopened_thought(text)):
        thought, start = unopened
        thoughts.append(thought.strip())
    if not thoughts:
        return text.strip(), ""
    return text[_end(_RESPONSE.match(text, start), start) :].strip(), "\n".join(thoughts)


def begins_with_thought(text: str) -> bool:
    """Whether a text opens a thought with its first sign."""
    return _ANY_OPENING.match(text, _end(_HEAD.match(text))) is not None


def own_turn(reply: str) -> str:
    """The reply up to where its turn is over: where a server leaked the end of it, or the model went on as the user."""
    leaked = _find_leaked(reply)
    if leaked < len(reply) and not _belongs_to_answer(reply, leaked):
        reply = reply[:leaked]
    for over in islice(_TURN_OVER.finditer(reply), _MOST_MARKS):
        inside = _is_quoted(reply, over) or _is_in_code(reply, over.start())
        if not inside and not _belongs_to_answer(reply, over.start()):
            return reply[: over.start()]
    return reply


def _find_leaked(reply: str) -> int:
    """Where the tokens begin that end the reply; its length where there are none."""
    place = end = len(reply)
    while token := _LAST.search(reply[max(0, end - _LONGEST_TOKEN) : end]):
        place = max(0, end - _LONGEST_TOKEN) + token.start()
        end = place
    return place


def _opened_thought(text: str, start: int) -> tuple[str, int] | None:
    """(thought, where it ends) of a block that opens there, white space left out."""
    start += len(text[start:]) - len(text[start:].lstrip())
    for opening, closing in zip(_OPENING, _CLOSING, strict=True):
        if opened := opening.match(text, start):
            closed = next(_unquoted(closing, text, opened.end()), None)
            if closed is None:
                return text[opened.end() :], len(text)
            return text[opened.end() : closed.start()], closed.end()
    return None


def _unopened_thought(text: str) -> tuple[str, int] | None:
    """(thought, where it ends) of a block that opened before the reply."""
    lowered = text.casefold()
    for (_, mark), opening, closing in zip(_THOUGHTS, _OPENING, _CLOSING_ALONE, strict=True):
        if mark.casefold() not in lowered:  # for most replies that is all there is to look at
            continue
        closed = next((found for found in _unquoted(closing, text) if not _is_in_code(text, found.start())), None)
        if closed and next(_unquoted(opening, text[: closed.start()]), None) is None:
            return text[: closed.start()], closed.end()
    return None


def _unquoted(mark: re.Pattern[str], text: str, start: int = 0) -> Iterator[re.Match[str]]:
    return (found for found in islice(mark.finditer(text, start), _MOST_MARKS) if not _is_quoted(text, found))


def _is_quoted(text: str, found: re.Match[str]) -> bool:
    """Whether it stands between quotation marks or in code within a line."""
    before, behind = text[: found.start()][-1:], text[found.end() :][:1]
    if before and before in "\"'`" and before == behind:
        return True
    line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
    return line.replace("```", "").count("`") % 2 == 1


def _is_in_code(text: str, place: int) -> bool:
    """Whether it stands in a block of code, or in a Python text of several lines."""
    before = text[:place]
    return any(count % 2 for count in (len(_FENCE.findall(before)), before.count('"""'), before.count("'''")))


def _belongs_to_answer(text: str, place: int) -> bool:
    """Whether the mark that stands there is named by what stands before it, or closes an HTML element."""
    return _NAMED.search(text[max(0, place - 20) : place]) is not None or _closes_element(text, place)


def _closes_element(text: str, place: int) -> bool:
    """Whether there stands a `</s>` that closes an HTML element `<s>`."""
    closing = _STRUCK.match(text, place)
    if closing is None:
        return False
    opened = 0
    for found in _STRUCK.finditer(text, 0, place):
        opened = max(0, opened - 1) if found.group(1) else opened + 1
    return opened > 0


def _end(found: re.Match[str] | None, otherwise: int = 0) -> int:
    return found.end() if found else otherwise
