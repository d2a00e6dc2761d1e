"""Two programs for one problem: the same answer or not."""

import pytest
from tests.training.exams.sandboxes import isolated

from ioa.memory.records import Grade
from ioa.training import Scorers
from ioa.training.exams.scorers.program_equality import same_program, shown_tests

PROBLEM = 'def f(n):\n    """Return n squared.\n\n    >>> f(3)\n    9\n    >>> f(-2)\n    4\n    """\n'
POWER = "def f(n):\n    return n ** 2"
PRODUCT = "def f(n):\n    return n * n"
DOUBLE = "def f(n):\n    return n * 2"


class Running:
    """Stands for the sandbox: runs the programs of this file here."""

    def __init__(self):
        self.graded = []

    def grade(self, attempts):
        self.graded += attempts
        return [Grade(score=float(ok), correct=ok) for ok in map(self._passes, attempts)]

    def _passes(self, attempt):
        defined = {}
        exec(attempt.reply.removeprefix("Answer: "), defined)
        try:
            exec("\n".join(attempt.metadata["tests"]), defined)
        except AssertionError:
            return False
        return True


@pytest.mark.parametrize(
    ("one", "other", "same", "runs"),
    [
        (POWER, POWER, True, 0),
        (POWER, "```python\n" + POWER + "  # squared\n```", True, 0),
        (POWER, PRODUCT, True, 2),
        (POWER, DOUBLE, False, 2),
        (DOUBLE, "def f(n):\n    return n + n", False, 2),  # alike, and both wrong
        (POWER, "def f(n):\n    return", False, 2),
        (POWER, "n squared", False, 0),
        (POWER, "", False, 0),
        ("def f(n):\n    return 'A'", "def f(n):\n    return 'a'", False, 2),  # case counts in a program
    ],
)
def test_programs_are_the_same_when_they_are_written_alike_or_both_do_what_is_shown(one, other, same, runs):
    running = Running()
    assert same_program(running.grade, PROBLEM, one, other) is same
    assert len(running.graded) == runs


def test_without_examples_only_the_same_program_is_the_same():
    silent = 'def f(n):\n    """Return n squared."""\n'
    assert not same_program(Running().grade, silent, POWER, PRODUCT)
    assert same_program(Running().grade, silent, POWER, POWER.replace("    return", "    # why\n    return"))


@pytest.mark.parametrize(
    ("problem", "tests"),
    [
        (PROBLEM, ["assert (f(3)) == (9)", "assert (f(-2)) == (4)"]),
        ("Say >>> f(3)", []),
        (">>> f(0)\nTraceback (most recent call last):\n    ...\nValueError: no\n>>> f(1)\n[1, 'a']", [
            "assert (f(1)) == ([1, 'a'])"
        ]),
        (">>> x = 3\n>>> f(x)\n", []),
        ("    >>> f(1)\n  2", []),
    ],
)  # fmt: skip
def test_the_examples_of_a_problem_become_assertions(problem, tests):
    assert shown_tests(problem) == tests


@isolated
def test_programs_really_run_in_the_sandbox():
    scorers = Scorers()
    assert scorers.same_answer("unit-tests", PROBLEM, POWER, PRODUCT)
    assert not scorers.same_answer("unit-tests", PROBLEM, POWER, DOUBLE)
