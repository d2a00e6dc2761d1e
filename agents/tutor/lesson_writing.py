"""Writing lessons: problems drawn for the purpose, with worked solutions in the strategies asked for."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from ioa.agents.exchange import Lesson, LessonsBrief, LessonsReply
from ioa.agents.tutor.products import split_fact
from ioa.agents.tutor.skills import solve_problem
from ioa.agents.tutor.subject import Subject
from ioa.agents.tutor.vocabulary import METHODS
from ioa.agents.tutor.working import Operation, Worked
from ioa.memory.domains.procedural import supply
from ioa.memory.records import Filter, Generator, Kind, Strategy
from ioa.memory.similarity import normalise

_ANY_NUMBER = re.compile(r"\d+(?:\.\d+)?")


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
    solved: dict[str, _Written] = {}
    for written in (
        _changed_ones(brief, generator) if brief.kind is Kind.COUNTERFACTUAL else _new_ones(brief, generator)
    ):
        solved.setdefault(normalise(written.problem), written)
    ordered = list(solved.values())
    if Strategy.COGNITIVE_LOAD in brief.strategies:
        ordered.sort(key=lambda written: written.worked.size)
    return LessonsReply(lessons=tuple(_lesson(written, brief, number) for number, written in enumerate(ordered)))


class _Written(NamedTuple):
    """A problem on its way to a lesson."""

    problem: str
    worked: Worked
    source: str = ""
    changed: str = ""


def _lesson(written: _Written, brief: LessonsBrief, number: int) -> Lesson:
    worked = written.worked
    plain = (*write_steps(worked, (), number), f"Answer: {worked.answer}") if brief.strategies else ()
    return Lesson(
        source=written.source,
        changed=written.changed,
        problem=written.problem,
        original=plain,
        steps=write_steps(worked, brief.strategies, number),
        answer=worked.answer,
        verification=worked.check,
    )


def _new_ones(brief: LessonsBrief, generator: Generator) -> Iterator[_Written]:
    for item in islice(supply(generator, seed=brief.seed), brief.count):
        worked = solve_problem(item.question)
        if worked is not None:
            plain = brief.module.generator is None  # then the samples say how its problems are worded
            yield _Written(_reworded(item.question, worked, brief.module.samples) if plain else item.question, worked)


def _changed_ones(brief: LessonsBrief, generator: Generator) -> Iterator[_Written]:
    """Each source with one number changed; where none are given, problems of its own."""
    sources = [(source.id, source.problem) for source in brief.sources]
    if not sources:
        sources = [("", item.question) for item in islice(supply(generator, seed=brief.seed), brief.count)]
    for name, problem in sources:
        worked = solve_problem(problem)
        if worked is not None and (other := _changed(problem, worked, generator)) is not None:
            yield _Written(other[0], other[1], name, other[2])


def write_steps(worked: Worked, strategies: tuple[Strategy, ...], number: int = 0) -> tuple[str, ...]:
    """The steps of a solution in the strategies' manner.

    - format: one line a step, the same labels always. Without it every other lesson runs its steps together.
    - decompose: what is given and sought first, facts split into easier ones, the check last.
    - concretize: a familiar picture first.
    - language: first, then, so.
    Cognitive load is a matter of the order of lessons, not of one.

    Args:
        worked: The solution.
        strategies: Those to follow.
        number: Which lesson of the request it is.
    """
    steps = list(worked.steps)
    if Strategy.DECOMPOSE in strategies:
        if worked.head is Operation.TABLE and len(worked.numbers) == 2:
            steps = split_fact(*map(int, worked.numbers))
        given = f"given:{' and '.join(worked.numbers)};" if worked.numbers else ""
        given += f"find:{METHODS[worked.head].goal}"
        steps = [given, *steps, f"check:{worked.check}"]
    if Strategy.LANGUAGE in strategies:
        steps = [f"{'First' if place == 0 else 'Then'}, {step}" for place, step in enumerate(steps)]
        if "\n" not in worked.answer:
            steps.append(f"So the answer is {worked.answer}.")
    if Strategy.FORMAT not in strategies and number % 2:
        steps = ["; ".join(steps)]
    if Strategy.CONCRETIZE in strategies:
        steps.insert(0, METHODS[worked.head].analogy)
    return tuple(steps)


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
