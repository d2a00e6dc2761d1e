"""How models write down a function, and which of it is judged: read as the sandbox reads it, and executed here."""

import textwrap

import pytest

from ioa.memory.fenced_blocks import fenced_blocks
from ioa.training.exams.scorers.code import extract_code, readings

PROMPT = 'from typing import List\n\n\ndef f(n: int) -> int:\n    """Twice n.\n    >>> f(2)\n    4\n    """\n'
F = "def f(n):\n    return 2 * n\n"
BAD = "def f(n):\n    return n\n"
DOC = 'def f(n):\n    """Twice.\n\nExample:\n```python\nf(2)\n```\n    """\n    return 2 * n\n'
"""With a fence at the margin."""
INDENTED_DOC = 'def f(n):\n    """Twice.\n\n    ```\n    f(2)\n    ```\n    """\n    return 2 * n\n'


def block(code, fence="```", info="python"):
    return f"{fence}{info}\n{code}{fence}\n"


def indented(code, by="    "):
    return textwrap.indent(code, by)


FENCED = {
    "as asked": (block(F), True),
    "a wrong one": (block(BAD), False),
    "a fence at the margin of a docstring": (block(DOC), True),
    "the same, wrong": (block(DOC.replace("2 * n", "3 * n")), False),
    "the same, and a use of it behind": (f"{block(DOC)}\nUse:\n\n{block('print(f(2))' + chr(10))}", True),
    "the same, cut off before the last fence": (f"```python\n{DOC}", True),
    "two fences at the margin of two docstrings": (block(DOC + "\n\n" + DOC.replace("def f", "def g")), True),
    "an indented fence in a docstring": (block(INDENTED_DOC), True),
    "a fence of four": (block(DOC, "````"), True),
    "a fence of five tildes": (block(DOC, "~~~~~"), True),
    "tildes": (block(INDENTED_DOC, "~~~"), True),
    "a longer closing fence": (f"```python\n{F}`````\nDone.", True),
    "tildes inside backticks": (block(DOC.replace("```", "~~~")), True),
    "a closing fence with blanks": (f"```python\n{F}```   \nDone.", True),
    "a closing fence indented by three": (f"```python\n{F}   ```\nDone.", True),
    "an info string with a title": (block(F, info='python title="f.py"'), True),
    "an info string in braces": (block(F, info="{.python .numberLines}"), True),
    "an info string behind a blank": (block(F, info=" Python3"), True),
    "no info string": (block(F, info=""), True),
    "another language's name": (block(F, info="text"), True),
    "line ends of Windows": (block(F).replace("\n", "\r\n"), True),
    "line ends of old Macs": (block(F).replace("\n", "\r"), True),
    "in a list": (f"1. The code:\n\n   {indented(block(F), '   ').lstrip()}\n2. It doubles.", True),
    "behind a list's mark": (f"- {indented(block(F), '  ').lstrip()}", True),
    "in a list, not indented": (f"1. The code:\n   ```python\n{F}   ```\n2. It doubles.", True),
    "in a quotation": (indented(block(F), "> "), True),
    "indented by four": (f"Here:\n{indented(block(F))}It doubles.", True),
    "behind a text in the same line": (f"Here it is: ```python\n{F}```\nIt doubles.", True),
    "closed behind the last line": (f"```python\n{F.rstrip()}```\nIt doubles.", True),
    "in one line": ("```python def f(n): return 2 * n```", True),
    "in a line of prose": ("You want `f = lambda n: 2 * n`, I think.", True),
    "beginning behind the fence": (f"```{F}```", True),
    "never closed": (f"```python\n{F}", True),
    "a session with the interpreter": (block(">>> def f(n):\n...     return 2 * n\n"), True),
    "a session that is wrong": (block(">>> def f(n):\n...     return n\n"), False),
    "a session without a fence": (">>> def f(n):\n...     return 2 * n\n", True),
    "a body, and a last fence alone": ("    n = 2 * n\n    return n\n```", True),
    "a body, a fence alone and prose": ("    n = 2 * n\n    return n\n```\n\nIt doubles.", True),
    "a body that is wrong, a fence alone and prose": ("    return n\n```\n\nIt doubles.", False),
    "a body indented by tabs": ("\tif n:\n\t\treturn 2 * n\n\treturn 0\n", True),
    "a helper in a block behind it": (
        f"{block('def f(n): return two() * n' + chr(10))}With:\n{block('def two(): return 2' + chr(10))}", True,
    ),
    "a value in a use behind it": (
        f"{block('def f(n): return k * n' + chr(10))}Use:\n{block('k = 2' + chr(10) + 'f(k)' + chr(10))}", False,
    ),
    "never opened": (f"{F}```\nIt doubles.", True),
    "below a mark of HTML": (f"<answer>\n{block(F)}</answer>", True),
    "in a block of Markdown": (f"````markdown\n# Twice\n{block(F)}````", True),
    "in a block of Markdown with the same fence": (f"```markdown\n# Twice\n{block(F)}```", True),
    "corrected": (f"{block(BAD)}No, that is wrong:\n\n{block(F)}", True),
    "made worse": (f"{block(F)}No, that is wrong:\n\n{block(BAD)}", False),
    "its use behind it": (f"{block(F)}Output:\n\n{block('4' + chr(10), info='')}", True),
    "how to install it before": (f"{block('pip install x' + chr(10), info='bash')}{block(F)}", True),
    "imports in a block of their own": (
        f"{block('from operator import mul' + chr(10))}{block('def f(n):' + chr(10) + '    return mul(2, n)')}", True,
    ),
    "a helper in a block of its own": (
        f"{block('def two(): return 2' + chr(10))}Then:\n{block('def f(n): return two() * n' + chr(10))}", True,
    ),
    "prose around code without a fence": (f"Here is the function.\n\n{F}\nIt doubles n.", True),
    "the body alone": (block("    return 2 * n\n"), True),
    "the body alone, wrong": (block("    return n\n"), False),
    "another name": (block(F.replace("def f", "def g")), False),
    "words": ("I cannot write that.", False),
    "set off by its indentation": (f"Here:\n\n{indented(F)}\nIt doubles.", True),
    "behind a mark of the order of bytes": ("\ufeff" + F, True),
    "indented by tabs": (block(F.replace("    ", "\t")), True),
    # noonghunna/benchlocal-cli#120: a fence at the end that nothing opened is no opening one
    "prose, code and a last fence alone": (f"It doubles.\n\n{F}```", True),
    "code, prose and a last fence alone": (f"{F}\nIt doubles its number.\n```\n", True),
    # evalplus/evalplus#54: what models for completion write behind the function
    "another program behind it": (f"{F}\n# Another one\ndef g(n):\n    return f(\n", True),
    "its tests in words behind it": (f"{F}\n<|endoftext|>assert f(2) == 5", True),
    "several answers of one model": (f"{F}\n\n{F}\n\nprint(input())", True),
}  # fmt: skip
BESIDE = {
    "a demonstration": ("print(f(2))", True),
    "a self-test that is wrong": ("assert f(2) == 5", True),
    "a question to the user": ("print(f(int(input('n? '))))", True),
    "an end": ("import sys\nprint(f(3))\nsys.exit(1)", True),
    "an endless loop": ("while True:\n    f(1)", True),
    "a main block": ("if __name__ == '__main__':\n    print(f(int(input())))", True),
    "a main function that is called": ("def main():\n    print(f(int(input())))\n\nmain()", True),
    "an exception": ("raise SystemExit(f(2))", True),
    "a library for drawing": ("import matplotlib_of_nobody.pyplot as plt\nplt.plot([f(1), f(2)])", True),
    "tests of a framework": ("import unittest\n\nclass T(unittest.TestCase):\n    pass\n\nunittest.main()", True),
    "several in a line": ("n = 5; print(f(n)); quit()", True),
    "a demonstration that is caught": ("try:\n    print(f(int(input())))\nfinally:\n    quit()", True),
    "a table of examples that stops": ("for n, want in [(1, 3)]:\n    if f(n) != want:\n        quit()", True),
    "a value that nobody needs": ("result = f(int(input()))", True),
}
NEEDED = {
    "a constant": ("K = 2\ndef f(n): return K * n", True),
    "a constant that is computed": ("def k(): return 2\nK = k()\ndef f(n): return K * n", True),
    "a table that a loop fills": ("T = {}\nfor i in range(9): T[i] = 2 * i\ndef f(n): return T[n]\nquit()", True),
    "a list that a loop fills": ("T = []\nfor i in range(9):\n    T.append(2 * i)\ndef f(n): return T[n]", True),
    "a table that a function fills": (
        "T = []\ndef fill():\n    for i in range(9): T.append(2 * i)\nfill()\ndef f(n): return T[n]\nquit()", True,
    ),
    "a table that a function fills by its name": (
        "K = 0\ndef start():\n    global K\n    K = 2\nstart()\ndef f(n): return K * n\nassert f(2) == 5", True,
    ),
    "a table that is handed over": (
        "def fill(t): t.extend([2])\nT = []\nfill(T)\ndef f(n): return T[0] * n\nprint(input())", True,
    ),
    "a memory that its demonstration uses": (
        "M = {}\ndef f(n):\n    if n not in M: M[n] = 2 * n\n    return M[n]\nprint(f(int(input())))", True,
    ),
    "an import that may fail": (
        "try:\n    import nobodys as a\nexcept ImportError:\n    a = 2\ndef f(n): return a * n", True,
    ),
    "an import for types alone": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from nobodys import A\ndef f(n: 'A'): return 2 * n",
        True,
    ),
    "a depth of recursion": (
        "import sys\nsys.setrecursionlimit(5000)\ndef f(n): return 2 + f(n - 1) if n else 0\nsys.exit()", True,
    ),
    "a decorator": ("from functools import lru_cache\n@lru_cache(maxsize=None)\ndef f(n): return 2 * n\nquit()", True),
    "a decorator of its own": ("def d(g):\n    return lambda n: 2 * g(n)\n@d\ndef f(n): return n\ninput()", True),
    "a name given later": ("def double(n): return 2 * n\nf = double\nquit()", True),
    "a method that is put on later": (
        "class A:\n    pass\ndef twice(self, n): return 2 * n\nA.twice = twice\ndef f(n): return A().twice(n)\nquit()",
        True,
    ),
    "an attribute of its own": ("def f(n): return f.k * n\nf.k = 2\nquit()", True),
    "everything of a module": ("from math import *\ndef f(n): return floor(2 * n)\nquit()", True),
    "a second definition": ("def f(n): return n\ndef f(n): return 2 * n\nquit()", True),
    "a definition in a condition": ("import os\nif os.name:\n    def f(n): return 2 * n\nquit()", True),
    "what the future brings": ("from __future__ import annotations\ndef f(n: Nobody): return 2 * n\nquit()", True),
    "a class that is inherited": (
        "class A:\n    k = 2\nclass B(A):\n    pass\ndef f(n): return B.k * n\nassert False", True,
    ),
    "a value that is not there": ("def f(n): return K * n", False),
    "a value from the user": ("K = int(input())\ndef f(n): return K * n", False),
}  # fmt: skip
ROWS = {
    **FENCED,
    **{f"below it: {name}": (block(f"{F}\n{tail}\n"), right) for name, (tail, right) in BESIDE.items()},
    **{f"below a wrong one: {name}": (block(f"{BAD}\n{tail}\n"), False) for name, (tail, _) in BESIDE.items()},
    **{f"needed: {name}": (block(f"{code}\n"), right) for name, (code, right) in NEEDED.items()},
}


def passes(reply, prompt, *, whole_file=False):
    """Whether the first reading that compiles doubles: what the sandbox does, without one."""
    for sources in readings(extract_code(reply, "f"), prompt, "f", whole_file=whole_file):
        try:
            codes = [compile(source, "code", "exec", dont_inherit=True) for source in sources]
        except SyntaxError:
            continue
        space: dict[str, object] = {"__name__": "solution"}
        try:
            for code in codes:
                exec(code, space)
            return [space["f"](n) for n in (0, 3)] == [0, 6]
        except (Exception, SystemExit):  # noqa: BLE001 - whatever the code raises, it has failed
            return False
    return False


@pytest.mark.parametrize(("reply", "right"), ROWS.values(), ids=ROWS)
def test_the_function_is_judged_however_it_is_written_down(reply, right, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", None)
    assert passes(reply, PROMPT) is right


def test_what_is_written_below_decides_only_where_the_whole_file_is_judged(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", None)
    for name in ("a self-test that is wrong", "a question to the user", "an end", "an exception"):
        reply = block(f"{F}\n{BESIDE[name][0]}\n")
        assert (passes(reply, PROMPT), passes(reply, PROMPT, whole_file=True)) == (True, False), name
    assert passes(block(F), PROMPT, whole_file=True)


def test_a_completion_is_judged_without_what_follows_it(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", None)
    for tail in ("print(f(int(input())))", "assert f(2) == 5", "quit()"):
        assert passes(f"    return 2 * n\n\n{tail}\n", PROMPT), tail


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("```py x=1\na\n```", [("py", "a\n", 0, 3, True)]),
        ("a\n~~~~\nb\n~~~\n~~~~ \n", [("", "b\n~~~\n", 1, 5, True)]),
        ("```\na\n    ```\n``` b\n```", [("", "a\n    ```\n``` b\n", 0, 5, True)]),
        ("```\na", [("", "a", 0, 2, False)]),
        ("1. x\n   ```json\n   {}\n   ```\n", [("json", "{}\n", 1, 4, True)]),
        ("> ```\n> a\n> ```", [("", "a\n", 0, 3, True)]),
        ("    ```\n    a\n    ```", []),
        ("`a` and ``` b ``` c", []),
    ],
)
def test_blocks_are_commonmarks(text, found):
    blocks = fenced_blocks(text)
    assert [(one.language, one.text, one.start, one.end, one.closed) for one in blocks] == found
