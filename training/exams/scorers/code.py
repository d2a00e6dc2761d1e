"""Finding the code in a reply: the whole of what was asked for, or what completes the prompt."""

import ast
import re
import textwrap

from ioa.memory.spoken_text import own_turn

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
"""A block of code; the last one may have been cut off."""
PYTHON = {"python", "python3", "py"}
MARKER = re.compile(r"^[ \t*#]*answer[ \t]*:[ \t*]*", re.IGNORECASE | re.MULTILINE)
INDENT = "    "
BEGINS = re.compile(r"(?:(?:async +)?def|class|import|from) +\w+.*|@\w")
PROSE = re.compile(
    r"(?!(?:assert|async|class|def|del|elif|except|for|from|global|if|import|raise|while|with)\b)[A-Za-z]\w*'?\w* +\w"
)
"""Two words in a row that no statement begins with, at the margin."""


def extract_code(reply: str, entry_point: str = "") -> str:
    """The code in a reply.

    The last block that defines what was asked for; else what stands in front of the first fence, where that does: a
    model that goes on from a prompt of code closes a block that it never opened. Else the last block of Python; else
    the last block. Without a block, what stands behind the last "Answer:", over all lines; without that, the whole
    reply.
    """
    text = own_turn(reply.replace("\r\n", "\n"))
    blocks = [(language.lower(), code) for _, language, code in FENCE.findall(text)]
    defining = [code for _, code in blocks if defines(code, entry_point)]
    before = _unmarked(FENCE.split(text, maxsplit=1)[0])
    if blocks and not defining and defines(before, entry_point):
        return before
    python = [code for language, code in blocks if language in PYTHON]
    for candidates in (defining, python, [code for _, code in blocks]):
        if candidates:
            return textwrap.dedent(candidates[-1]).rstrip() if defines(candidates[-1], entry_point) else (
                candidates[-1].rstrip()
            )  # fmt: skip
    return _unmarked(text)


def _unmarked(text: str) -> str:
    markers = list(MARKER.finditer(text))
    return (text[markers[-1].end() :] if markers else text).strip("\n").rstrip()


def defines(code: str, name: str) -> bool:
    """Whether a function, a class or a value of this name is defined, by the look of it."""
    pattern = (
        rf"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+{re.escape(name)}\b|^{re.escape(name)}[ \t]*(?::[^=\n]+)?=(?!=)"
    )
    return bool(name) and re.search(pattern, code, re.MULTILINE) is not None


def readings(code: str, prompt: str, entry_point: str) -> list[list[str]]:
    """What the code may mean, likeliest first: each a list of sources to execute one after the other.

    Code that defines what was asked for stands for itself, behind the prompt's imports and helper functions; where
    that cannot be read, without what a model added to it. Other code completes the prompt: as it stands, or indented as
    a function's body is, or up to where the body ends.
    """
    if not prompt.strip() or defines(code, entry_point):
        forms = list(dict.fromkeys([code, definitions(code)]))
        heads: list[list[str]] = [[prompt], [f"{prompt}\n{INDENT}pass\n"], []] if prompt.strip() else [[]]
        return [[*head, form] for form in forms for head in heads]
    bodies = [code, INDENT + code, textwrap.indent(textwrap.dedent(code), INDENT)]
    bodies += [_body(body) for body in bodies]
    glue = "" if prompt.endswith("\n") else "\n"
    return [[f"{prompt}{glue}{body}\n"] for body in bodies if body.strip()]


def definitions(code: str) -> str:
    """What code defines and imports: without calls and checks at its end, and without what was cut off there.

    EvalPlus (Liu et al. 2023) cleans replies so, too. The code itself where there is nothing else in it, or no
    beginning of it can be read.
    """
    lines = code.splitlines()
    start = next((number for number, line in enumerate(lines) if BEGINS.match(line)), 0)
    end = len(lines)
    for _ in range(MOST_CUTS):
        try:
            body = ast.parse("\n".join(lines[start:end])).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            fault = getattr(error, "lineno", None) or end - start
            end = min(end - 1, start + fault - 1)
            if end <= start:
                break
            continue
        kept = [statement for statement in body if isinstance(statement, _DEFINING)]
        whole = not kept or ((start, end) == (0, len(lines)) and kept == body)
        return code if whole else "\n".join(ast.unparse(statement) for statement in kept)
    return code


MOST_CUTS = 10
"""Times that lines are taken off the end: each is a reading of all the rest."""
_DEFINING = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
)


def _body(code: str) -> str:
    """The first lines that are indented, or empty."""
    lines = code.splitlines()
    end = next((number for number, line in enumerate(lines) if line.strip() and not line[0].isspace()), len(lines))
    return "\n".join(lines[:end])
