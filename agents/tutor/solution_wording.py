"""How a solution is worded: its steps by the strategies, the kind of lesson and the slip that it is to put right."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from ioa.agents.tutor.analysis import Slip
from ioa.agents.tutor.contrasts import contrast_slip, hardest_line
from ioa.agents.tutor.products import split_fact
from ioa.agents.tutor.vocabulary import METHODS
from ioa.agents.tutor.working import Operation, Worked
from ioa.memory.records import Kind, Strategy


@dataclass(frozen=True)
class Manner:
    """What the lessons of a request have in common."""

    strategies: tuple[Strategy, ...] = ()
    kind: Kind = Kind.CHAIN_OF_THOUGHT
    slip: Slip | None = None
    """What a remedial lesson is to put right."""


def write_steps(worked: Worked, manner: Manner) -> tuple[str, ...]:
    """The steps of a solution.

    Without any strategy they are what a competent teacher writes unasked: complete, in short sentences, a step a line,
    sums and differences in one go where that is usual. The strategies change this:

    - format: one terse template, `label:fact`, with the same labels in every lesson, instead of sentences.
    - cognitive-load: the smallest steps, one small fact at a time, each result written down where it arises.
    - decompose: what is given and sought first, facts split into easier ones, one operation a line, the check last.
    - concretize: a familiar picture first.
    - language: first, then, so.

    And so do the kinds: a remedial lesson says beside the step at which its slip happens what is wrong (without a slip
    that can happen it marks the line that takes care), a bridging one marks the line that is new.
    """
    strategies = manner.strategies
    steps = _by_kind(worked, terse_steps(worked, strategies), manner)
    if Strategy.FORMAT not in strategies:
        steps = [in_a_sentence(step, worked) for step in steps]
    if Strategy.LANGUAGE in strategies:
        steps = [f"{'First' if place == 0 else 'Then'}, {_after_comma(step)}" for place, step in enumerate(steps)]
        if "\n" not in worked.answer:
            steps.append(f"So the answer is {worked.answer}.")
    if Strategy.CONCRETIZE in strategies:
        steps.insert(0, METHODS[worked.head].analogy)
    return tuple(steps)


def terse_steps(worked: Worked, strategies: Collection[Strategy]) -> list[str]:
    """The steps as large as the strategies want them, before they are worded."""
    steps = list(worked.steps if Strategy.COGNITIVE_LOAD in strategies else larger_steps(worked.steps))
    return _decomposed(worked, steps) if Strategy.DECOMPOSE in strategies else steps


def write_within(worked: Worked, manner: Manner, most: int) -> tuple[str, ...] | None:
    """The steps, shortened as far as steps and answer need it to have no more than so many words.

    Pictures go first, then connecting words, the breaking down, what the kind adds and at last the sentences; each
    goes only where what is left is still too long. None where no wording is short enough.
    """
    for shorter in _shortened(manner):
        steps = write_steps(worked, shorter)
        if _count_words(steps) + len(worked.answer.split()) <= most:
            return steps
    return None


def _shortened(manner: Manner) -> Iterator[Manner]:
    yield manner
    for strategy in (Strategy.CONCRETIZE, Strategy.LANGUAGE, Strategy.DECOMPOSE):
        if strategy in manner.strategies:
            manner = replace(manner, strategies=tuple(one for one in manner.strategies if one is not strategy))
            yield manner
    manner = replace(manner, kind=Kind.CHAIN_OF_THOUGHT, slip=None)
    yield manner
    if Strategy.FORMAT not in manner.strategies:
        yield replace(manner, strategies=(*manner.strategies, Strategy.FORMAT))
    yield replace(manner, strategies=(Strategy.FORMAT,))


def _count_words(steps: Sequence[str]) -> int:
    return sum(len(step.split()) for step in steps)


def _decomposed(worked: Worked, steps: Sequence[str]) -> list[str]:
    if worked.head is Operation.TABLE and len(worked.numbers) == 2:
        steps = split_fact(*map(int, worked.numbers))
    given = f"given:{' and '.join(worked.numbers)};" if worked.numbers else ""
    single = [line for step in steps for line in _single_operations(step)]
    return [f"{given}find:{METHODS[worked.head].goal}", *single, f"check:{worked.check}"]


def _single_operations(step: str) -> list[str]:
    """A line's facts one by one, each with the line's label: `24/3=8;30/3=10` are two."""
    label, _, facts = step.rpartition(":") if re.match(r"[^:;]+:[^:]*$", step) else ("", "", step)
    parts = facts.split(";")
    lines: list[str] = []
    for part in parts:
        if "=" in part or not lines:
            lines.append(part)
        else:
            lines[-1] += f";{part}"
    return [f"{label}:{line}" if label else line for line in lines]


_MARKS = {Kind.BRIDGING: "new", Kind.REMEDIAL: "care"}
"""How the line is marked on which a lesson of that kind turns."""


def _by_kind(worked: Worked, steps: list[str], manner: Manner) -> list[str]:
    contrast = contrast_slip(manner.slip, worked, steps) if manner.slip else None
    if contrast is not None:
        return [*steps[: contrast.place], contrast.line, *steps[contrast.place :]]
    if manner.kind not in _MARKS:
        return steps
    first = 1 if Strategy.DECOMPOSE in manner.strategies else 0
    marked = first + hardest_line(steps[first : len(steps) - first])
    sign = f"{_MARKS[manner.kind]}:{' ' if chr(10) in worked.answer else ''}"
    return [sign + step if place == marked else step for place, step in enumerate(steps)]


_COUNTED = re.compile(
    r"(?P<asked>(?P<first>[\d.]+)(?P<sign>[-/])(?P<second>[\d.]+));(?P<pairs>1:[\d.]+(?: \d+:[\d.]+)*)"
)
_RUNNING = re.compile(r"([\d+]+)=(\d+);\2\+(\d+)=(\d+)")
_LINE_OF_SUM = re.compile(r"(\w+:)?(\d[\d+]*)=(\d+)")


def larger_steps(steps: Sequence[str]) -> list[str]:
    """The steps as they are usual: what is counted or added up number by number is one step."""
    larger: list[str] = []
    for step in steps:
        counted = _COUNTED.fullmatch(step)
        if counted:
            last = counted["pairs"].split(" ")[-1].split(":")
            larger.append(f"{counted['asked']}={last[1] if counted['sign'] == '-' else last[0]}")
            continue
        line = _joined_sums(step)
        before, sums = _LINE_OF_SUM.fullmatch(larger[-1]) if larger else None, _LINE_OF_SUM.fullmatch(line)
        if before and sums and not sums[1] and "+" in before[2] and sums[2].startswith(f"{before[3]}+"):
            larger[-1] = f"{before[1] or ''}{before[2]}{sums[2].removeprefix(before[3])}={sums[3]}"
        else:
            larger.append(line)
    return larger


def _joined_sums(step: str) -> str:
    """A line in which `7+8=15;15+9=24` is `7+8+9=24`."""
    joined = _RUNNING.sub(r"\1+\3=\4", step, count=1)
    return step if joined == step else _joined_sums(joined)


_OPERATOR = re.compile(r"(?<=[\w)%])\s*([-+*/=])\s*(?=[-\w(.])")
_COLUMN = re.compile(r"([a-z ]+):(.*=\d+);([\d.]+)")
_DIGIT_OF_QUOTIENT = re.compile(r"(\d+):(\d+)\*(\d+)=(\d+);(\d+-\d+=\d+)")
_DIVISORS = re.compile(r"(\d+): (\d+(?: \d+)*)")
_TRIED = re.compile(r"(\d+): (\d+ (?:yes|no)(?:, \d+ (?:yes|no))*)")


def in_a_sentence(step: str, worked: Worked) -> str:
    """A terse line as a short sentence; code stays as it is."""
    mark, step = _parted(step)
    if "\n" in worked.answer:
        return mark + _told_of_code(step)
    told = _told(step)
    return f"{mark}{told[:1].upper() + told[1:] if re.match('[a-z]{2}', told) and not mark else told}."


def _told_of_code(step: str) -> str:
    label, found, code = step.partition(": ")
    if found and label in {"then", "else"}:
        return f"{label} return {code}"
    if found and not label.startswith("not "):
        return f'"{label}" is {code}'
    return step


def _parted(step: str) -> tuple[str, str]:
    """The mark of a line in words, and the line; a check's label is such a mark where code follows."""
    found = re.match(r"(new|care|check): ?", step)
    return (f"{found.group(1).capitalize()}: ", step[found.end() :]) if found else ("", step)


def _told(step: str) -> str:
    for pattern, tell in _FORMS:
        found = pattern.fullmatch(step)
        if found:
            return tell(found)
    label, found_label, facts = step.partition(":") if re.match(r"[^:;]+:", step) else ("", "", step)
    said = " and ".join(_spaced(fact).replace("find:", "find the ") for fact in facts.split(";"))
    return f"{label}: {said}" if found_label else said


def _told_count(found: re.Match[str]) -> str:
    values = [pair.split(":")[1] for pair in found["pairs"].split(" ")]
    way = "count back" if found["sign"] == "-" else f"count by {found['second']}"
    return f"{_spaced(found['asked'])}: {way} {', '.join(values)}, {len(values)} in all"


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_COUNTED, _told_count),
    (_DIGIT_OF_QUOTIENT, lambda found: f"{found[1]}: {found[2]} * {found[3]} = {found[4]} and {_spaced(found[5])}"),
    (_DIVISORS, lambda found: f"divisors of {found[1]}: {found[2].replace(' ', ', ')}"),
    (_TRIED, lambda found: f"now those of {found[1]}: {found[2]}"),
    (_COLUMN, lambda found: f"{found[1]}: {_spaced(found[2].replace(';', ', '))}, so far {found[3]}"),
    (re.compile("no common factor"), lambda _: "there is no common factor"),
)
"""Lines of a form of their own, and how they are told."""


def _spaced(fact: str) -> str:
    return _OPERATOR.sub(r" \1 ", fact)


def _after_comma(step: str) -> str:
    return step[:1].lower() + step[1:] if re.match("[A-Z][a-z]", step) else step
