"""Writing lessons: problems drawn for the purpose, with worked solutions in the manner asked for."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ioa.agents.exchange import Lesson, LessonsBrief, LessonsReply, TemplateBrief, TemplateReply
from ioa.agents.tutor.analysis import Slip, slips_meant
from ioa.agents.tutor.contrasts import contrast_slip
from ioa.agents.tutor.skills import solve_problem
from ioa.agents.tutor.solution_wording import Manner, terse_steps, write_steps, write_within
from ioa.agents.tutor.subject import Subject
from ioa.agents.tutor.working import Worked
from ioa.memory.domains.procedural import supply
from ioa.memory.records import Filter, Generator, Kind, Strategy
from ioa.memory.similarity import normalise

_ANY_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_DRAWN_FOR_A_SLIP = 3
"""Problems that are looked through for each lesson against a slip, since it cannot happen in all of them."""


def write_lessons(brief: LessonsBrief, subject: Subject) -> LessonsReply:
    """The lessons that a brief asks for; fewer where their problems run out, none for what it cannot do.

    Raises:
        UserError: the module's generator cannot be drawn from.
    """
    generator = subject.generator_of(brief.module)
    if generator is None:
        return LessonsReply(lessons=())
    if brief.kind is Kind.COUNTERFACTUAL and brief.module.generator is None:
        generator = generator.model_copy(update={"where": Filter()})  # its problems are worded by somebody else
    slips = slips_meant(brief.misconception) if brief.kind is Kind.REMEDIAL else []
    solved: dict[str, _Written] = {}
    for written in (
        _changed_ones(brief, generator) if brief.kind is Kind.COUNTERFACTUAL else _new_ones(brief, generator, slips)
    ):
        solved.setdefault(normalise(written.problem), written)
    ordered = list(solved.values())
    if Strategy.COGNITIVE_LOAD in brief.strategies:  # for who reads them; training shuffles
        ordered.sort(key=lambda written: written.worked.size)
    lessons = (_lesson(written, brief) for written in ordered)
    return LessonsReply(lessons=tuple(lesson for lesson in lessons if lesson is not None))


def write_template(brief: TemplateBrief) -> TemplateReply:
    """The form of the tutor's solutions, shown by the first sample; it always writes in it. None for what it cannot do.

    Of all lines only the numbers change, so they stand as they are.
    """
    for worked in map(solve_problem, brief.module.samples):
        if worked is not None:
            return TemplateReply(lines=write_steps(worked, Manner(brief.strategies)))
    return TemplateReply(lines=())


class _Written(NamedTuple):
    """A problem on its way to a lesson."""

    problem: str
    worked: Worked
    source: str = ""
    changed: str = ""
    slip: Slip | None = None


def _lesson(written: _Written, brief: LessonsBrief) -> Lesson | None:
    """The lesson; none where the student is not allowed to write as much as its shortest solution takes."""
    worked = written.worked
    manner = Manner(brief.strategies, brief.kind, written.slip)
    steps = write_within(worked, manner, brief.max_words)
    if steps is None:
        return None
    plain = (*write_steps(worked, Manner()), f"Answer: {worked.answer}") if brief.strategies else ()
    return Lesson(
        source=written.source,
        changed=written.changed,
        problem=written.problem,
        original=plain,
        steps=steps,
        answer=worked.answer,
        verification=worked.check,
    )


def _new_ones(brief: LessonsBrief, generator: Generator, slips: Sequence[Slip]) -> Iterator[_Written]:
    """New problems; of a remedy those in which its slips can happen, in turns, and others where these are few."""
    drawn = islice(supply(generator, seed=brief.seed), brief.count * (_DRAWN_FOR_A_SLIP if slips else 1))
    others, found = list[_Written](), 0
    for item in drawn:
        worked = solve_problem(item.question)
        if worked is None:
            continue
        plain = brief.module.generator is None  # then the samples say how its problems are worded
        problem = _reworded(item.question, worked, brief.module.samples) if plain else item.question
        slip = _slip_shown(worked, brief.strategies, slips, found)
        if slips and slip is None:
            others.append(_Written(problem, worked))
            continue
        found += 1
        yield _Written(problem, worked, slip=slip)
        if found == brief.count:
            return
    yield from others[: brief.count - found]


def _slip_shown(worked: Worked, strategies: Sequence[Strategy], slips: Sequence[Slip], turn: int) -> Slip | None:
    """The first slip, from the one whose turn it is, that can happen in a solution."""
    turns = (slips[(turn + place) % len(slips)] for place in range(len(slips)))
    steps = terse_steps(worked, strategies) if slips else ()
    return next((slip for slip in turns if contrast_slip(slip, worked, steps) is not None), None)


def _changed_ones(brief: LessonsBrief, generator: Generator) -> Iterator[_Written]:
    """Each source with one number changed; where none are given, problems of its own."""
    sources = [(source.id, source.problem) for source in brief.sources]
    if not sources:
        sources = [("", item.question) for item in islice(supply(generator, seed=brief.seed), brief.count)]
    for name, problem in sources:
        worked = solve_problem(problem)
        if worked is not None and (other := _changed(problem, worked, generator)) is not None:
            yield _Written(other[0], other[1], name, other[2])


def _reworded(problem: str, worked: Worked, samples: Sequence[str]) -> str:
    """The problem in the words of a sample that is the same but for its numbers; as it was where there is none."""
    for sample in samples:
        words = _ANY_NUMBER.split(sample)
        if len(words) != len(worked.numbers) + 1:
            continue
        other = words[0] + "".join(map("".join, zip(worked.numbers, words[1:], strict=True)))
        solved = solve_problem(other)
        if solved and (solved.head, solved.numbers, solved.answer) == (worked.head, worked.numbers, worked.answer):
            return other
    return problem


def _changed(problem: str, worked: Worked, generator: Generator) -> tuple[str, Worked, str] | None:
    """The problem with one number changed so that it is still of its kind and the answer is another.

    Returns:
        The problem, its solution and the change in words; none where no number can be changed so, or the answer is a
        program: what the problem shows of it would be false.
    """
    if "\n" in worked.answer:
        return None
    for found in reversed(list(re.finditer(r"(?<![\d.])\d+(?![\d.]*\d)", problem))):
        for shift in (1, -1, 2, -2, 3, -3, 10, -10):
            value = int(found.group()) + shift
            if value < 0:
                continue
            other = f"{problem[: found.start()]}{value}{problem[found.end() :]}"
            solved = solve_problem(other)
            if solved is None or solved.head is not worked.head or solved.answer == worked.answer:
                continue
            fits = re.search(generator.where.question or "", other)
            if fits and re.search(generator.where.answer or "", solved.answer):
                return other, solved, f"{found.group()} becomes {value}"
    return None
