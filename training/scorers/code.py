"""Finding the code in a reply: the whole of what was asked for, or what completes the prompt."""

import re
import textwrap

from ioa.training.scorers.stated import own_turn

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

    The last block that defines what was asked for; else the last block of Python; else the last block. Without a
    block, what stands behind the last "Answer:", over all lines; without that, the whole reply.
    """
    text = own_turn(reply.replace("\r\n", "\n"))
    blocks = [(language.lower(), code) for _, language, code in FENCE.findall(text)]
    defining = [code for _, code in blocks if defines(code, entry_point)]
    python = [code for language, code in blocks if language in PYTHON]
    for candidates in (defining, python, [code for _, code in blocks]):
        if candidates:
            return textwrap.dedent(candidates[-1]).rstrip() if defines(candidates[-1], entry_point) else (
                candidates[-1].rstrip()
            )  # fmt: skip
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

    Code that defines what was asked for stands for itself, behind the prompt's imports and helper functions. Other
    code completes the prompt: as it stands, or indented as a function's body is, or up to where the body ends.
    """
    if not prompt.strip() or defines(code, entry_point):
        found = [[prompt, code], [f"{prompt}\n{INDENT}pass\n", code], [code]] if prompt.strip() else [[code]]
        without = _without_prose(code)
        return [*found, [*found[0][:-1], without], [without]] if without not in {"", code} else found
    bodies = [code, INDENT + code, textwrap.indent(textwrap.dedent(code), INDENT)]
    bodies += [_body(body) for body in bodies]
    glue = "" if prompt.endswith("\n") else "\n"
    return [[f"{prompt}{glue}{body}\n"] for body in bodies if body.strip()]


def _without_prose(code: str) -> str:
    """From the first line that begins a definition or an import to the first sentence after it."""
    lines = code.splitlines()
    start = next((number for number, line in enumerate(lines) if BEGINS.match(line)), len(lines))
    end = next((number for number in range(start, len(lines)) if PROSE.match(lines[number])), len(lines))
    return "\n".join(lines[start:end])


def _body(code: str) -> str:
    """The first lines that are indented, or empty."""
    lines = code.splitlines()
    end = next((number for number, line in enumerate(lines) if line.strip() and not line[0].isspace()), len(lines))
    return "\n".join(lines[:end])
