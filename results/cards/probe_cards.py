"""The cards of examination items."""

from collections.abc import Callable

from ioa.results.cards.blocks import Block, Card, Span, beside, fold, folds, line, named, span, words
from ioa.results.item_history import Answered, Item

SHORT = 800
"""Characters of a reply that are shown at once."""
_LOOKS = {"gained": "good", "lost": "bad", "both right": "good", "both wrong": "bad"}

Link = Callable[..., str]


def probe_card(item: Item, link: Link) -> Card:
    """The card of an item; `link` makes addresses of pages of the run."""
    probe = item.probe
    look = _LOOKS.get(item.change, "")
    head = [
        span(item.change, f"who {look}"),
        span(probe.module, "who"),
        span(probe.split.value, "chip"),
        span(f"level {probe.level}", "chip"),
        span(f"#{probe.id}", "muted end", href=link("probes", item=probe.id), go=probe.id, title="link to it"),
    ]
    body: list[Block] = [words(probe.question[:SHORT], "problem-text")]
    if len(probe.question) > SHORT:
        body.append(fold(f"the whole question, {len(probe.question):,} characters", "question"))
    body += named("expected", probe.answer[:SHORT], "who")
    student = [(f"student {i}", one) for i, one in enumerate(item.student)]
    ends = [student[0], student[-1]] if len(student) > 1 else student
    teacher = [(f"teacher {i}", one) for i, one in enumerate(item.teacher[:1])]
    columns = [
        *([*_answer("student", one, part)] for part, one in ends),
        *([*_answer("teacher", one, part)] for part, one in teacher),
    ]
    if columns:
        body.append(beside(*columns))
    between = [fold(_in_short(one), part) for part, one in student[1:-1]]
    if between:
        body += [words("between these", "label"), folds(*between)]
    return {"id": probe.id, "look": look, "head": head, "body": body}


def probe_part(item: Item, part: str) -> str:
    """The text behind a fold."""
    if part == "question":
        return item.probe.question
    who, _, number = part.partition(" ")
    answers = {"student": item.student, "teacher": item.teacher}.get(who, ())
    return answers[int(number)].result.reply if number.isdecimal() and int(number) < len(answers) else ""


def _in_short(one: Answered) -> str:
    answer = " ".join(one.result.extracted.split())
    return f"{one.title}: {_outcome(one)}{answer and f', {answer[:40]}'}"


def _outcome(one: Answered) -> str:
    if one.result.unread:
        return "✗ not read"
    return "✓ right" if one.result.correct else "✗ wrong"


def _answer(who: str, one: Answered, part: str) -> list[Block]:
    result = one.result
    blocks = [line(*_verdict(who, one)), words(result.reply[:SHORT] or "(no reply)", "reply")]
    if len(result.reply) > SHORT:
        blocks.append(fold(f"the whole reply, {len(result.reply):,} characters", part))
    if result.extracted and result.extracted.strip() not in result.reply:
        blocks += named("taken for the answer", result.extracted[:SHORT])
    if result.unread:
        why = result.detail or "the scorer gives no reason"
        blocks.append(words(f"not read: {why[:SHORT]}; it counts as wrong", "muted"))
    elif result.detail:
        blocks.append(words(result.detail[:SHORT], "muted"))
    return blocks


def _verdict(who: str, one: Answered) -> list[Span]:
    right = one.result.correct
    spans = [
        span(f"{who} {one.title}" if who == "student" else who, "muted"),
        span(_outcome(one), "good" if right else "bad"),
    ]
    if one.result.score is not None:
        spans.append(span(f"score {one.result.score:.2f}", "muted"))
    return spans
