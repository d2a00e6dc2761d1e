"""Whether two programs that were written for the same problem are the same answer."""

import ast
import doctest
import re
from collections.abc import Callable, Sequence

from ioa.memory.records import Attempt, Grade
from ioa.training.exams.scorers.code import code_blocks

_DEFINED = re.compile(r"^\s*def\s+(\w+)", re.MULTILINE)


def same_program(grade: Callable[[Sequence[Attempt]], list[Grade]], problem: str, one: str, other: str) -> bool:
    """Whether two programs are the same, or both do what the problem shows.

    They are the same when they differ in nothing but spacing, comments and quotes. Else both are run, as in an
    examination, on the examples (`>>> f(2)` and its result) that the problem holds; without any they count as
    different, since nothing tells that they are not.

    Args:
        grade: Runs programs and says which of them pass their tests.
        problem: Its text.
        one: A program.
        other: Another one.

    Raises:
        UserError: there is no sandbox to run them in.
    """
    one, other = _bare(one), _bare(other)
    trees = [_tree(code) for code in (one, other)]
    if "" in trees or trees[0] == trees[1]:
        return "" not in trees
    tests = shown_tests(problem)
    if not tests:
        return False
    names = _DEFINED.findall(problem)
    metadata = {"prompt": "", "entry_point": names[-1] if names else "", "tests": tests, "setup": ""}
    attempts = [
        Attempt(question=problem, answer=one, reply=f"Answer: {code}", family="", metadata=metadata)
        for code in (one, other)
    ]
    return all(grade.correct for grade in grade(attempts))


def shown_tests(problem: str) -> Sequence[str]:
    """The examples of a problem as assertions; those that show no value are left out."""
    try:
        examples = doctest.DocTestParser().get_examples(problem.replace('"""', "").replace("'''", ""))
    except ValueError:  # examples whose lines are not indented alike
        return []
    pairs = [(example.source.strip(), example.want.strip()) for example in examples]
    return [f"assert ({source}) == ({want})" for source, want in pairs if _is_value(source) and _is_value(want)]


def _is_value(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


def _tree(code: str) -> str:
    """The program's structure as text; empty where it is none."""
    try:
        return ast.dump(ast.parse(code)) if code else ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""


def _bare(code: str) -> str:
    blocks = code_blocks(code.strip()) if code.strip().startswith(("```", "~~~")) else []
    return (blocks[0].text if len(blocks) == 1 else code).strip("\n").rstrip()
