"""The cards of lessons."""

from collections.abc import Callable, Mapping

from ioa.memory.records import Example, Refusal
from ioa.results.cards.blocks import Block, Card, Span, beside, changes, fold, line, named, span, words
from ioa.results.lesson_history import Lesson
from ioa.results.neighbours import Neighbour, collision
from ioa.results.wording import Part, differences

SHORT = 3000
"""Characters of a text that are shown at once."""
_MORE = {"problem": "the whole problem", "solution": "the whole solution", "original": "the whole original solution"}

Link = Callable[..., str]


def lesson_card(lesson: Lesson, neighbour: Neighbour | None, accepted: Mapping[str, Example], link: Link) -> Card:
    """The card of a lesson.

    Args:
        lesson: What is shown.
        neighbour: What a refused one was too close to.
        accepted: All accepted lessons by id.
        link: Makes addresses of pages of the run.
    """
    record = lesson.record
    body: list[Block] = []
    if isinstance(record, Example):
        body += _accepted(record, accepted, link)
    else:
        body += _refused(record, neighbour, link)
    body += _history(lesson)
    look = "good" if isinstance(record, Example) else "bad"
    return {"id": record.id, "look": look, "head": _head(lesson, link), "body": body}


def lesson_part(lesson: Lesson, part: str) -> str:
    """The text behind a fold."""
    record = lesson.record
    if part == "problem":
        return record.problem
    if isinstance(record, Example):
        return {"solution": record.solution, "original": "\n".join(record.original)}.get(part, "")
    return ""


def _head(lesson: Lesson, link: Link) -> list[Span]:
    record = lesson.record
    head = [
        span(lesson.states[-1], "who good" if isinstance(record, Example) else "who bad"),
        span(record.module, "who"),
    ]
    chips = [
        f"stage {record.stage}, round {record.round}",
        lesson.kind.value if lesson.kind else "",
        record.difficulty.value if isinstance(record, Example) else "",
        f"level {lesson.level}" if lesson.level else "",
        *(strategy.value for strategy in lesson.strategies),
    ]
    head += [span(chip, "chip") for chip in chips if chip]
    written = span("where it was written", "end", href=link("transcript", event=record.event))
    itself = span(f"#{record.id}", "muted", href=link("examples", lesson=record.id), go=record.id, title="link to it")
    return [*head, written, itself]


def _accepted(example: Example, accepted: Mapping[str, Example], link: Link) -> list[Block]:
    body = _shortened(example.problem, "problem", "problem-text")
    original, adapted = "\n".join(example.original), "\n".join(example.steps)
    if not original:
        body += [_label("solution"), *_shortened(adapted, "solution")]
    elif original == adapted:
        body += [_label("solution; the strategies left the original as it was"), *_shortened(adapted, "solution")]
    else:
        body.append(_two_solutions(original, adapted))
    body += named("answer", example.answer[:SHORT], "who")
    if example.verification:
        body += named("check", example.verification[:SHORT])
    if example.changed or example.source:
        body += _counterfactual(example, accepted, link)
    return body


def _two_solutions(original: str, adapted: str) -> Block:
    parts = differences(original[:SHORT], adapted[:SHORT])
    left = [_label("original solution"), changes(_without(parts, "new"))]
    right = [_label("as adapted to the student"), changes(_without(parts, "gone"))]
    if len(original) > SHORT:
        left.append(fold(_MORE["original"], "original"))
    if len(adapted) > SHORT:
        right.append(fold(_MORE["solution"], "solution"))
    return beside(left, right)


def _without(parts: list[Part], kind: str) -> list[Part]:
    return [part for part in parts if part[0] != kind]


def _counterfactual(example: Example, accepted: Mapping[str, Example], link: Link) -> list[Block]:
    body = [line(span("changed", "muted"), span(example.changed[:SHORT]))] if example.changed else []
    source = accepted.get(example.source)
    if source is None:
        return [*body, line(span("from", "muted"), span(example.source))] if example.source else body
    go = span(f"lesson {source.id}", href=link("examples", lesson=source.id), go=source.id)
    return [*body, line(span("from", "muted"), go), words(source.problem[:SHORT], "muted")]


def _refused(refusal: Refusal, neighbour: Neighbour | None, link: Link) -> list[Block]:
    why = words(f"refused: {refusal.reason.value}. {refusal.detail}"[:SHORT], "bad")
    own = [*_shortened(refusal.problem, "problem", "problem-text")]
    if refusal.answer:
        own += named("answer", refusal.answer[:SHORT], "who")
    if neighbour is None:
        return [why, *own]
    return [why, beside([_label("this lesson"), *own], _neighbour(refusal, neighbour, link))]


def _neighbour(refusal: Refusal, neighbour: Neighbour, link: Link) -> list[Block]:
    title = span(neighbour.title, "muted")
    if neighbour.example:
        title = span(neighbour.title, href=link("examples", lesson=neighbour.example), go=neighbour.example)
    elif neighbour.probe:
        title = span(neighbour.title, href=link("probes", item=neighbour.probe))
    column = [line(span("too close to", "muted"), title, look="label")]
    if neighbour.problem:
        column.append(changes(_without(differences(refusal.problem[:SHORT], neighbour.problem[:SHORT]), "gone")))
    if neighbour.answer:
        column += named("answer", neighbour.answer[:SHORT])
    found = collision(refusal.detail)
    if found:
        column.append(line(span(f"found by {found.method}, similarity {found.similarity:.2f}", "muted")))
    if neighbour.remark:
        column.append(words(neighbour.remark, "muted"))
    return column


def _history(lesson: Lesson) -> list[Block]:
    body: list[Block] = []
    if lesson.misconception:
        summary = lesson.misconception.summary[:SHORT]
        body.append(
            line(span("answers the misconception", "muted"), span(summary), span(lesson.misconception.id, "chip"))
        )
    if lesson.taught:
        rounds = [f"stage {at[0]} round {at[1]} as {kind.value}" for at, kind in lesson.taught]
        body.append(line(span("taught in", "muted"), span("; ".join(rounds))))
    for one in lesson.observed:
        told = f"{one.nll:.2f} nats a token, {one.tokens} tokens"
        body.append(line(span("observed difficulty", "muted"), span(told)))
    return body


def _shortened(text: str, part: str, look: str = "") -> list[Block]:
    if len(text) <= SHORT:
        return [words(text, look)]
    return [words(f"{text[:SHORT]} …", look), fold(f"{_MORE[part]}, {len(text):,} characters", part)]


def _label(text: str) -> Block:
    return words(text, "label")
