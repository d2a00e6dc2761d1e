"""The cards of a transcript: each event, and each visit, as something that is said."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ioa.memory.plain_text import plain, plain_json
from ioa.memory.records import Example, Refusal
from ioa.memory.transcript import AttemptEvent, CallContext, DecisionEvent, Message, TranscriptEvent
from ioa.results.cards.blocks import Block, Card, Span, fold, folds, line, span, words
from ioa.results.conversation import (
    Turn,
    Visit,
    Visits,
    answering,
    asking,
    deciding,
    telling,
)
from ioa.results.wording import outline
from ioa.results.words import duration, money

SHORT = 1500
"""Characters of a reply that are shown at once."""
_GIST = 280
_GIST_LINES = 6
_LARGEST = 100_000
"""Characters of a prompt in which its gist is looked for."""
_BRIEF = re.compile(r"```json\n(.*?)\n```\s*$", re.DOTALL)

Lessons = Mapping[str, Example | Refusal]
Link = Callable[..., str]
"""Makes an address of a page of the run: `link("examples", lesson=...)`; empty where there is no such page."""


def event_card(event: TranscriptEvent, card_id: str, visits: Visits, lessons: Lessons, link: Link, query: str) -> Card:
    """The card of an event.

    Args:
        event: What is shown.
        card_id: Its name on the page.
        visits: What belongs to what.
        lessons: Accepted and refused lessons by id.
        link: Makes addresses.
        query: What is searched for, in lower case.
    """
    if isinstance(event, AttemptEvent):
        head, body, look = _head(asking(event)), _attempt(event, query), "attempt"
    elif event.subject:
        head, body, look = _head(deciding(event)), _verdict(event, lessons, link), "verdict"
    else:
        head, body, look = _head(deciding(event)), _visit_end(event, query), "decision"
    look += " bad" if event.rejected else " good" if look == "verdict" else ""
    head += [*_place(event.context), *_relations(event, visits, link)]
    return {"id": card_id, "look": look, "head": head, "body": body}


def visit_card(visit: Visit, card_id: str, link: Link) -> Card:
    """The line above the events of a visit."""
    head = [span(visit.context.node, "title"), span(visit.context.agent, "who"), *_place(visit.context, module=False)]
    counts = [
        (visit.calls, "call", ""),
        (visit.unusable, "unusable", "bad"),
        (visit.accepted, "accepted", "good"),
        (visit.refused, "refused", "bad"),
    ]
    for count, what, look in counts:
        if count:
            plural = "s" if what == "call" and count > 1 else ""
            head.append(span(f"{count:,} {what}{plural}", look))
    if visit.end is not None:
        href = link("transcript", event=visit.end.id)
        decided = span("what was decided", href=href, go=visit.end.id)
        head += [span(duration(visit.end.seconds), "muted"), decided]
    return {"id": card_id, "look": "band", "head": head, "body": []}


def part_text(event: TranscriptEvent, part: str, indent: int | None = 2) -> str:
    """The text behind a fold of the event's card; empty for a part that it does not have.

    Args:
        event: The event.
        part: Name of the part.
        indent: How far JSON is set in; none: it is one line, which is made ten times as fast.
    """
    if isinstance(event, AttemptEvent):
        texts: dict[str, Callable[[], str]] = {
            "prompt": lambda: prompt_text(event.messages),
            "reply": lambda: event.reply,
            "reasoning": lambda: event.reasoning,
            "parsed": lambda: _json(event.parsed, indent),
        }
    else:
        texts = {"read": lambda: _json(event.read, indent), "wrote": lambda: _json(event.wrote, indent)}
    return texts[part]() if part in texts else ""


def prompt_text(messages: Sequence[Message]) -> str:
    """All messages of a prompt, one after the other."""
    return "\n\n".join(f"── {message.role} ──\n{message.content}" for message in messages)


def gist(messages: Sequence[Message]) -> str:
    """What is asked for, in short: the brief at the prompt's end, or the last message's last lines."""
    if not messages:
        return ""
    last = messages[-1].content[-_LARGEST:]
    brief = _BRIEF.search(last)
    if brief:
        try:
            value = plain_json(json.loads(brief[1]))
            told = {key: item for key, item in value.items() if key != "task"} if isinstance(value, dict) else value
            return _few_lines(*outline(told, _GIST))
        except (ValueError, RecursionError):
            pass  # a brief that was cut off or is no JSON: the last lines tell as much
    return _few_lines(plain(last)[-_GIST:], cut=False)


def _few_lines(text: str, cut: bool) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return _cut("\n".join(lines[:_GIST_LINES]), cut or len(lines) > _GIST_LINES)


def _attempt(event: AttemptEvent, query: str) -> list[Block]:
    prompt = prompt_text(event.messages)
    body = [words(gist(event.messages), "muted")]
    parts = [_fold("prompt", "prompt", prompt, query)]
    reply = answering(event)
    said = [*_head(reply), span(event.teacher, "chip"), *_spent(event)]
    body.append(line(*said, look="said"))
    if event.rejected:
        body.append(_why(event))
    whole = False
    if event.parsed is not None:
        text, cut = outline(plain_json(event.parsed), SHORT)
        body.append(words(_cut(text, cut), "reply"))
    else:
        whole = len(event.reply) <= SHORT
        body.append(words(_cut(event.reply[:SHORT], not whole), "reply"))
    if event.reasoning:
        parts.append(_fold("reasoning", "reasoning", event.reasoning, query))
    if event.reply and not whole:
        parts.append(_fold("reply as it was written", "reply", event.reply, query))
    if event.parsed is not None:
        parts.append(fold("JSON", "parsed"))
    return [*body, folds(*parts)]


def _visit_end(event: DecisionEvent, query: str) -> list[Block]:
    body: list[Block] = []
    if event.rejected:
        body.append(_why(event))
    body += [words(text) for text in event.own_words]
    for note in event.notes:
        body += [line(*_head(telling(note)), look="said"), words(note.text, "reply")]
    for name, state in (("read", event.read), ("wrote", event.wrote)):
        if state:
            body += _state(name, state, query)
    return body


def _state(name: str, state: Mapping[str, Any], query: str) -> list[Block]:
    text = ", ".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in state.items())
    if len(text) <= _GIST:
        return [line(span(name, "muted"), span(text))]
    return [_fold(f"{name} {', '.join(state)}"[:_GIST], name, _json(state), query)]


def _verdict(event: DecisionEvent, lessons: Lessons, link: Link) -> list[Block]:
    body: list[Block] = []
    lesson = lessons.get(event.subject)
    if lesson is not None:
        text = lesson.problem
        body.append(words(_cut(text[:SHORT], len(text) > SHORT), "reply"))
    if event.rejected:
        body.append(_why(event))
    there = link("examples", lesson=event.subject)
    return [*body, line(span("the lesson", href=there))] if there else body


def _why(event: TranscriptEvent) -> Block:
    why = f"{event.category}: {event.error}" if event.category else event.error
    return words(_cut(why[:SHORT], len(why) > SHORT), "bad")


def _head(turn: Turn) -> list[Span]:
    who = f"{turn.speaker} → {turn.receiver}" if turn.receiver else turn.speaker
    return [span(who, "who"), *([span(turn.what)] if turn.what else [])]


def _place(context: CallContext, *, module: bool = True) -> list[Span]:
    stage = "" if context.stage is None else f"stage {context.stage}"
    round_ = "" if context.round is None else f"round {context.round}"
    where = ", ".join(part for part in (stage, round_) if part)
    chips = [where, context.module or "", ", ".join(context.strategies)] if module else [where]
    return [span(text, "chip") for text in chips if text]


def _relations(event: TranscriptEvent, visits: Visits, link: Link) -> list[Span]:
    """Links to what it belongs to, to what belongs to it, and to itself."""
    spans = [span(event.time[11:19], "muted end", title=plain(event.time))]
    if event.parent and visits.known(event.parent):
        spans.append(span(_belonging(event), href=link("transcript", event=event.parent), go=event.parent))
    count = len(visits.children(event.id))
    if count:
        text = f"{count:,} belonging to it"
        spans.append(span(text, href=link("transcript", family=event.id), go=event.id, what="family"))
    spans.append(
        span(f"#{event.id}", "muted", href=link("transcript", event=event.id), go=event.id, title="link to it")
    )
    return spans


def _belonging(event: TranscriptEvent) -> str:
    """What its parent is to it."""
    if isinstance(event, AttemptEvent):
        return "the attempt that it repairs" if event.attempt > 1 else "its visit"
    return "where the lesson was written" if event.subject else "the visit around it"


def _spent(event: AttemptEvent) -> list[Span]:
    about = "~" if event.tokens.estimated else ""
    spans = [span(f"{about}{event.tokens.input:,} → {event.tokens.output:,} tokens", "muted")]
    if event.cost:
        spans.append(span(money(event.cost), "muted"))
    spans.append(span(duration(event.seconds), "muted"))
    return spans


def _fold(label: str, part: str, text: str, query: str) -> Block:
    hits = text.lower().count(query) if query else 0
    found = f" · {hits:,} hit{'' if hits == 1 else 's'}" if hits else ""
    return fold(f"{label}, {len(text):,} characters{found}", part)


def _cut(text: str, cut: bool) -> str:
    return f"{text} …" if cut else text


def _json(value: Any, indent: int | None = 2) -> str:
    return json.dumps(plain_json(value), ensure_ascii=False, indent=indent)
