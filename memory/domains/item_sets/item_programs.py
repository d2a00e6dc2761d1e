"""How the items of programming benchmarks become items with unit tests."""

import json
import re
from typing import Any

from ioa.memory.domains.item_sets.fields import NO_ANSWER, Fields

_DEFINED = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)", re.MULTILINE)
TYPES = "from typing import *\n"
"""What the methods of LiveCodeBench are written in."""


def mbpp_question(fields: Fields) -> str:
    """The task, and the tests that say what the function is called, as the authors ask it."""
    return "\n".join(
        [fields.text("text|prompt").strip(), "", "Your code should pass these tests:", "", *fields.texts("test_list")]
    )


def mbpp_metadata(fields: Fields) -> dict[str, Any]:
    """See the scorer `unit-tests`."""
    tests = fields.texts("test_list")
    imports = fields.texts("test_imports") if fields.get("test_imports") is not None else []
    defined = _DEFINED.findall(fields.text("code"))
    called = [name for name in defined if re.search(rf"\b{name}\b", tests[0])]
    setup = "\n".join([*imports, *filter(None, [fields.maybe("test_setup_code")])])
    return {"prompt": "", "entry_point": called[0] if called else "", "tests": tests, "setup": setup}


def mbpp_answer(fields: Fields) -> str:
    """The reference solution, with the line ends of this program."""
    return fields.text("code").replace("\r\n", "\n")


def human_eval_answer(fields: Fields) -> str:
    """The whole function: the prompt and the body that completes it."""
    return fields.text("prompt") + fields.text("canonical_solution")


def human_eval_metadata(fields: Fields) -> dict[str, Any]:
    """See the scorer `unit-tests`."""
    named = {name: fields.text(name) for name in ("prompt", "entry_point", "test")}
    return {**named, "setup": ""}


def live_code_question(fields: Fields) -> str:
    """The problem with the class that has to be completed."""
    starter = fields.text("starter_code").rstrip() if fields.get("starter_code") is not None else ""
    return "\n\n".join(filter(None, [fields.text("question_content").strip(), starter]))


def live_code_answer(fields: Fields) -> str:
    """The authors publish no solutions."""
    return fields.maybe("solution|code") or NO_ANSWER


def live_code_metadata(fields: Fields) -> dict[str, Any]:
    """See the scorer `unit-tests`: one assertion a test case.

    Raises:
        FieldFault: the test cases are not calls of a method; what reads its input from a stream is not supported.
    """
    cases = _cases(fields, "public_test_cases")
    if isinstance(fields.get("private_test_cases"), list) or fields.maybe("private_test_cases").startswith("["):
        cases += _cases(fields, "private_test_cases")  # else they are pickled, and unpickling runs what it reads
    kinds = sorted({str(case.get("testtype")) for case in cases} - {"functional"})
    if kinds:
        raise fields.fault(
            "public_test_cases", f"tests of the kind {', '.join(kinds)} are not supported. Expected functional ones."
        )
    name = _method(fields)
    return {
        "prompt": TYPES,
        "entry_point": "Solution",
        "tests": [_assertion(fields, name, case) for case in cases],
        "setup": TYPES,
    }


def _cases(fields: Fields, name: str) -> list[dict[str, Any]]:
    value = fields.get(name)
    try:
        cases = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise fields.fault(name, f"not JSON: {error}. Expected a list of test cases.") from error
    if not isinstance(cases, list) or not cases or not all(isinstance(case, dict) for case in cases):
        raise fields.fault(name, "expected a list of test cases, each with `input`, `output` and `testtype`.")
    return cases


def _method(fields: Fields) -> str:
    value = fields.get("metadata")
    try:
        about = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        about = None
    name = about.get("func_name") if isinstance(about, dict) else None
    if not isinstance(name, str) or not name.isidentifier():
        raise fields.fault("metadata", "expected `func_name`, the name of the method that is tested.")
    return name


def _assertion(fields: Fields, name: str, case: dict[str, Any]) -> str:
    try:
        given = [repr(json.loads(line)) for line in str(case["input"]).split("\n") if line.strip()]
        wanted = repr(json.loads(str(case["output"])))
    except (KeyError, ValueError) as error:
        raise fields.fault(
            "public_test_cases", f"a test case is wrong ({error}). Expected JSON values, one argument a line."
        ) from error
    return f"assert Solution().{name}({', '.join(given)}) == {wanted}"
