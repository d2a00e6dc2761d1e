"""The checks of a lesson that ask nobody."""

import re
from collections.abc import Callable

from ioa.agents.exchange import Lesson
from ioa.agents.requests import Draft, LessonRequest
from ioa.agents.step_checks import false_step
from ioa.memory.answer_equality import same_answer
from ioa.memory.domains.level_match import asks_for_level
from ioa.memory.records import Domain, Generator, Kind, Refusal, RefusalReason
from ioa.memory.similarity import normalise

_ANSWER = re.compile(
    r"^\s*(?:\*\*|__)?(?:so,? )?(?:the )?(?:final )?answer(?: is)?(?:\*\*|__)?\s*:(?:\*\*|__(?=\s))?\s*(.*)$",
    re.IGNORECASE,
)
_EMPHASIS = re.compile(r"^\*\*|\*\*$")
"""Around the answer; within it, as in `2**3`, it is none."""

Same = Callable[[str, str, str], bool]
"""(problem, one answer, another): whether the two are the same answer."""
Objection = tuple[RefusalReason, str] | None
"""Why a lesson may not be taught; none where nothing speaks against it."""


def screen(draft: Draft, domain: Domain, same: Same) -> tuple[list[Lesson], list[Refusal]]:
    """The lessons of a draft that pass, and the refusals of the others.

    In this order: it is written at all; no line of it is false; a counterfactual differs from its source; problem
    and answer are of the level that was asked for.
    """
    request = draft.request
    sound, refused = [], []
    if draft.error:
        refused.append(refuse_lesson(draft, RefusalReason.SCHEMA, draft.error))
    refused += [refuse_lesson(draft, RefusalReason.SCHEMA, why) for why in draft.dropped]
    surplus = f"{request.count} lessons were asked for"
    refused += [
        refuse_lesson(draft, RefusalReason.SURPLUS, surplus, lesson) for lesson in draft.lessons[request.count :]
    ]
    for lesson in draft.lessons[: request.count]:
        why = (
            _unwritten(lesson)
            or _false(lesson, same)
            or _unchanged(lesson, request, same)
            or _elsewhere(lesson, request, domain)
        )
        if why:
            refused.append(refuse_lesson(draft, *why, lesson))
        else:
            sound.append(lesson)
    return sound, refused


def _unwritten(lesson: Lesson) -> Objection:
    if lesson.problem.strip() and lesson.answer.strip() and any(step.strip() for step in lesson.steps):
        return None
    return RefusalReason.SCHEMA, "problem, steps or answer is empty"


def _false(lesson: Lesson, same: Same) -> Objection:
    """A step, or the verification, states what is not so; or the plain solution comes out elsewhere."""
    plain, answer = split_original(lesson)
    for what, lines in (("step", lesson.steps), ("step of the original", plain), ("check", (lesson.verification,))):
        wrong = false_step(lines)
        if wrong:
            return RefusalReason.STEPS, f"this {what} is false: {wrong}"
    if answer and not (same_answer(answer, lesson.answer) or same(lesson.problem, lesson.answer, answer)):
        return RefusalReason.STEPS, f"the original's answer is {answer!r}, the adapted lesson's is another"
    return None


def split_original(lesson: Lesson) -> tuple[tuple[str, ...], str]:
    """The lines of the plain solution, and the answer that stands in its last one; empty where none does.

    An answer of several lines, such as code, goes on to the end.
    """
    if "\n" in lesson.answer.strip():
        return _split_code(lesson)
    lines = tuple(line.strip() for line in lesson.original if line.strip())
    stated = _ANSWER.match(lines[-1]) if lines else None
    return (lines[:-1], _EMPHASIS.sub("", stated.group(1).strip()).strip()) if stated else (lines, "")


def _split_code(lesson: Lesson) -> tuple[tuple[str, ...], str]:
    lines = "\n".join(lesson.original).rstrip().split("\n")
    for place in range(len(lines) - 1, -1, -1):
        stated = _ANSWER.match(lines[place])
        if stated:
            steps = tuple(line.strip() for line in lines[:place] if line.strip())
            return steps, "\n".join((stated.group(1), *lines[place + 1 :])).strip("\n")
    return tuple(line.rstrip() for line in lines if line.strip()), ""


def _unchanged(lesson: Lesson, request: LessonRequest, same: Same) -> Objection:
    """A counterfactual names its source, and differs from it in problem and answer."""
    if request.kind is not Kind.COUNTERFACTUAL:
        return None
    source = next((source for source in request.sources if source.id == lesson.source.strip()), None)
    if source is None or not lesson.changed.strip():
        return RefusalReason.SCHEMA, "it does not say which of the sources it changes, or what it changes in it"
    if normalise(lesson.problem) in {normalise(one.problem) for one in request.sources}:
        return RefusalReason.UNCHANGED, "its problem is that of a source"
    if same(lesson.problem, source.answer, lesson.answer):
        return RefusalReason.UNCHANGED, f"its answer is {source.answer!r}, as before the change"
    return None


def _elsewhere(lesson: Lesson, request: LessonRequest, domain: Domain) -> Objection:
    """A problem or an answer that the level's generator could not have made, in whatever words."""
    generator: object = domain.module(request.module).levels[request.level]
    if not isinstance(generator, Generator):
        return None
    where = generator.where
    if where.question and asks_for_level(generator, lesson.problem) is False:
        what, pattern = "problem", where.question
    elif where.answer and not re.search(where.answer, lesson.answer.strip()):
        what, pattern = "answer", where.answer
    else:
        return None
    wanted = f"({where.words})" if where.words else f"where it has {pattern!r}"
    return RefusalReason.ALIGNMENT, f"its {what} is not of level {request.level!r} {wanted}"


def refuse_lesson(draft: Draft, reason: RefusalReason, detail: str, lesson: Lesson | None = None) -> Refusal:
    """Why a lesson of that draft, or the whole of it, may not be taught."""
    return Refusal(
        module=draft.request.module,
        stage=draft.request.stage,
        round=draft.request.round,
        batch=draft.request.batch,
        reason=reason,
        detail=detail,
        problem=lesson.problem if lesson else "",
        answer=lesson.answer if lesson else "",
        event=draft.event,
    )
