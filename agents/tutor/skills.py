"""Recognising a problem by its text and handing it to the skill that can work it."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from ioa.agents.exchange import Candidate
from ioa.agents.tutor.columns import add, chain, decimal_columns, subtract
from ioa.agents.tutor.complex_numbers import solve_complex
from ioa.agents.tutor.equations import solve_equation
from ioa.agents.tutor.number_theory import common_divisor, common_multiple, lowest_terms
from ioa.agents.tutor.products import divide, multiply
from ioa.agents.tutor.python_solutions import read_function
from ioa.agents.tutor.signed import solve_signed
from ioa.agents.tutor.story_solutions import tell_story
from ioa.agents.tutor.word_problems import count_legs, read_story
from ioa.agents.tutor.working import Operation, Worked, broader

_NUMBER = r"\d+(?:\.\d+)?"
_CALCULATION = re.compile(
    rf"^(?:[A-Za-z' ]+:?\s+)?({_NUMBER}(?:\s*[-+*/]\s*{_NUMBER})+)\s*[=.?]*(?:\s+Give only [a-z ]+\.)?\s*$"
)
_OF_NUMBERS = r".*?:\s*(\d+(?:,\s*\d+)+)(?:\.|\s|$)"
_DIVISOR = re.compile(r"greatest common divisor" + _OF_NUMBERS, re.IGNORECASE)
_MULTIPLE = re.compile(r"least common multiple" + _OF_NUMBERS, re.IGNORECASE)
_FRACTION = re.compile(r"simplify the fraction (\d+)/(\d+) to its lowest terms", re.IGNORECASE)


def solve_problem(problem: str) -> Worked | None:
    """Solve a problem from its text alone; none where no skill can read it."""
    for skill in _SKILLS:
        worked = skill(problem.strip())
        if worked is not None:
            return worked
    return None


def place_problem(worked: Worked, candidates: Sequence[Candidate]) -> str:
    """Id of the one candidate whose sample is about the same as a problem; empty where none or several are.

    Where none is, a sample of another kind of the same will do: one module may be about all kinds of equations.
    """
    about = {candidate.id: _about(candidate.sample) for candidate in candidates}
    alike = [name for name, head in about.items() if head is worked.head]
    if not alike:
        kind = broader(worked.head)
        alike = [name for name, head in about.items() if head is not None and broader(head) is kind]
    return alike[0] if len(alike) == 1 else ""


@lru_cache(maxsize=256)
def _about(sample: str) -> Operation | None:
    worked = solve_problem(sample)
    return worked.head if worked is not None else None


def _calculation(problem: str) -> Worked | None:
    found = _CALCULATION.match(problem)
    if not found:
        return None
    numbers = re.findall(_NUMBER, found.group(1))
    operators = re.findall(r"[-+*/]", found.group(1))
    if any("." in number for number in numbers):
        if len(numbers) != 2 or operators[0] not in "+-":
            return None
        return decimal_columns(numbers[0], numbers[1], minus=operators[0] == "-")
    return _whole([int(number) for number in numbers], operators)


def _whole(values: list[int], operators: list[str]) -> Worked | None:
    kinds = set(operators)
    if kinds == {"+"}:
        return add(values)
    if kinds == {"*"}:
        return multiply(values)
    if operators == ["-"]:
        return subtract(*values)
    if operators == ["/"]:
        return divide(*values)
    if kinds <= {"+", "-"}:
        return chain([values[0], *(v if o == "+" else -v for o, v in zip(operators, values[1:], strict=True))])
    return None


def _divisor(problem: str) -> Worked | None:
    return _of_numbers(_DIVISOR, problem, common_divisor)


def _multiple(problem: str) -> Worked | None:
    return _of_numbers(_MULTIPLE, problem, common_multiple)


def _of_numbers(pattern: re.Pattern[str], problem: str, skill: Callable[[list[int]], Worked]) -> Worked | None:
    found = pattern.search(problem)
    numbers = [int(number) for number in re.findall(r"\d+", found.group(1))] if found else []
    return skill(numbers) if numbers and min(numbers) > 0 else None


def _fraction(problem: str) -> Worked | None:
    found = _FRACTION.search(problem)
    if not found or int(found.group(1)) == 0 or int(found.group(2)) == 0:
        return None
    return lowest_terms(int(found.group(1)), int(found.group(2)))


_SKILLS: tuple[Callable[[str], Worked | None], ...] = (
    _calculation,
    _divisor,
    _multiple,
    _fraction,
    solve_signed,
    solve_complex,
    solve_equation,
    count_legs,
    read_story,
    tell_story,
    read_function,
)
